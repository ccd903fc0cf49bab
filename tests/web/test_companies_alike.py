"""The staff's page of companies that look like one: reasons, a dismissal, a merge with its preview, and its undoing."""

from __future__ import annotations

import uuid

import portal_people
import pytest
from portal_people import SECOND_NUMBER, Browser, Portal
from sqlalchemy import event, select

from fundapp.core.access import SYSTEM, Role
from fundapp.core.sessions import Database
from fundapp.intake.actions import open_call
from fundapp.intake.call_file import read_call_file
from fundapp.intake.tables import Application, CompanyMerge, KinshipFinding
from fundapp.screening.kinship import list_kin

TEXT = "공공 문서를 한국어로 요약하고 근거를 문장마다 달아 주는 서비스를 안전한 공용 클라우드에서 제공합니다."


@pytest.fixture
def alike(portal: Portal) -> tuple[Portal, Browser, uuid.UUID, uuid.UUID]:
    """Two companies whose applications share telephone, domain and text, and an analyst's browser."""
    people = [portal.person(f"{name}@example.com") for name in ("a", "b")]
    first = portal.company(people[0])
    second = portal.company(people[1], SECOND_NUMBER, "온결비전연구소")
    portal.submitted(people[0], first, solution_summary=TEXT, corporate_number="1101110062432")
    portal.submitted(people[1], second, solution_summary=f"{TEXT} 덧붙임.", contact_email="other@example.com")
    portal.person("analyst@example.com", Role.ANALYST)
    return portal, portal.browser("analyst@example.com"), first, second


def statements(db: Database, portal: Portal, person: uuid.UUID) -> tuple[int, int]:
    """How many statements the list takes, and how many pairs it has."""
    viewer, seen = portal.viewer(person), list[str]()

    def note(_c: object, _u: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    with db.read() as session:
        pairs = list_kin(session, viewer)
    event.remove(db.engine, "before_cursor_execute", note)
    return len(seen), len(pairs)


def test_the_list_names_what_two_companies_share(alike: tuple[Portal, Browser, uuid.UUID, uuid.UUID]) -> None:
    _, staff, *_ = alike
    page = staff.text("/operations/companies")
    for said in ("온결비전연구소", "연락처", "메일 도메인", "거의 같은 글", "확인할 것", "병합 살펴보기"):
        assert said in page
    assert "법인등록번호</span>" not in page


def test_a_dismissal_holds_for_the_signs_it_named(alike: tuple[Portal, Browser, uuid.UUID, uuid.UUID]) -> None:
    portal, staff, first, second = alike
    fields = {
        "first": str(first),
        "second": str(second),
        "reason": "대행사 번호",
        "signals": "phone,domain,document,text",
    }
    sent = staff.post("/operations/companies/dismissed", fields, page="/operations/companies")
    assert sent.status_code == 302
    assert "온결비전연구소" not in staff.text("/operations/companies")
    assert "대행사 번호" in staff.text("/operations/companies?view=dismissed")
    with portal.db.read() as session:
        assert session.scalars(select(KinshipFinding.verdict)).all() == ["dismissed"]
    fields |= {"reason": "다시 보자"}
    staff.post("/operations/companies/reopened", fields, page="/operations/companies?view=dismissed")
    assert "다시 보자" in staff.text("/operations/companies")


def test_a_sign_that_comes_up_after_a_dismissal_is_shown(
    alike: tuple[Portal, Browser, uuid.UUID, uuid.UUID],
) -> None:
    _, staff, first, second = alike
    fields = {"first": str(first), "second": str(second), "reason": "대행사 번호", "signals": "phone,domain,document"}
    staff.post("/operations/companies/dismissed", fields, page="/operations/companies")
    assert "온결비전연구소" in staff.text("/operations/companies")


def test_two_of_one_call_are_refused_in_the_preview(alike: tuple[Portal, Browser, uuid.UUID, uuid.UUID]) -> None:
    _, staff, first, second = alike
    page = staff.text(f"/operations/companies/merge?survivor={first}&merged={second}")
    assert "두 기업이 같은 공모에 신청했습니다 (AX-2026-1)" in page
    assert 'name="reason"' not in page


def test_a_merge_is_shown_made_and_taken_back(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [portal.person(f"{name}@example.com") for name in ("a", "b")]
    first = portal.company(people[0])
    second = portal.company(people[1], SECOND_NUMBER, "온결비전연구소")
    portal.submitted(people[0], first)
    open_second_call(portal)
    monkeypatch.setattr(portal_people, "CALL", "AX-2026-2")
    application = portal.submitted(people[1], second)
    portal.person("analyst@example.com", Role.ANALYST)
    staff = portal.browser("analyst@example.com")
    address = f"/operations/companies/merge?survivor={first}&merged={second}"
    page = staff.text(address)
    assert ("AX-2026-2-0001" in page, "남는 쪽에 이미 있어 두고 갈 서류" in page) == (True, True)
    fields = {"survivor": str(first), "merged": str(second), "reason": ""}
    refused = staff.post("/operations/companies/merge", fields, page=address)
    assert (refused.status_code, "사유를 적어 주세요" in refused.get_data(as_text=True)) == (422, True)
    made = staff.post("/operations/companies/merge", fields | {"reason": "상호만 바꾼 한 기업"}, page=address)
    assert made.headers["Location"] == "/operations/companies?view=merged"
    assert owner_of(portal, application) == first
    merged = staff.text("/operations/companies?view=merged")
    assert ("상호만 바꾼 한 기업" in merged, "병합됨" in merged) == (True, True)
    assert portal.browser("b@example.com").get(f"/portal/applications/{application}/status").status_code == 200
    with portal.db.read() as session:
        merge = session.scalars(select(CompanyMerge.id)).one()
    undo = f"/operations/companies/merges/{merge}/undo"
    assert staff.post(undo, {"reason": "다른 기업"}, page="/operations/companies?view=merged").status_code == 302
    assert owner_of(portal, application) == second
    assert "되돌림" in staff.text("/operations/companies?view=merged")


def open_second_call(portal: Portal) -> None:
    file = read_call_file(portal_people.ROOT / "examples" / "calls" / "2026-1.toml")
    hours = {"opens": portal.opens_at.isoformat(), "closes": portal.closes_at.isoformat()}
    document = file.document | hours | {"code": "AX-2026-2"}
    portal.db.transaction(
        lambda session: open_call(session, actor=SYSTEM, at=portal.opens_at, document=document, text="the second")
    )


def owner_of(portal: Portal, application: uuid.UUID) -> uuid.UUID:
    with portal.db.read() as session:
        return session.get_one(Application, application).company_id


def test_nothing_is_said_of_a_pair_that_is_not_on_the_list(
    alike: tuple[Portal, Browser, uuid.UUID, uuid.UUID],
) -> None:
    _, staff, first, _ = alike
    for other in (first, uuid.uuid4(), "x"):
        assert staff.get(f"/operations/companies/merge?survivor={first}&merged={other}").status_code == 404


def test_finance_and_applicants_see_no_such_page(alike: tuple[Portal, Browser, uuid.UUID, uuid.UUID]) -> None:
    portal, *_ = alike
    portal.person("finance@example.com", Role.FINANCE)
    for who in ("finance@example.com", "a@example.com"):
        assert portal.browser(who).get("/operations/companies").status_code == 404


def test_the_list_takes_as_many_statements_for_many_companies(portal: Portal) -> None:
    analyst = portal.person("analyst@example.com", Role.ANALYST)
    numbers = ["1208800767", "1111111119", "2222222227", "3333333336"]
    few = statements(portal.db, portal, analyst)
    for place, number in enumerate(numbers):
        person = portal.person(f"p{place}@example.com")
        portal.submitted(person, portal.company(person, number, f"기업{place}"))
    many = statements(portal.db, portal, analyst)
    assert (few[1], many[1]) == (0, 6)
    assert many[0] == few[0]
