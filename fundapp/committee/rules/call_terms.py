"""What the file of a call says about conflicts and assignment: the sections `[conflicts]` and `[assignment]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fundapp.committee.rules.grounds import ConflictTerms
from fundapp.core.errors import InvalidInputError

_MOST_REVIEWS, _MOST_LOAD, _MOST_LEAD, _MOST_YEARS, _MOST_DAYS = 20, 10_000, 1000, 20, 60


@dataclass(frozen=True, slots=True)
class AssignmentTerms:
    """What a call says about assignment.

    Attributes:
        reviews: Reviewers that each application gets.
        load_cap: Most applications that one member may hold in this call.
        expert_lead: A field that fits is worth this many reviews: an expert is preferred until they hold so many
            more than somebody who does not know the field.
        remind_every_days: How often the clock reminds those whose reviews wait; 0 for never.
        caps: Other caps than `load_cap`, by member's address.
    """

    reviews: int = 3
    load_cap: int = 40
    expert_lead: int = 5
    remind_every_days: int = 3
    caps: Mapping[str, int] = field(default_factory=dict)


def read_conflict_terms(document: Mapping[str, Any]) -> ConflictTerms:
    """Read `[conflicts]` of a call's document; what it leaves out is as `ConflictTerms` has it.

    Raises:
        InvalidInputError: naming the key that cannot be used.
    """
    raw = _section(document, "conflicts", {"employment_years", "least_share_bp", "challenges", "meeting_pledge"})
    return ConflictTerms(
        employment_years=_whole(raw, "conflicts", "employment_years", 2, 0, _MOST_YEARS),
        least_share_bp=_whole(raw, "conflicts", "least_share_bp", 1, 1, 10_000),
        challenges=_yes(raw, "conflicts", "challenges"),
        meeting_pledge=_yes(raw, "conflicts", "meeting_pledge"),
    )


def read_assignment_terms(document: Mapping[str, Any]) -> AssignmentTerms:
    """Read `[assignment]` of a call's document; what it leaves out is as `AssignmentTerms` has it.

    Raises:
        InvalidInputError: naming the key that cannot be used.
    """
    name = "assignment"
    raw = _section(document, name, {"reviews", "load_cap", "expert_lead", "remind_every_days", "caps"})
    caps = raw.get("caps", {})
    if not isinstance(caps, dict):
        raise _refuse(f"{name}.caps", "위원 주소와 건수의 표여야 합니다", "must be a table of addresses and numbers")
    return AssignmentTerms(
        reviews=_whole(raw, name, "reviews", 3, 1, _MOST_REVIEWS),
        load_cap=_whole(raw, name, "load_cap", 40, 1, _MOST_LOAD),
        expert_lead=_whole(raw, name, "expert_lead", 5, 0, _MOST_LEAD),
        remind_every_days=_whole(raw, name, "remind_every_days", 3, 0, _MOST_DAYS),
        caps={str(who).lower(): _whole(caps, f"{name}.caps", who, 0, 0, _MOST_LOAD) for who in caps},
    )


def require_committee_terms(document: Mapping[str, Any]) -> None:
    """Raise unless both sections can be used: asked before a call is opened.

    Raises:
        InvalidInputError: naming the key that cannot be used.
    """
    read_conflict_terms(document)
    read_assignment_terms(document)


def _section(document: Mapping[str, Any], name: str, known: set[str]) -> Mapping[str, Any]:
    raw = document.get(name, {})
    if not isinstance(raw, dict):
        raise _refuse(name, "표여야 합니다", "must be a table")
    for key in raw:
        if key not in known:
            raise _refuse(f"{name}.{key}", "없는 항목입니다", "there is no such key")
    return raw


def _whole(raw: Mapping[str, Any], section: str, key: str, default: int, least: int, most: int) -> int:
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _refuse(
            f"{section}.{key}", f"{least:,}에서 {most:,} 사이의 정수여야 합니다", f"must be whole, {least} to {most}"
        )
    return value


def _yes(raw: Mapping[str, Any], section: str, key: str) -> bool:
    value = raw.get(key, True)
    if not isinstance(value, bool):
        raise _refuse(f"{section}.{key}", "true 또는 false여야 합니다", "must be true or false")
    return value


def _refuse(field_name: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field=field_name, reason_ko=reason_ko, reason_en=reason_en)
