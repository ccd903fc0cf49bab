"""The tax office's status service: what is asked, what each answer means, and what is kept of it."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from intake_samples import NUMBERS, add_applicant, add_person, fill_draft
from sqlalchemy import func, select
from tax_office import KEY, UNKNOWN, Business, State, open_tax_office

from config import Settings
from fundapp.core.access import SYSTEM, Role
from fundapp.core.errors import ForbiddenError
from fundapp.core.sessions import Database
from fundapp.intake.actions import state_company
from fundapp.intake.registry.asking import check_company, recheck_open
from fundapp.intake.registry.nts import Claimed, RegistryError, Service, TaxOffice
from fundapp.intake.standing import UNSAID
from fundapp.intake.standing_queries import registration_of, stopped_in
from fundapp.intake.tables import RegistrationCheck
from fundapp.jobs import run_job

NUMBER = NUMBERS[0]


@pytest.fixture
def office() -> Iterator[State]:
    with open_tax_office() as state:
        yield state


def ask(state: State, *numbers: str) -> list[tuple[str, date | None]]:
    return [(one.outcome, one.ended_on) for one in TaxOffice(state.service()).statuses(numbers)]


def test_each_status_code_has_its_word_and_an_unknown_number_is_no_business(office: State) -> None:
    office.businesses |= {
        "1": Business("01"),
        "2": Business("02"),
        "3": Business("03", ended="20260331"),
    }
    assert ask(office, "3", "1", "4", "2") == [
        ("closed", date(2026, 3, 31)),
        ("active", None),
        ("unregistered", None),
        ("suspended", None),
    ]
    assert next(TaxOffice(office.service()).statuses(["4"])).tax_type == UNKNOWN


def test_more_than_a_hundred_numbers_are_asked_for_in_parts(office: State) -> None:
    assert len(ask(office, *(f"{number:010d}" for number in range(201)))) == 201
    assert office.asked == [("status", 100), ("status", 100), ("status", 1)]


def test_opening_day_and_representative_are_compared(office: State) -> None:
    office.businesses["1"] = Business(opened="20210315", representative="김하나")
    claims = [Claimed("1", date(2021, 3, 15), "김하나"), Claimed("2", date(2021, 3, 15), "김하나")]
    assert TaxOffice(office.service()).matches(claims) == {"1": True, "2": False}
    assert TaxOffice(office.service()).matches([Claimed("1", date(2021, 3, 16), "김하나")]) == {"1": False}


def test_a_busy_office_is_asked_again(office: State) -> None:
    office.busy_answers = 2
    assert ask(office, "1") == [("unregistered", None)]


@pytest.mark.parametrize(
    ("disposed", "reason"),
    [
        ({"busy_answers": 3}, "HTTP 500"),
        ({"quota": True}, "the day's calls are used up"),
        ({"raw": (200, b"<OpenAPI_ServiceResponse/>")}, "HTTP 200, an answer that cannot be read"),
        ({"raw": (413, b'{"status_code":"TOO_LARGE_REQUEST"}')}, "HTTP 413 TOO_LARGE_REQUEST"),
        ({"raw": (200, b'{"status_code":"OK","data":[]}')}, "a number that was asked for is missing in the answer"),
        ({"raw": (200, b'{"status_code":"OK","data":[{"b_no":"1","b_stt_cd":"09"}]}')}, "unknown status code '09'"),
        (
            {"raw": (200, b"<e><c>LIMITED_NUMBER_OF_SERVICE_REQUESTS_EXCEEDS_ERROR</c></e>")},
            "the day's calls are used up",
        ),
    ],
)
def test_what_is_no_answer_is_refused_with_its_reason(office: State, disposed: dict[str, object], reason: str) -> None:
    for name, value in disposed.items():
        setattr(office, name, value)
    with pytest.raises(RegistryError) as caught:
        ask(office, "1")
    assert caught.value.details["reason_en"] == reason


def test_a_key_that_is_not_known_is_refused_and_never_repeated(office: State) -> None:
    with pytest.raises(RegistryError) as caught:
        list(TaxOffice(office.service("wrong-key")).statuses(["1"]))
    assert caught.value.details["reason_en"] == "the key was refused"
    assert "wrong-key" not in f"{caught.value}{caught.value.details}{office.service('wrong-key')!r}"


def test_a_key_may_be_given_encoded(office: State) -> None:
    encoded = KEY.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    assert next(TaxOffice(office.service(encoded)).statuses(["1"])).outcome == "unregistered"


def test_an_office_out_of_reach_is_said_to_be(office: State) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(RegistryError) as caught:
        list(TaxOffice(Service(f"http://127.0.0.1:{port}", "key", timeout=1, backoff=())).statuses(["1"]))
    assert caught.value.details["reason_en"] == "not reached (ConnectionRefusedError)"


def test_answers_are_kept_one_after_the_other_with_time_and_source(
    db: Database, call: str, at: datetime, office: State
) -> None:
    applicant, company = add_applicant(db, at)
    fill_draft(db, applicant, company, at, NUMBER)
    office.businesses[NUMBER] = Business("01")
    first = check_company(db, TaxOffice(office.service()), company_id=company, actor=applicant, at=at)
    office.businesses[NUMBER] = Business("03", ended="20260501")
    later = at + timedelta(days=1)
    done = recheck_open(db, TaxOffice(office.service()), actor=SYSTEM, at=later)
    with db.read() as session:
        found = registration_of(session, company)
        flagged = stopped_in(session, call)
    assert (first.outcome, first.source, first.checked_at) == ("active", "nts", at)
    assert (done.asked, done.stopped, done.unread, done.changed) == (1, 1, 0, 1)
    assert [(one.outcome, one.checked_at) for one in found.rows] == [("closed", later), ("active", at)]
    assert found.known is not None
    assert (found.known.ended_on, found.stopped, flagged) == (date(2026, 5, 1), True, {company: "closed"})


def test_a_failure_is_kept_and_does_not_hide_the_last_answer(
    db: Database, call: str, at: datetime, office: State
) -> None:
    applicant, company = add_applicant(db, at)
    fill_draft(db, applicant, company, at, NUMBER)
    office.businesses[NUMBER] = Business("02")
    recheck_open(db, TaxOffice(office.service()), actor=SYSTEM, at=at)
    office.quota = True
    done = recheck_open(db, TaxOffice(office.service()), actor=SYSTEM, at=at + timedelta(days=1))
    with db.read() as session:
        found = registration_of(session, company)
        flagged = stopped_in(session, call)
    assert (done.unread, done.stopped) == (1, 0)
    assert found.known is not None
    assert found.tried is not None
    assert (found.known.outcome, found.tried.failure) == ("suspended", "하루 호출 한도를 다 썼습니다")
    assert flagged == {company: "suspended"}


def test_opening_day_and_representative_are_asked_about_once_they_are_stated(
    db: Database, at: datetime, office: State
) -> None:
    applicant, company = add_applicant(db, at)
    standing = replace(UNSAID, started_on=date(2021, 3, 15), representative="김하나")
    db.transaction(
        lambda session: state_company(
            session,
            actor=applicant,
            at=at,
            company_id=company,
            standing=standing,
            corporate_number=None,
            today=at.date(),
            key=uuid.uuid4().hex,
        )
    )
    office.businesses[NUMBER] = Business(opened="20210315", representative="김두리")
    found = check_company(db, TaxOffice(office.service()), company_id=company, actor=applicant, at=at)
    assert (found.outcome, found.matched) == ("active", False)


def test_nobody_else_may_ask_about_a_company(db: Database, at: datetime, office: State) -> None:
    _, company = add_applicant(db, at)
    stranger = add_person(db, at, "other@company.example", {Role.APPLICANT})
    with pytest.raises(ForbiddenError):
        check_company(db, TaxOffice(office.service()), company_id=company, actor=stranger, at=at)
    assert office.asked == []


def test_the_job_asks_once_a_day_and_not_at_all_without_a_key(
    db: Database, call: str, at: datetime, office: State, tmp_path_factory: pytest.TempPathFactory
) -> None:
    applicant, company = add_applicant(db, at)
    fill_draft(db, applicant, company, at, NUMBER)
    home = {"FUND_HOME": str(tmp_path_factory.mktemp("home"))}
    without = Settings.from_environment(home)
    keyed = Settings.from_environment(home | {"FUND_NTS_KEY": KEY, "FUND_NTS_URL": office.service().base_url})
    assert run_job(db, without, "check-registrations", at).result == {"state": "not configured"}
    tomorrow = at + timedelta(days=1)
    ran = [run_job(db, keyed, "check-registrations", tomorrow) for _ in range(2)]
    assert [(one.ran, one.result["asked"]) for one in ran] == [(True, 1), (False, 1)]
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(RegistrationCheck)) == 1
    assert (call, office.asked) == ("AX-2026-1", [("status", 1)])
