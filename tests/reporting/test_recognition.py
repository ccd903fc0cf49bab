"""Another policy of recognition from a quarter on: who may say so, when, and what keeps the one it was made with."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from fund_factory import add_person, found_fund
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.audit.tables import AuditEvent
from fundapp.core.access import SYSTEM
from fundapp.core.errors import ForbiddenError, InvalidInputError
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.reporting.actions import freeze_quarter, switch_recognition
from fundapp.reporting.collecting import collect_rows
from fundapp.reporting.documents import from_document
from fundapp.reporting.tables import FrozenQuarter

Q3, Q4 = Quarter(2026, 3), Quarter(2026, 4)
AT = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)


def switch(db: Database, policy: str = "at_grant", quarter: Quarter = Q4, reason: str = "외부감사 의견") -> int:
    return db.transaction(
        lambda s: switch_recognition(s, policy=policy, quarter=quarter, reason=reason, actor=SYSTEM, at=AT)
    )


def policy_of(db: Database, quarter: Quarter) -> str:
    with db.read() as session:
        return collect_rows(session, quarter, as_of=date(2027, 12, 31)).fund.recognition_policy


def refused(db: Database, **options: object) -> str:
    with pytest.raises(InvalidInputError) as error:
        switch(db, **options)  # type: ignore[arg-type]
    return str(error.value.details["field"])


def test_a_frozen_quarter_keeps_its_policy_and_the_next_is_reported_by_the_new_one(db: Database) -> None:
    db.transaction(found_fund)
    db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AT))
    assert switch(db) == 1
    assert [policy_of(db, quarter) for quarter in (Q3, Q4, Q4.next)] == ["at_delivery", "at_grant", "at_grant"]
    again = db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AT))
    assert (again.version, again.created) == (1, False)
    with db.read() as session:
        frozen = session.scalars(select(FrozenQuarter)).one()
        assert from_document(frozen.inputs).fund.recognition_policy == "at_delivery"
        event = session.scalars(select(AuditEvent).where(AuditEvent.verb == "recognition.switched")).one()
    assert event.details == {
        "before": "at_delivery",
        "after": "at_grant",
        "from_quarter": "2026Q4",
        "reason": "외부감사 의견",
    }


def test_it_can_be_switched_back_but_not_before_what_is_on_record(db: Database) -> None:
    db.transaction(found_fund)
    switch(db)
    assert refused(db, policy="at_delivery", quarter=Q3) == "quarter"
    assert switch(db, "at_delivery", Quarter(2027, 2)) == 2
    quarters = (Q4, Quarter(2027, 1), Quarter(2027, 2))
    assert [policy_of(db, quarter) for quarter in quarters] == ["at_grant", "at_grant", "at_delivery"]


def test_what_is_missing_or_wrong_is_refused_with_its_field_and_nothing_is_kept(db: Database) -> None:
    db.transaction(found_fund)
    db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AT))
    assert refused(db, quarter=Q3) == "quarter"
    assert refused(db, reason="  ") == "reason"
    assert refused(db, reason="가" * 401) == "reason"
    assert refused(db, policy="at_delivery") == "policy"
    assert refused(db, policy="at_whim") == "policy"
    assert policy_of(db, Q4) == "at_delivery"


def test_a_partner_cannot_switch(db: Database) -> None:
    def prepare(session: Session) -> None:
        found_fund(session)
        who = add_person(session, "Kim", "partner", investor="kt")
        switch_recognition(session, policy="at_grant", quarter=Q4, reason="x", actor=who, at=AT)

    with pytest.raises(ForbiddenError):
        db.transaction(prepare)
