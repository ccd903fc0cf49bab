"""Instances, awards and settings as JSON, and back: what was kept is read as exactly what it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from fundapp.allocation.rules.instance import (
    Applicant,
    Capacity,
    Commitment,
    GpuRequest,
    Instance,
    Pin,
    Quota,
    Terms,
)
from fundapp.allocation.rules.plan import PlannedAward


def read_instance(document: Mapping[str, Any]) -> Instance:
    """Read an instance from its canonical JSON; further keys are ignored.

    Raises:
        KeyError, TypeError, ValueError: if it is none.
    """
    return Instance(
        tuple(_applicant(row) for row in document["applicants"]),
        tuple(Capacity(**row) for row in document["capacities"]),
        read_terms(document["terms"]),
        tuple(Commitment(**row) for row in document.get("commitments", ())),
    )


def _applicant(row: Mapping[str, Any]) -> Applicant:
    lists = {
        "tickets": tuple(row["tickets"]),
        "requests": tuple(GpuRequest(**request) for request in row["requests"]),
        "tags": tuple(row.get("tags", ())),
    }
    return Applicant(**{**row, **lists})


def read_terms(document: Mapping[str, Any]) -> Terms:
    """Read terms from JSON; what a plan of an earlier day does not say is as it was by default."""
    return Terms(**typed_terms(document))


def typed_terms(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give fields of `Terms` that come from JSON the types they have there."""
    found = dict(document)
    for name in ("must_award", "must_not_award"):
        if name in found:
            found[name] = tuple(found[name])
    if "pins" in found:
        found["pins"] = tuple(Pin(**pin) for pin in found["pins"])
    if "quotas" in found:
        found["quotas"] = tuple(Quota(**quota) for quota in found["quotas"])
    return found


def read_awards(rows: Iterable[Mapping[str, Any]]) -> tuple[PlannedAward, ...]:
    """Read awards from JSON."""
    return tuple(PlannedAward(row["code"], row["krw"], row["gpu_hours"]) for row in rows)


def write_awards(awards: Iterable[PlannedAward]) -> list[dict[str, Any]]:
    """Write awards as JSON."""
    return [asdict(award) for award in awards]
