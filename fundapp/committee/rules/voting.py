"""Votes, their count with its arithmetic, and what follows from it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fundapp.core.errors import TransitionRefusedError

Choice = Literal["yes", "no", "abstain"]

Outcome = Literal["carried", "rejected", "deferred"]

CHOICES: tuple[Choice, ...] = ("yes", "no", "abstain")

VERB_OF_OUTCOME: dict[str, str] = {"carried": "approve", "rejected": "reject", "deferred": "defer"}


class BallotClosedError(TransitionRefusedError):
    """Somebody else closed the ballot first."""

    code = "ballot_closed"
    ko = "이미 개표한 안건입니다."
    en = "This ballot has been closed already."


class AlreadyVotedError(TransitionRefusedError):
    """A vote is final."""

    code = "already_voted"
    ko = "이미 투표했습니다. 표는 바꿀 수 없습니다."
    en = "You have voted already; a vote is final."


@dataclass(frozen=True, slots=True)
class Tally:
    """A count of votes with its arithmetic.

    Attributes:
        members: Seats in office (재적).
        recused: Of these, taken out by any of the three routes (제척·기피·회피).
        entitled: Members who may vote (의결권).
        present: Entitled members who voted, abstentions included (출석).
        quorum_needed: More than half of the entitled.
    """

    members: int
    recused: int
    entitled: int
    present: int
    quorum_needed: int
    yes: int
    no: int
    abstain: int

    @property
    def quorum_met(self) -> bool:
        """Whether enough entitled members voted."""
        return self.present >= self.quorum_needed

    @property
    def outcome(self) -> Outcome:
        """Carried by more than half of those present; without a quorum there is no resolution."""
        if not self.quorum_met:
            return "deferred"
        return "carried" if 2 * self.yes > self.present else "rejected"

    def arithmetic(self, locale: str = "ko") -> str:
        """Return the arithmetic in words, for the minutes."""
        if locale.startswith("en"):
            head = (
                f"members {self.members}, recused {self.recused}, entitled {self.entitled}, "
                f"present {self.present}, quorum {self.quorum_needed}"
            )
            votes = f"yes {self.yes}, no {self.no}" + (f", abstain {self.abstain}" if self.abstain else "")
            met, unmet, words = "met", "not met", {"carried": "carried", "rejected": "rejected"}
            late = "deferred"
        else:
            head = (
                f"재적 {self.members}, 제척·회피 {self.recused}, 의결권 {self.entitled}, "
                f"출석 {self.present}, 정족수 {self.quorum_needed}"
            )
            votes = f"찬성 {self.yes}, 반대 {self.no}" + (f", 기권 {self.abstain}" if self.abstain else "")
            met, unmet, words = "성립", "불성립", {"carried": "가결", "rejected": "부결"}
            late = "보류"
        if not self.quorum_met:
            return f"{head} → {unmet}; {late}"
        return f"{head} → {met}; {votes} → {words[self.outcome]}"

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON, with the arithmetic in both languages."""
        return {
            "members": self.members,
            "recused": self.recused,
            "entitled": self.entitled,
            "present": self.present,
            "quorum_needed": self.quorum_needed,
            "quorum_met": self.quorum_met,
            "yes": self.yes,
            "no": self.no,
            "abstain": self.abstain,
            "outcome": self.outcome,
            "arithmetic_ko": self.arithmetic("ko"),
            "arithmetic_en": self.arithmetic("en"),
        }


def tally(members: Collection[uuid.UUID], recused: Collection[uuid.UUID], votes: Mapping[uuid.UUID, str]) -> Tally:
    """Count. A vote of somebody who is recused by now, or holds no seat any more, is left out.

    Args:
        members: Everybody in office.
        recused: Whoever is recused from the application, in office or not.
        votes: Choice by person.
    """
    seats = set(members)
    entitled = seats.difference(recused)
    counted = [choice for person, choice in votes.items() if person in entitled]
    return Tally(
        members=len(seats),
        recused=len(seats) - len(entitled),
        entitled=len(entitled),
        present=len(counted),
        quorum_needed=len(entitled) // 2 + 1,
        yes=counted.count("yes"),
        no=counted.count("no"),
        abstain=counted.count("abstain"),
    )
