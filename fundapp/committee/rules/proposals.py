"""What is put to the vote: cash, GPU time by pool, and conditions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast

from fundapp.committee.rules.conditions import SCOPES, SIDES, Scope, Side
from fundapp.core.errors import InvalidInputError
from fundapp.core.quarters import Quarter

Release = Literal["at_once", "half"]

RELEASES: tuple[Release, ...] = ("at_once", "half")


@dataclass(frozen=True, slots=True)
class GpuLine:
    """GPU time put to the vote, from one pool.

    Attributes:
        pool_id: The pool.
        account: Its account in the ledger.
        hours_e4: Ten-thousandths of a GPU-hour.
        rate_krw: Imputed value of one hour in whole won.
        release: `at_once` on signing, or `half` then and the rest after a progress report.
    """

    pool_id: str
    account: str
    sku: str
    region: str
    quarter: str
    hours_e4: int
    rate_krw: int
    release: Release = "at_once"

    def __post_init__(self) -> None:
        Quarter.parse(self.quarter)
        if self.release not in RELEASES:
            raise InvalidInputError(
                field="gpu_release",
                reason_ko="at_once 또는 half로 적어 주세요",
                reason_en="must be at_once or half",
            )
        if self.hours_e4 <= 0 or self.rate_krw <= 0:
            raise InvalidInputError(
                field="gpu",
                reason_ko="GPU시간과 단가는 0보다 커야 합니다",
                reason_en="hours and rate must be positive",
            )

    @property
    def value_e4(self) -> int:
        """Imputed value in ten-thousandths of a won, exact."""
        return self.hours_e4 * self.rate_krw

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "pool_id": self.pool_id,
            "account": self.account,
            "sku": self.sku,
            "region": self.region,
            "quarter": self.quarter,
            "hours_e4": self.hours_e4,
            "rate_krw": self.rate_krw,
            "release": self.release,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> GpuLine:
        """Read what `as_document` wrote; lines of before releases were asked for are released at once."""
        return cls(**document)


def default_release(document: Mapping[str, Any]) -> Release:
    """Return how a call releases GPU time unless a proposal says otherwise: its `gpu_release`, else at once.

    Raises:
        InvalidInputError: if the call says anything else.
    """
    release = document.get("gpu_release", "at_once")
    if release not in RELEASES:
        raise InvalidInputError(
            field="gpu_release", reason_ko="at_once 또는 half로 적어 주세요", reason_en="must be at_once or half"
        )
    return cast("Release", release)


@dataclass(frozen=True, slots=True)
class ProposedCondition:
    """A condition put to the vote with the award; what its scope names waits for it.

    Attributes:
        scope: What it keeps back: `cash`, `gpu`, or `both` and with them the agreement.
        owner_side: Who owes the evidence: the `company`, or somebody of the `fund`.
        owner_id: Which person; of the company everybody, where nobody is named.
    """

    text: str
    due_on: date | None = None
    scope: Scope = "both"
    owner_side: Side = "company"
    owner_id: uuid.UUID | None = None

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise InvalidInputError(field="conditions", reason_ko="조건을 적어 주세요", reason_en="say what it is")
        if self.scope not in SCOPES:
            raise InvalidInputError(
                field="scope", reason_ko="cash, gpu, both 가운데 하나여야 합니다", reason_en="cash, gpu or both"
            )
        if self.owner_side not in SIDES or (self.owner_side == "fund" and self.owner_id is None):
            raise InvalidInputError(field="owner", reason_ko="담당자를 정해 주세요", reason_en="say who owes it")

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "text": self.text,
            "due_on": self.due_on.isoformat() if self.due_on else None,
            "scope": self.scope,
            "owner_side": self.owner_side,
            "owner_id": str(self.owner_id) if self.owner_id else None,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> ProposedCondition:
        """Read what `as_document` wrote; older documents keep both back and are the company's."""
        due, owner = document["due_on"], document.get("owner_id")
        return cls(
            document["text"],
            date.fromisoformat(due) if due else None,
            document.get("scope", "both"),
            document.get("owner_side", "company"),
            uuid.UUID(owner) if owner else None,
        )
