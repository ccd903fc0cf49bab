"""What a bulk action is made of: the rows chosen, and what each of them would have put to the vote."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from fundapp.allocation.actions import propose_award
from fundapp.allocation.queries import PoolRow, list_pools
from fundapp.committee.actions import Bulk, BulkLine, Terms, What, carry_out
from fundapp.committee.queries import DocketFilter, DocketRow, docket
from fundapp.committee.rules import GpuLine
from fundapp.core.access import Viewer
from fundapp.core.sessions import Database
from fundapp.intake.queries import CallRow
from fundapp.web.committee.board import Asked
from fundapp.web.shell.clock import now


class _RehearsedError(Exception):
    """Carries the result of a bulk action that must not stay."""

    def __init__(self, lines: list[BulkLine]) -> None:
        self.lines = lines
        super().__init__("rehearsed")


def chosen_rows(session: Session, viewer: Viewer, call: CallRow, sent: MultiDict[str, str]) -> list[DocketRow]:
    """Return the rows ticked or, with `all`, every row that the filters leave; none where nothing was chosen."""
    if sent.get("all") == "1":
        return docket(session, viewer, call.code, filters=Asked.of(sent).filters)
    numbers = tuple(sent.getlist("number"))
    return docket(session, viewer, call.code, filters=DocketFilter(numbers=numbers)) if numbers else []


def to_bulk(
    session: Session,
    viewer: Viewer,
    rows: Sequence[DocketRow],
    what: What,
    *,
    person_id: uuid.UUID | None,
    meeting_id: uuid.UUID | None,
) -> Bulk:
    """Return the action on these rows; what is proposed is what was asked for, from the pools with most left."""
    terms = _terms(list_pools(session, viewer), rows) if what == "propose" else {}
    ids = tuple(row.application_id for row in rows)
    return Bulk(what, ids, person_id=person_id, meeting_id=meeting_id, terms=terms)


def _terms(pools: Sequence[PoolRow], rows: Sequence[DocketRow]) -> Mapping[uuid.UUID, Terms]:
    best: dict[tuple[str, str], PoolRow] = {}
    for pool in pools:
        place = (pool.sku.upper(), pool.quarter)
        if place not in best or pool.free > best[place].free:
            best[place] = pool
    return {row.application_id: Terms(row.requested_krw, _gpu_lines(best, row)) for row in rows}


def _gpu_lines(best: Mapping[tuple[str, str], PoolRow], row: DocketRow) -> tuple[GpuLine, ...] | None:
    lines = []
    for request in row.gpu:
        pool = best.get((request.sku.upper(), request.quarter))
        if pool is None:
            return None
        lines.append(
            GpuLine(
                pool_id=str(pool.pool_id),
                account=pool.account,
                sku=pool.sku,
                region=pool.region,
                quarter=pool.quarter,
                hours_e4=request.hours.minor,
                rate_krw=pool.rate_krw,
            )
        )
    return tuple(lines)


def put_through(session: Session, bulk: Bulk, *, key: str, actor: Viewer) -> list[BulkLine]:
    """Carry the action out; what it proposes is held for the vote like any proposal."""
    return carry_out(session, bulk=bulk, proposer=propose_award, key=key, actor=actor, at=now())


def rehearse(database: Database, bulk: Bulk, *, key: str, actor: Viewer) -> list[BulkLine]:
    """Carry the action out and take it back, so that the preview is the very result."""

    def work(session: Session) -> list[BulkLine]:
        raise _RehearsedError(put_through(session, bulk, key=key, actor=actor))

    try:
        return database.transaction(work)
    except _RehearsedError as rehearsed:
        return rehearsed.lines
