"""Going through the checklist of a quarter's close: what the ledger and every room's records still leave open."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.committee.tables import Condition
from fundapp.core.quarters import Quarter, kst_date
from fundapp.ledger.browsing import list_open_holds
from fundapp.ledger.queries import verify
from fundapp.ledger.tables import Book, Transfer
from fundapp.portfolio.queries.coverage import AccountCover, account_covers, months_of
from fundapp.portfolio.rules.marks import stands_still
from fundapp.portfolio.tables import (
    Award,
    CapitalCall,
    ChangeRequest,
    Grant,
    Tranche,
    UsageDay,
    Valuation,
    ValuationDraft,
)
from fundapp.reporting.close_rules import ITEMS, Line, Missing, Note
from fundapp.reporting.collecting import as_told_then, collect_rows
from fundapp.reporting.documents import from_document
from fundapp.reporting.rules import SIDES, status_of
from fundapp.reporting.tables import CloseNote, FrozenQuarter, ReportSignature
from reports import inputs_sha256

_HOUR = 10_000
_SIDE_WORDS = {"fund": ("펀드", "the fund"), "kt": ("KT", "KT"), "microsoft": ("Microsoft", "Microsoft")}


def close_lines(session: Session, quarter: Quarter, *, at: datetime) -> tuple[Line, ...]:
    """Return the checklist of a quarter with the notes that explain what it leaves open.

    Args:
        session: Any session.
        quarter: The quarter: days in Seoul for cash, UTC days for GPU time.
        at: Now.
    """
    checks: dict[str, Callable[[], Iterable[Missing]]] = {
        "over": lambda: _over(quarter, at),
        "earlier": lambda: _earlier(session, quarter),
        "suspense": lambda: _suspense(session, quarter),
        "usage": lambda: _usage(session, quarter),
        "tranches": lambda: _tranches(session, quarter),
        "calls": lambda: _calls(session, quarter),
        "marks": lambda: _marks(session, quarter),
        "holds": lambda: _holds(session, quarter),
        "changes": lambda: _changes(session, quarter),
        "conditions": lambda: _conditions(session, quarter),
        "ledger": lambda: _ledger(session),
        "report": lambda: _report(session, quarter),
    }
    notes: dict[tuple[str, str], list[Note]] = defaultdict(list)
    for row in session.scalars(select(CloseNote).where(CloseNote.quarter == str(quarter)).order_by(CloseNote.at)):
        notes[row.item, row.found].append(Note(row.note, row.noted_by, row.at.isoformat()))
    lines = (Line(key, tuple(checks[key]())) for key in ITEMS)
    return tuple(dataclasses.replace(line, notes=tuple(notes[line.key, line.found])) for line in lines)


def closed_through(session: Session) -> date | None:
    """Return the last day whose books are closed."""
    return session.scalar(select(Book.closed_through).where(Book.id == 1))


def first_quarter(session: Session) -> Quarter | None:
    """Return the quarter of the first transfer that took effect."""
    first = session.scalar(select(func.min(Transfer.effective_on)))
    return None if first is None else Quarter.of_date(first)


def _over(quarter: Quarter, at: datetime) -> Iterable[Missing]:
    if not quarter.is_over(at):
        day = quarter.last_day.isoformat()
        yield Missing(
            "quarter", str(quarter), f"분기가 {day} 24시(UTC)에 끝납니다", f"the quarter ends with {day} (UTC)"
        )


def _earlier(session: Session, quarter: Quarter) -> Iterable[Missing]:
    one, closed = first_quarter(session), closed_through(session)
    while one is not None and one < quarter:
        if closed is None or one.last_day > closed:
            yield Missing("quarter", str(one), f"{one} 마감 전", f"{one} is not closed")
        one = one.next


def _suspense(session: Session, quarter: Quarter) -> Iterable[Missing]:
    """Ask for an owner of all use through the quarter's end, that of earlier days included."""
    rows = session.execute(
        select(UsageDay.owner, UsageDay.sku, func.sum(UsageDay.posted_e4))
        .where(UsageDay.award_id.is_(None), UsageDay.utc_day <= quarter.last_day)
        .group_by(UsageDay.owner, UsageDay.sku)
        .having(func.sum(UsageDay.posted_e4) != 0)
        .order_by(UsageDay.owner, UsageDay.sku)
    )
    for owner, sku, hours_e4 in rows:
        hours = f"{int(hours_e4) // _HOUR:,}"
        yield Missing(
            "suspense",
            owner,
            f"주인을 모르는 {sku.upper()} {hours} GPU시간 ({owner})",
            f"{hours} {sku.upper()} GPU-hours of nobody known ({owner})",
        )


def _usage(session: Session, quarter: Quarter) -> Iterable[Missing]:
    rows = session.execute(
        select(Award.id, Award.number)
        .where(
            Award.id.in_(
                select(Grant.award_id).where(
                    Grant.quarter <= str(quarter), Grant.usable_until >= quarter.first_day, Grant.hours_e4 > 0
                )
            )
        )
        .order_by(Award.number)
    ).all()
    covers = account_covers(session, {award_id for award_id, _ in rows}, quarter)
    for award_id, number in rows:
        if award_id in covers:
            for cover in covers[award_id]:
                yield from _gaps(cover, number, quarter)
        else:
            day = quarter.last_day.isoformat()
            yield Missing(
                "award",
                number,
                f"{number} {day}(UTC)까지 사용 기록 없음",
                f"no usage record of {number} through {day} (UTC)",
            )


def _gaps(cover: AccountCover, number: str, quarter: Quarter) -> Iterable[Missing]:
    """Name the months that no export states of an account, those stated too early, and a last one that stops short."""
    account = cover.account
    for month in cover.missing(quarter):
        yield Missing(
            "award",
            number,
            f"{number} {account} {month:%Y-%m} 사용 기록 없음",
            f"no usage record of {account} ({number}) for {month:%Y-%m}",
        )
    early = cover.unfinished(quarter)
    for month in early:
        yield Missing(
            "award",
            number,
            f"{number} {account} {month:%Y-%m} 사용 기록이 달이 끝나기 전 것",
            f"usage of {account} ({number}) for {month:%Y-%m} was stated before the month was over",
        )
    last = months_of(quarter)[-1]
    if last in cover.months and last not in early and (cover.reach is None or cover.reach < quarter.last_day):
        day = (cover.reach or last - timedelta(days=1)).isoformat()
        yield Missing(
            "award",
            number,
            f"{number} {account} 사용 기록이 {day}(UTC)까지",
            f"usage of {account} ({number}) only through {day} (UTC)",
        )


def _tranches(session: Session, quarter: Quarter) -> Iterable[Missing]:
    rows = session.execute(
        select(Award.number, Tranche.number, Tranche.state, Tranche.due_on)
        .join(Award, Award.id == Tranche.award_id)
        .where(Tranche.state != "disbursed", Tranche.due_on <= quarter.last_day)
        .order_by(Award.number, Tranche.number)
    )
    for number, place, state, due_on in rows:
        ko, en = ("승인 대기", "awaits approval") if state == "prepared" else ("집행 전", "is not paid")
        yield Missing(
            "award", number, f"{number} {place}차 {ko} (예정 {due_on})", f"{number} tranche {place} {en} (due {due_on})"
        )


def _calls(session: Session, quarter: Quarter) -> Iterable[Missing]:
    rows = session.execute(
        select(CapitalCall.number, CapitalCall.due_on)
        .where(CapitalCall.state.in_(("drafted", "issued")), CapitalCall.due_on <= quarter.last_day)
        .order_by(CapitalCall.number)
    )
    for number, due_on in rows:
        yield Missing(
            "call", number, f"출자 요청 {number} 미납 (기한 {due_on})", f"call {number} unpaid (due {due_on})"
        )


def _marks(session: Session, quarter: Quarter) -> Iterable[Missing]:
    """Ask for an approved mark of every equity holding that has been paid for, and for a reason where it stands."""
    held = session.execute(
        select(Award.id, Award.number)
        .where(
            Award.instrument != "none",
            Award.id.in_(
                select(Tranche.award_id).where(Tranche.state == "disbursed", Tranche.disbursed_on <= quarter.last_day)
            ),
        )
        .order_by(Award.number)
    ).all()
    history: dict[object, dict[Quarter, tuple[int, str | None]]] = defaultdict(dict)
    marks = session.execute(
        select(Valuation.award_id, Valuation.quarter, Valuation.fair_value_krw, Valuation.change_reason)
        .where(Valuation.quarter <= str(quarter))
        .order_by(Valuation.quarter, Valuation.version)
    )
    for award_id, code, value, reason in marks:
        history[award_id][Quarter.parse(code)] = (value, reason)
    waiting = set(
        session.scalars(
            select(ValuationDraft.award_id).where(
                ValuationDraft.state == "prepared", ValuationDraft.quarter == str(quarter)
            )
        )
    )
    for award_id, number in held:
        found = history[award_id]
        if award_id in waiting:
            yield Missing("award", number, f"{number} 평가 승인 대기", f"the mark of {number} awaits approval")
        elif quarter not in found:
            yield Missing("award", number, f"{number} {quarter} 평가 없음", f"{number} has no mark for {quarter}")
        elif stands_still([(one, value) for one, (value, _) in found.items()]) and not found[quarter][1]:
            yield Missing("award", number, f"{number} 두 분기째 같은 평가", f"the mark of {number} has not moved")


def _holds(session: Session, quarter: Quarter) -> Iterable[Missing]:
    for one in list_open_holds(session, through=quarter.last_day):
        day = one.effective_on.isoformat()
        yield Missing("hold", one.key, f"열린 예약 {one.key} ({day})", f"open hold {one.key} ({day})")


def _changes(session: Session, quarter: Quarter) -> Iterable[Missing]:
    rows = session.execute(
        select(ChangeRequest.number, ChangeRequest.requested_at)
        .where(ChangeRequest.state == "requested")
        .order_by(ChangeRequest.number)
    )
    for number, requested_at in rows:
        if kst_date(requested_at) <= quarter.last_day:
            yield Missing("change", number, f"변경 요청 {number} 결정 전", f"change request {number} is undecided")


def _conditions(session: Session, quarter: Quarter) -> Iterable[Missing]:
    rows = session.execute(
        select(Award.number, Condition.number, Condition.due_on)
        .join(Award, Award.decision_id == Condition.decision_id)
        .where(Condition.state == "open", Condition.due_on <= quarter.last_day)
        .order_by(Award.number, Condition.number)
    )
    for number, place, due_on in rows:
        yield Missing(
            "award",
            number,
            f"{number} 이행조건 {place} 기한 지남 ({due_on})",
            f"condition {place} of {number} is overdue ({due_on})",
        )


def _ledger(session: Session) -> Iterable[Missing]:
    for problem in verify(session).problems:
        yield Missing("ledger", "", f"원장이 맞지 않음: {problem}", f"the ledger does not add up: {problem}")


def _report(session: Session, quarter: Quarter) -> Iterable[Missing]:
    """Ask for the three signatures under the newest version, and that it still says what the books say."""
    ref = str(quarter)
    frozen = session.scalars(
        select(FrozenQuarter).where(FrozenQuarter.quarter == ref).order_by(FrozenQuarter.version.desc()).limit(1)
    ).one_or_none()
    if frozen is None:
        yield Missing("report", ref, "보고서 확정 전", "the report is not frozen")
        return
    before = from_document(frozen.inputs)
    rows = collect_rows(session, quarter, as_of=quarter.last_day)
    # An index loaded since is no change of the books: the frozen version keeps the one it was compared with.
    now = dataclasses.replace(
        as_told_then(rows, before), remarks=before.remarks, published=before.published, benchmark=before.benchmark
    )
    if inputs_sha256(now) != inputs_sha256(before):
        yield Missing(
            "report",
            ref,
            "확정한 뒤 장부가 바뀌어 보고서를 다시 확정해야 함",
            "the books have changed since: freeze the report again",
        )
        return
    signed = set(session.scalars(select(ReportSignature.side).where(ReportSignature.frozen_id == frozen.id)))
    if status_of(signed) != "approved":
        for side in SIDES:
            if side not in signed:
                ko, en = _SIDE_WORDS[side]
                version = frozen.version
                yield Missing("report", ref, f"보고서 {version}판 {ko} 서명 전", f"version {version} unsigned by {en}")
