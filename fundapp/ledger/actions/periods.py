"""Closing books: the days through a date take no further effect, and what they hold is sealed by a hash."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.quarters import Quarter
from fundapp.ledger.rules import Span, spans
from fundapp.ledger.sealing import Header, seal, sums_through
from fundapp.ledger.tables import Balance, Book, OpeningSlot, Period, Snapshot, Transfer


def halt_postings(session: Session) -> None:
    """Make new postings wait until this transaction ends, once those under way have ended; plain reading goes on.

    To be asked before anything else is: what the transaction then sees of the ledger stays true until it commits, so
    that a close comes through however busily others post. Whoever asks later may have to start again. On SQLite the
    write lock does as much.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Waits for the row locks of postings; unlike a statement that reads, it leaves the snapshot still to be taken.
        session.execute(text("LOCK TABLE ledger_book IN EXCLUSIVE MODE"))


def close_books(session: Session, *, through: date, actor: Viewer, at: datetime) -> None:
    """Refuse every later posting that would take effect on or before `through`. Books never reopen.

    The days since the last close become periods, cut at quarter ends; each is kept with a snapshot of all accounts
    and a hash over its transfers, its snapshot and the period before. Closing again through the same or an earlier
    day changes nothing.
    """
    halt_postings(session)
    session.execute(
        update(Book)
        .where(Book.id == 1, Book.closed_through.is_(None) | (Book.closed_through < through))
        .values(closed_through=through)
    )
    # Postings under way have ended. If the caller read before it halted them, those that ended after its snapshot was
    # taken have changed a balance since, and PostgreSQL then refuses this lock and lets us start again.
    session.execute(select(Balance.account_id).order_by(Balance.account_id).with_for_update(read=True)).all()
    # A balance that was opened after our snapshot is none that we could lock, but its slot has changed with it. Who
    # is still opening has posted nothing yet and will find the books closed, so there is no need to wait for them.
    session.execute(select(OpeningSlot.slot).with_for_update(read=True, skip_locked=True)).all()
    last = session.scalars(select(Period).order_by(Period.ends_on.desc()).limit(1)).one_or_none()
    first = None if last is None else last.ends_on
    for span in spans(first, through, earliest=_earliest(session, through)):
        last = _close(session, span, last, actor=actor, at=at)


def _earliest(session: Session, through: date) -> date:
    day = session.scalar(select(func.min(Transfer.effective_on)).where(Transfer.effective_on <= through))
    return Quarter.of_date(day or through).first_day


def _close(session: Session, span: Span, last: Period | None, *, actor: Viewer, at: datetime) -> Period:
    sums = sums_through(session, span.ends_on, since=last)
    header = Header(span.name, span.starts_on, span.ends_on, None if last is None else last.sha256)
    sealed = seal(session, header, sums)
    period = Period(
        name=span.name,
        starts_on=span.starts_on,
        ends_on=span.ends_on,
        closed_at=at,
        closed_by=actor.name or actor.email,
        transfers=sealed.transfers,
        previous_sha256=header.previous_sha256,
        sha256=sealed.sha256,
    )
    session.add(period)
    session.flush()
    rows = [
        {"period_id": period.id, "account_id": account_id, "debits_posted": debits, "credits_posted": credits_}
        for account_id, (debits, credits_) in sums.items()
    ]
    if rows:
        session.execute(insert(Snapshot), rows)
    return period
