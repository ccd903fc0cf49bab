"""The fund's own lines on machine sizes, on top of the built-in table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError
from fundapp.portfolio.gpu_sizes import BUILT_IN, GpuSize, GpuSizes, SizeLine, normalise_size
from fundapp.portfolio.tables import GpuSizeLine

_MOST_GPUS = 64


@dataclass(frozen=True, slots=True)
class SizeRow:
    """A line of the table of sizes; `own` when the fund recorded it."""

    name: str
    valid_from: date
    sku: str
    gpus: str
    memory_gb: int
    source: str
    own: bool
    recorded_by: str = ""


def load_sizes(session: Session) -> GpuSizes:
    """Return the table of sizes: built in, and the fund's own lines in the order they were recorded."""
    rows = session.scalars(select(GpuSizeLine).order_by(GpuSizeLine.recorded_at, GpuSizeLine.version))
    return GpuSizes(_line(row) for row in rows)


def _line(row: GpuSizeLine) -> SizeLine:
    gpus = Fraction(row.gpus_numerator, row.gpus_denominator)
    return SizeLine(row.name, row.valid_from, GpuSize(row.sku, gpus, row.memory_gb), row.source)


def list_sizes(session: Session, viewer: Viewer) -> list[SizeRow]:
    """Return every line, the fund's own first and newest first."""
    require(viewer, Verb.VIEW, Thing(Kind.USAGE))
    own = session.scalars(select(GpuSizeLine).order_by(GpuSizeLine.recorded_at.desc(), GpuSizeLine.name))
    rows = [_shown(_line(row), own=True, recorded_by=row.recorded_by) for row in own]
    return rows + [_shown(line, own=False) for line in BUILT_IN]


def _shown(line: SizeLine, *, own: bool, recorded_by: str = "") -> SizeRow:
    size = line.size
    return SizeRow(line.name, line.valid_from, size.sku, str(size.gpus), size.memory_gb, line.source, own, recorded_by)


def add_size(
    session: Session,
    *,
    name: str,
    valid_from: date,
    sku: str,
    gpus: str,
    memory_gb: int,
    source: str,
    actor: Viewer,
    at: datetime,
) -> None:
    """Record what a machine size stands for from a day on; the same line twice is recorded once.

    Args:
        session: A writing session.
        name: Size as Azure spells it, with or without `Standard_`.
        valid_from: First UTC day of use that it applies to.
        sku: GPU model.
        gpus: Cards, a whole number or a fraction such as `1/6`.
        memory_gb: Memory of one whole card.
        source: Where it is written.
        actor: Staff.
        at: Now.

    Raises:
        InvalidInputError: if the count is no positive fraction, or the name is empty.
    """
    require(actor, Verb.EDIT, Thing(Kind.USAGE))
    spelled = normalise_size(name)
    if not spelled:
        raise InvalidInputError(field="name", reason_ko="크기 이름이 필요합니다", reason_en="the size needs a name")
    count = _count(gpus)
    newest = _newest(session, spelled, valid_from)
    figures = (sku.strip().upper(), count.numerator, count.denominator, memory_gb)
    if newest is not None and (newest.sku, newest.gpus_numerator, newest.gpus_denominator, newest.memory_gb) == figures:
        return
    session.add(
        GpuSizeLine(
            name=spelled,
            valid_from=valid_from,
            version=1 if newest is None else newest.version + 1,
            sku=figures[0],
            gpus_numerator=figures[1],
            gpus_denominator=figures[2],
            memory_gb=memory_gb,
            source=source.strip(),
            recorded_by=actor.name or actor.email,
            recorded_at=at,
        )
    )
    session.flush()
    details = {"valid_from": str(valid_from), "sku": figures[0], "gpus": str(count), "memory_gb": memory_gb}
    verb = "usage.size_recorded"
    record_event(session, actor=actor, verb=verb, subject_kind="usage", subject=spelled, at=at, details=details)


def _newest(session: Session, name: str, valid_from: date) -> GpuSizeLine | None:
    return session.scalars(
        select(GpuSizeLine)
        .where(GpuSizeLine.name == name, GpuSizeLine.valid_from == valid_from)
        .order_by(GpuSizeLine.version.desc())
        .limit(1)
    ).one_or_none()


def _count(text: str) -> Fraction:
    try:
        count = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        count = Fraction(0)
    if not 0 < count <= _MOST_GPUS or count.denominator > _MOST_GPUS:
        raise InvalidInputError(
            field="gpus", reason_ko="GPU 수는 4 또는 1/6처럼 적어 주세요", reason_en="write the GPU count as 4 or 1/6"
        )
    return count
