"""Secret votes: sealed to their ballot until it closes, counted then, and never linked to a person afterwards.

The scheme and its limits are `docs/decisions/0026-secret-votes-are-sealed-to-their-ballot.md`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from fundapp.core.errors import FundError
from fundapp.core.sealing import Seal, UnsealError

_PURPOSE = "fund: votes of a secret ballot, v1"


class SealedVotesError(FundError):
    """The sealed votes of a ballot cannot be opened: the instance's secret changed, or somebody changed the votes."""

    code = "sealed_votes"
    ko = "비밀 투표함을 열 수 없습니다. 표를 받을 때의 FUND_SECRET_KEY가 필요합니다."
    en = "The secret votes cannot be opened: the FUND_SECRET_KEY under which they were cast is needed."


def add_sealed(votes: Sequence[str], vote: str) -> list[str]:
    """Return the sealed votes with one more, in the order of their bytes, which for ciphertexts is none."""
    return sorted([*votes, vote])


def seal_vote(secret: str | None, salt: str | None, ballot_id: uuid.UUID, person_id: uuid.UUID, choice: str) -> str:
    """Seal who votes and how; the person stands inside, so that a later recusal can still be taken out of the count.

    Raises:
        SealedVotesError: without the instance's secret.
    """
    words: dict[str, Any] = {"b": ballot_id.hex[-12:], "p": person_id.hex, "c": choice}
    return _seal(secret, salt).close(json.dumps(words, separators=(",", ":")).encode()).hex()


def open_votes(
    secret: str | None, salt: str | None, ballot_id: uuid.UUID, votes: Sequence[str]
) -> dict[uuid.UUID, str]:
    """Return choice by person, inside the transaction that closes the ballot and nowhere else.

    Raises:
        SealedVotesError: if a vote was sealed under another secret, for another ballot, or twice for one person.
    """
    if not votes:
        return {}
    seal, found = _seal(secret, salt), dict[uuid.UUID, str]()
    for vote in votes:
        try:
            words = json.loads(seal.open(bytes.fromhex(vote)))
        except UnsealError as error:
            raise SealedVotesError from error
        person = uuid.UUID(hex=words["p"])
        if words["b"] != ballot_id.hex[-12:] or person in found:
            raise SealedVotesError
        found[person] = words["c"]
    return found


def _seal(secret: str | None, salt: str | None) -> Seal:
    if secret is None or salt is None:
        raise SealedVotesError
    return Seal.of(secret, salt=bytes.fromhex(salt), purpose=_PURPOSE)
