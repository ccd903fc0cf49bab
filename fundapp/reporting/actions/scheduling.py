"""What the calendar does with reports: a draft on the first business day, reminders, and word of an approval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Fund
from fundapp.core.access import Role, Viewer
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quarters import Quarter, kst_date
from fundapp.identity.tables import Person
from fundapp.identity.tables import Role as RoleRow
from fundapp.reporting.actions.reports import Frozen, find_frozen, freeze_quarter
from fundapp.reporting.calendar import delivery_day, draft_day, reminder_of
from fundapp.reporting.rules import SIDES, FreezeRefusedError, status_of
from fundapp.reporting.tables import ReportSignature


@dataclass(frozen=True, slots=True)
class Draft:
    """What became of a quarter's draft: frozen, or refused and why; and how many people were told."""

    quarter: str
    version: int | None
    refused: str | None
    told: int


def draft_report(session: Session, *, actor: Viewer, at: datetime, public_url: str) -> Draft | None:
    """Freeze the quarter that is over and tell its owners, from the first Korean business day after it on.

    Nobody freezes while the quarter's last UTC day still runs, until nine in the morning in Seoul.

    Where a check stands in the way, the owners are told what does, once for each reason, and the next day tries again.

    Returns:
        None before that day, when the quarter has a version already, and for a quarter before the fund began.
    """
    today = kst_date(at)
    quarter = Quarter.of_date(today).previous
    due = today >= draft_day(quarter) and quarter.is_over(at)
    if not due or not _reports(session, quarter) or find_frozen(session, quarter) is not None:
        return None
    try:
        frozen = freeze_quarter(session, quarter=quarter, actor=actor, at=at)
    except FreezeRefusedError as error:
        return Draft(str(quarter), None, error.message("en"), _tell_blocked(session, quarter, error, at, public_url))
    return Draft(str(quarter), frozen.version, None, _tell_drafted(session, frozen, quarter, at, public_url))


def _reports(session: Session, quarter: Quarter) -> bool:
    """Return whether there was a fund in a quarter."""
    fund = session.get(Fund, 1)
    return fund is not None and fund.started_on <= quarter.last_day


def _tell_drafted(session: Session, frozen: Frozen, quarter: Quarter, at: datetime, public_url: str) -> int:
    owners = addresses(session, [Role.FINANCE], [])
    for address in owners:
        enqueue_mail(
            session,
            dedupe_key=f"report:{quarter}:draft:{address}",
            recipient=address,
            subject=f"[{quarter}] 분기보고서 초안이 만들어졌습니다 / Draft of the quarterly report",
            body=f"{quarter} {frozen.version}판 초안을 검토하고 서명해 주세요. 기한은 {delivery_day(quarter)}입니다.\n"
            f"Please review and sign the draft, version {frozen.version}. It is due on {delivery_day(quarter)}.\n\n"
            f"{report_link(public_url, quarter, frozen.version)}\n",
            at=at,
        )
    return len(owners)


def _tell_blocked(session: Session, quarter: Quarter, error: FreezeRefusedError, at: datetime, public_url: str) -> int:
    owners = addresses(session, [Role.FINANCE], [])
    for address in owners:
        reasons = str(error.details["reasons_ko"])
        enqueue_mail(
            session,
            dedupe_key=f"report:{quarter}:blocked:{address}:{reasons}"[:200],
            recipient=address,
            subject=f"[{quarter}] 분기보고서 초안을 만들지 못했습니다 / No draft of the quarterly report",
            body=f"{error.message('ko')}\n{error.message('en')}\n\n{public_url}/partners/reports?quarter={quarter}\n",
            at=at,
        )
    return len(owners)


def remind_delivery(session: Session, *, at: datetime, public_url: str) -> int:
    """Remind whoever has not signed of a report that is due; return how many people. Each reminder goes out once.

    A quarter without any version is everybody's in finance.
    """
    today = kst_date(at)
    quarter = Quarter.of_date(today).previous
    which = reminder_of(quarter, today)
    if which is None or not _reports(session, quarter):
        return 0
    frozen = find_frozen(session, quarter)
    signed: set[str] = set()
    if frozen is not None:
        signed = set(session.scalars(select(ReportSignature.side).where(ReportSignature.frozen_id == frozen.id)))
    if status_of(signed) == "approved":
        return 0
    missing = [side for side in SIDES if side not in signed]
    roles = [Role.FINANCE] if "fund" in missing or frozen is None else []
    told = addresses(session, roles, [side for side in missing if side != "fund"] if frozen else [])
    link = report_link(public_url, quarter, frozen.version) if frozen else f"{public_url}/partners/reports"
    for address in told:
        _remind(session, address, quarter, which, link, at)
    return len(told)


def _remind(session: Session, address: str, quarter: Quarter, which: str, link: str, at: datetime) -> None:
    due = delivery_day(quarter)
    late = which == "overdue"
    ko = f"제출 기한 {due}이 지났습니다" if late else f"제출 기한 {due}이 다가옵니다"
    en = f"was due on {due}" if late else f"is due on {due}"
    enqueue_mail(
        session,
        dedupe_key=f"report:{quarter}:due:{which}:{address}",
        recipient=address,
        subject=f"[{quarter}] 분기보고서 {ko} / Quarterly report {en}",
        body="아직 승인되지 않았습니다. 서명란을 확인해 주세요.\nIt is not approved yet; please see its signatures.\n"
        f"\n{link}\n",
        at=at,
    )


def tell_approved(session: Session, *, quarter: Quarter, version: int, at: datetime, public_url: str) -> int:
    """Write to finance and both partners that a version is approved; return how many people. A link, never a file."""
    told = addresses(session, [Role.FINANCE], [side for side in SIDES if side != "fund"])
    for address in told:
        enqueue_mail(
            session,
            dedupe_key=f"report:{quarter}:{version}:approved:{address}",
            recipient=address,
            subject=f"[{quarter}] 분기보고서가 승인되었습니다 / The quarterly report is approved",
            body=f"{quarter} {version}판에 모두 서명했습니다. 보고서는 로그인한 뒤 아래에서 볼 수 있습니다.\n"
            f"All sides have signed version {version}. Sign in to read it here.\n\n"
            f"{report_link(public_url, quarter, version)}\n",
            at=at,
        )
    return len(told)


def report_link(public_url: str, quarter: Quarter, version: int) -> str:
    """Return where a version is read."""
    return f"{public_url}/partners/reports/{quarter}/v{version}"


def addresses(session: Session, roles: Iterable[Role], investors: Iterable[str]) -> list[str]:
    """Return the addresses of active people with a role, and of partners of some investors, each once."""
    holders = Person.roles.any(RoleRow.name.in_([str(role) for role in roles]))
    partners = Person.roles.any(RoleRow.name == str(Role.PARTNER)) & Person.investor.in_(list(investors))
    return list(session.scalars(select(Person.email).where(Person.active, holders | partners).order_by(Person.email)))
