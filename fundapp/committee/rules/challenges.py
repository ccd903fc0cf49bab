"""Who votes on a challenge (기피), and what the vote comes to.

As in the Korean Civil Procedure Act, the one who is challenged takes no part in deciding it (제46조) and is kept out
of the case until it is decided (제48조); what is plainly out of order is set aside without a vote (제45조).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ChallengeCount:
    """A count of the votes on a challenge.

    Attributes:
        entitled: Members in office who are neither its target nor recused from the case.
        present: Of these, who voted, abstentions included.
        quorum_needed: More than half of the entitled.
    """

    entitled: int
    present: int
    quorum_needed: int
    yes: int
    no: int
    abstain: int

    @property
    def quorum_met(self) -> bool:
        """Whether enough members voted."""
        return self.entitled > 0 and self.present >= self.quorum_needed

    @property
    def upheld(self) -> bool:
        """Whether more than half of those present want the target out."""
        return self.quorum_met and 2 * self.yes > self.present

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "entitled": self.entitled,
            "present": self.present,
            "quorum_needed": self.quorum_needed,
            "yes": self.yes,
            "no": self.no,
            "abstain": self.abstain,
        }


def entitled_to_decide(
    seats: Collection[uuid.UUID], recused: Collection[uuid.UUID], target: uuid.UUID
) -> frozenset[uuid.UUID]:
    """Return who may vote on a challenge."""
    return frozenset(seats) - frozenset(recused) - {target}


def count_challenge(entitled: Collection[uuid.UUID], votes: Mapping[uuid.UUID, str]) -> ChallengeCount:
    """Count; a vote of somebody who may no longer vote is left out."""
    counted = [choice for person, choice in votes.items() if person in entitled]
    return ChallengeCount(
        entitled=len(entitled),
        present=len(counted),
        quorum_needed=len(entitled) // 2 + 1,
        yes=counted.count("yes"),
        no=counted.count("no"),
        abstain=counted.count("abstain"),
    )
