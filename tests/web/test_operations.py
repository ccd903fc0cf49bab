"""The staff's pages: who enters, what a recused person sees, and what refusals say."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from committee.committee_factory import AT, CALL, add_application, add_person
from flask import Flask
from flask.testing import FlaskClient
from portfolio import fund_factory
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.committee.tables import Recusal
from fundapp.core.access import SYSTEM
from fundapp.core.outbox import enqueue_mail
from fundapp.core.sessions import Database
from fundapp.identity.tables import ApiToken, Person, SecondFactor
from fundapp.intake.actions import open_call
from fundapp.intake.call_file import read_call_file
from fundapp.intake.tables import Application
from fundapp.ledger.queries import find_balance
from fundapp.portfolio.actions import sign_award
from fundapp.portfolio.tables import Tranche

EXAMPLES = Path(__file__).parents[2] / "examples"
MakePerson = Callable[..., str]
SignIn = Callable[..., TestResponse]
PostForm = Callable[..., TestResponse]
PAGES = {
    "/operations/": {"analyst", "auditor"},
    "/operations/rubrics/agreement": {"analyst", "auditor"},
    "/operations/rubrics": {"analyst", "auditor"},
    "/operations/plans": {"analyst", "finance", "auditor", "committee", "chair"},
    "/operations/pools": {"analyst", "finance", "auditor", "committee", "chair"},
    "/operations/changes": {"analyst", "finance", "auditor", "committee", "chair"},
    "/operations/changes/progress": {"analyst", "finance", "auditor", "committee", "chair"},
    "/operations/changes/reclaim": {"analyst", "finance", "auditor", "committee", "chair"},
    "/operations/changes/overage": {"analyst", "finance", "auditor", "committee", "chair"},
    "/operations/waitlist": {"analyst", "finance", "auditor", "committee", "chair"},
    "/operations/ledger": {"finance", "auditor"},
    "/operations/ledger/export.csv": {"finance", "auditor"},
    "/operations/ledger/transfers": {"finance", "auditor"},
    "/operations/rates": {"finance", "auditor"},
    "/operations/models": {"analyst", "admin", "auditor"},
    "/operations/close": {"finance", "auditor", "chair"},
    "/operations/portfolio": {"analyst", "finance", "auditor", "committee", "chair"},
    "/operations/usage": {"analyst", "finance", "auditor"},
    "/operations/conditions": {"analyst", "finance", "auditor", "committee", "chair"},
    "/operations/audit": {"auditor", "admin"},
    "/operations/people": {"admin"},
    "/operations/outbox": {"admin"},
    "/operations/mail-texts": {"analyst", "admin", "auditor"},
    "/operations/mail-texts/deadline": {"analyst", "admin", "auditor"},
}


@pytest.fixture
def enter(app: Flask, person: MakePerson, sign_in: SignIn) -> Callable[..., FlaskClient]:
    """Sign somebody with a role in, in a browser of their own."""

    def make(*roles: str, name: str = "김도윤") -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(*roles, name=name, investor="microsoft" if "partner" in roles else None))
        return client

    return make


def award(db: Database, *, conditions: tuple[str, ...] = ()) -> str:
    """Carry a decision of 1억원 and 100 hours, and sign it unless conditions stand in the way."""

    def work(session: Session) -> str:
        fund_factory.found_fund(session)
        pool = fund_factory.add_pool(session)
        case = fund_factory.decide(session, krw=100_000_000, hours=[(pool, 100)], conditions=conditions)
        if conditions:
            return str(case.decision_id)
        return sign_award(
            session,
            decision_id=case.decision_id,
            instrument="RCPS",
            key="sign",
            actor=SYSTEM,
            at=fund_factory.SIGNED_AT,
            signed_on=fund_factory.SIGNED,
        ).number

    return db.transaction(work)


def recuse(db: Database, email: str, number: str) -> None:
    def work(session: Session) -> None:
        session.add(
            Recusal(
                application_id=session.scalars(select(Application.id).where(Application.number == number)).one(),
                person_id=session.scalars(select(Person.id).where(Person.email == email)).one(),
                route="self_recusal",
                reason="친족이 일함",
                declared_by="test",
                at=AT,
            )
        )

    db.transaction(work)


@pytest.mark.parametrize(
    "role", ["analyst", "finance", "auditor", "admin", "committee", "chair", "partner", "applicant"]
)
def test_each_role_opens_its_own_pages_and_no_other(enter: Callable[..., FlaskClient], role: str) -> None:
    client = enter(role)
    opened = {path for path in PAGES if client.get(path).status_code == 200}
    assert opened == {path for path, roles in PAGES.items() if role in roles}


def test_finance_and_administrators_start_on_their_own_pages(enter: Callable[..., FlaskClient]) -> None:
    assert enter("finance").get("/operations/").headers["Location"] == "/operations/portfolio"
    assert enter("admin").get("/operations/").headers["Location"] == "/operations/people"


def test_a_recused_analyst_finds_nothing_of_the_application_anywhere(
    db: Database, person: MakePerson, client: FlaskClient, sign_in: SignIn
) -> None:
    number = award(db)
    email = person("analyst")
    recuse(db, email, "AX-T-7891")
    sign_in(client, email)
    with db.read() as session:
        hidden = session.scalars(select(Application.id)).one()
    paths = (
        "/operations/?call=AX-T",
        "/operations/plans",
        "/operations/pools",
        "/operations/portfolio",
        "/operations/usage",
        "/operations/conditions?state=all",
        "/operations/calls/AX-T/applications.csv",
        f"/operations/applications/{hidden}",
        f"/operations/applications/{hidden}/score",
        f"/operations/portfolio/{number}",
    )
    found = [path for path in paths if re.search("가온시험|AX-T-7891|1234567891|AW-2026", client.get(path).text)]
    assert found == []
    assert client.get(f"/operations/applications/{hidden}").status_code == 404
    assert client.get(f"/operations/portfolio/{number}").status_code == 404


def test_an_analyst_who_is_not_recused_finds_it(db: Database, enter: Callable[..., FlaskClient]) -> None:
    number = award(db)
    client = enter("analyst")
    assert "가온시험" in client.get("/operations/?call=AX-T").text
    assert "가온시험" in client.get(f"/operations/portfolio/{number}").text


def test_a_recused_auditor_reads_neither_accounts_nor_events_of_it(
    db: Database, person: MakePerson, client: FlaskClient, sign_in: SignIn
) -> None:
    number = award(db)
    email = person("auditor")
    recuse(db, email, "AX-T-7891")
    sign_in(client, email)
    assert client.get(f"/operations/ledger/account?path=award:{number}").status_code == 404
    assert client.get(f"/operations/ledger/transfers?source_ref=award:{number}").status_code == 404
    assert client.get("/operations/ledger/export.csv").status_code == 404
    assert number not in client.get("/operations/ledger/account?path=pool:kt").text
    log = client.get("/operations/audit").text
    assert number not in log
    assert "열람 제한" in log


def test_the_committee_does_not_pass_its_conflict_gate_through_this_room(
    db: Database, enter: Callable[..., FlaskClient]
) -> None:
    application = db.transaction(lambda session: add_application(session, 1))
    assert enter("chair").get(f"/operations/applications/{application}").status_code == 404


def test_importing_the_example_sheet_lists_each_refused_row_with_its_reason(
    db: Database, at: datetime, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    file = read_call_file(EXAMPLES / "calls" / "2026-1.toml")
    db.transaction(lambda session: open_call(session, actor=SYSTEM, at=at, document=file.document, text=file.text))
    client, path = enter("analyst"), "/operations/calls/AX-2026-1/import"
    sheet = (EXAMPLES / "applications.csv").read_text(encoding="utf-8-sig").splitlines(keepends=True)
    header, good = sheet[0], sheet[1]
    place = header.strip().split(",").index("사업자등록번호")
    cells = sheet[2].split(",")
    broken = ",".join([*cells[:place], "1234567890", *cells[place + 1 :]])
    answer = post_form(client, path, {"file": upload(tmp_csv(header + good + broken))})
    assert answer.status_code == 200
    assert figures(answer.text) == ["2", "1", "0", "0", "1"]
    assert '<th scope="row" class="r num">3</th><td><code>business_number</code></td>' in answer.text
    assert "사업자등록번호가 맞지 않습니다. 숫자 10자리와 검증번호를 확인하세요." in answer.text
    again = post_form(client, path, {"file": upload(tmp_csv(header + good))})
    assert figures(again.text) == ["1", "0", "0", "1", "0"]


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(
    db: Database, at: datetime, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    file = read_call_file(EXAMPLES / "calls" / "2026-1.toml")
    db.transaction(lambda session: open_call(session, actor=SYSTEM, at=at, document=file.document, text=file.text))
    sheet = (EXAMPLES / "applications.csv").read_text(encoding="utf-8-sig").splitlines(keepends=True)
    fields = {"file": upload(tmp_csv(sheet[0] + sheet[1])), "dry_run": "y"}
    answer = post_form(enter("analyst"), "/operations/calls/AX-2026-1/import", fields)
    assert figures(answer.text) == ["1", "1", "0", "0", "0"]
    with db.read() as session:
        assert session.scalars(select(Application.id)).all() == []


def test_a_file_of_another_kind_is_refused_beside_the_field(
    db: Database, at: datetime, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    file = read_call_file(EXAMPLES / "calls" / "2026-1.toml")
    db.transaction(lambda session: open_call(session, actor=SYSTEM, at=at, document=file.document, text=file.text))
    fields = {"file": upload(b"MZ", "program.exe")}
    answer = post_form(enter("analyst"), "/operations/calls/AX-2026-1/import", fields)
    assert answer.status_code == 422
    assert ".csv, .xlsx 파일을 골라 주세요" in answer.text


def test_whoever_prepared_a_tranche_is_told_politely_that_another_must_approve(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    number, client = award(db), enter("finance")
    with db.read() as session:
        first = session.scalars(select(Tranche.id).where(Tranche.number == 1)).one()
    page, place = f"/operations/portfolio/{number}", f"/operations/portfolio/{number}/tranches/{first}"
    assert post_form(client, page, {"key": "1" * 32}, f"{place}/prepare").status_code == 302
    refused = post_form(client, page, {"key": "2" * 32}, f"{place}/approve")
    assert refused.headers["Location"] == page
    assert "작성자와 승인자는 서로 달라야 합니다." in client.get(page).text
    with db.read() as session:
        assert session.scalars(select(Tranche.state).where(Tranche.id == first)).one() == "prepared"


def test_a_second_person_pays_what_the_first_prepared(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    number, analyst, finance = award(db), enter("analyst", name="가나다"), enter("finance", name="라마바")
    with db.read() as session:
        first = session.scalars(select(Tranche.id).where(Tranche.number == 1)).one()
    page, place = f"/operations/portfolio/{number}", f"/operations/portfolio/{number}/tranches/{first}"
    post_form(analyst, page, {"key": "1" * 32}, f"{place}/prepare")
    post_form(finance, page, {"key": "2" * 32}, f"{place}/approve")
    with db.read() as session:
        paid = find_balance(session, f"investment:{number}", "KRW")
    # Half of 100,000,000 won.
    assert paid is not None
    assert paid.posted == 50_000_000


def test_open_conditions_keep_an_award_from_being_signed(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    decision, client = award(db, conditions=("보안성 검토 통과",)), enter("finance")
    path = f"/operations/decisions/{decision}/sign"
    fields = {"key": "3" * 32, "instrument": "RCPS", "signed_on": date(2026, 6, 20).isoformat()}
    answer = post_form(client, path, fields)
    assert answer.status_code == 409
    assert "이행조건이 남아 있습니다: 1. 보안성 검토 통과" in answer.text


def test_a_list_of_fifty_asks_the_database_as_often_as_a_list_of_one(
    app: Flask, db: Database, enter: Callable[..., FlaskClient]
) -> None:
    db.transaction(lambda session: add_application(session, 1))
    client = enter("analyst")
    client.get("/operations/")
    one = statements(db, client, f"/operations/?call={CALL}")

    def more(session: Session) -> None:
        for ordinal in range(2, 51):
            add_application(session, ordinal)

    db.transaction(more)
    assert statements(db, client, f"/operations/?call={CALL}") == one
    assert len(re.findall("<tr><td", client.get(f"/operations/?call={CALL}").text)) == 50


def test_the_pipeline_is_sorted_and_filtered_by_its_address(db: Database, enter: Callable[..., FlaskClient]) -> None:
    def some(session: Session) -> None:
        add_application(session, 1, name="낮은곳", score=300, contact_phone="02-1234-5678")
        add_application(session, 2, name="높은곳", score=900, contact_phone="02-1234-5678")
        add_application(session, 3, name="없는곳", score=None)

    db.transaction(some)
    client, path = enter("analyst"), f"/operations/?call={CALL}"
    order = re.compile("낮은곳</a>|높은곳</a>|없는곳</a>")
    assert order.findall(client.get(f"{path}&sort=score&down=1").text) == ["높은곳</a>", "낮은곳</a>", "없는곳</a>"]
    assert order.findall(client.get(f"{path}&related=1").text) == ["낮은곳</a>", "높은곳</a>"]
    assert order.findall(client.get(f"{path}&q=없는").text) == ["없는곳</a>"]


def test_the_pipeline_shows_what_was_sent_and_not_what_is_being_written(
    db: Database, enter: Callable[..., FlaskClient]
) -> None:
    def some(session: Session) -> None:
        number = add_application(session, 1, contact_phone="02-1234-5678")
        add_application(session, 2, contact_phone="02-9999-0000")
        application = session.get(Application, number)
        assert application is not None
        unsent = {"solution_title": "보내지 않은 제목", "contact_phone": "02-9999-0000"}
        application.answers = application.answers | unsent

    db.transaction(some)
    client = enter("analyst")
    shown = client.get(f"/operations/?call={CALL}").text
    assert ("과제1" in shown, "보내지 않은 제목" in shown) == (True, False)
    assert "과제1" not in client.get(f"/operations/?call={CALL}&related=1").text


def test_a_new_account_shows_its_password_once(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm, sign_in: SignIn, app: Flask
) -> None:
    client = enter("admin")
    fields = {"key": "4" * 32, "name": "새사람", "email": "new@example.com", "roles": "analyst", "investor": ""}
    made = post_form(client, "/operations/people", fields)
    password = re.search(r'<code class="once">([^<]+)</code>', made.text)
    assert password is not None
    with db.read() as session:
        person_id = session.scalars(select(Person.id).where(Person.email == "new@example.com")).one()
    assert password[1] not in client.get(f"/operations/people/{person_id}").text
    assert sign_in(app.test_client(), "new@example.com", password[1]).status_code == 302


def test_an_administrator_can_neither_close_nor_demote_themselves(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    client = enter("admin")
    with db.read() as session:
        own = session.scalars(select(Person.id).where(Person.email == "admin@example.com")).one()
    page = f"/operations/people/{own}"
    post_form(client, page, {"key": "5" * 32}, f"{page}/deactivate")
    post_form(client, page, {"key": "6" * 32, "roles": "analyst"}, f"{page}/roles")
    assert client.get(page).status_code == 200


def test_an_administrator_turns_off_a_lost_second_factor(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    client = enter("admin")

    def lost(session: Session) -> uuid.UUID:
        person_id = add_person(session, "Holder", "analyst")
        session.add(SecondFactor(person_id=person_id, sealed=b"x", created_at=AT, confirmed_at=AT))
        return person_id

    person_id = db.transaction(lost)
    page = f"/operations/people/{person_id}"
    post_form(client, page, {"key": "7" * 32, "reason": ""}, f"{page}/factor")
    shown = client.get(page).text
    assert ("본인 확인 방법: 꼭 필요합니다" in shown, "이메일 확인됨" in shown) == (True, True)
    post_form(client, page, {"key": "8" * 32, "reason": "사무국에서 신분증 확인"}, f"{page}/factor")
    assert "잃어버린 2단계 인증 끄기" not in client.get(page).text
    with db.read() as session:
        assert session.get(SecondFactor, person_id) is None


@pytest.mark.parametrize("mail_leaves", [False, True])
def test_links_of_the_outbox_are_whole_only_where_the_administrator_has_to_hand_them_over(
    db: Database, app: Flask, enter: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch, *, mail_leaves: bool
) -> None:
    token = "aB3_-" * 8 + "xyz"
    place = "http://127.0.0.1:8000/invitations/"
    for cause, end in (("invitation:1", token), ("digest:1", "0" * 43)):
        db.transaction(
            lambda s, cause=cause, end=end: enqueue_mail(  # type: ignore[misc]
                s, dedupe_key=cause, recipient="a@example.com", subject="초대", body=f"{place}{end}\n", at=AT
            )
        )
    monkeypatch.setitem(app.config, "MAIL_LEAVES", mail_leaves)
    shown = enter("admin").get("/operations/outbox").text
    assert (f"{place}{token}" in shown, f"{place}…" in shown) == (not mail_leaves, mail_leaves)
    assert f"{place}{'0' * 43}" in shown


def test_a_token_is_shown_once_and_can_be_revoked(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    client = enter("admin")
    person_id = db.transaction(lambda session: add_person(session, "Holder", "analyst"))
    page = f"/operations/people/{person_id}"
    made = post_form(client, page, {"key": "7" * 32, "label": "야간 수집"}, f"{page}/tokens")
    assert '<code class="once">fund_' in made.text
    with db.read() as session:
        token = session.scalars(select(ApiToken.id)).one()
    post_form(client, page, {"key": "8" * 32}, f"{page}/tokens/{token}/revoke")
    with db.read() as session:
        assert session.scalars(select(ApiToken.revoked_at)).one() is not None


def upload(content: bytes, name: str = "시트.csv") -> object:
    return (BytesIO(content), name)


def tmp_csv(text: str) -> bytes:
    return text.encode("utf-8-sig")


def figures(page: str) -> list[str]:
    return re.findall(r'<div class="v">([^<]*)</div>', page)[:5]


def statements(db: Database, client: FlaskClient, path: str) -> int:
    count = 0

    def note(*_args: object) -> None:
        nonlocal count
        count += 1

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return count
