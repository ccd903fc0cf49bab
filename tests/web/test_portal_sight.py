from __future__ import annotations

import uuid

import pytest
from portal_people import SECOND_NUMBER, Portal

CANARY = "카나리아솔루션"
PATHS = (
    "/", "/sections/solution", "/consents", "/check", "/status", "/receipts/1", "/withdraw", "/team",
)  # fmt: skip


@pytest.fixture
def others(portal: Portal) -> tuple[Portal, str]:
    """Another company's submitted application; returns its address."""
    rival = portal.person("rival@example.com")
    company = portal.company(rival, SECOND_NUMBER, "카나리아기업")
    key = portal.submitted(rival, company, solution_title=CANARY, contact_name="카나리아담당")
    return portal, f"/portal/applications/{key}"


@pytest.mark.parametrize("path", PATHS)
def test_anothers_application_looks_exactly_like_an_absent_one(others: tuple[Portal, str], path: str) -> None:
    portal, address = others
    person = portal.person("a@example.com")
    portal.company(person)
    browser = portal.browser("a@example.com")
    forbidden = browser.get(address + path)
    absent = browser.get(f"/portal/applications/{uuid.uuid4()}{path}")
    assert (forbidden.status_code, absent.status_code) == (404, 404)
    assert forbidden.data == absent.data


@pytest.mark.parametrize("path", ["/sections/solution", "/sections/solution/autosave", "/consents", "/submit", "/team"])
def test_writing_to_anothers_application_is_absent_too(others: tuple[Portal, str], path: str) -> None:
    portal, address = others
    portal.person("a@example.com")
    browser = portal.browser("a@example.com")
    token = browser.hidden("/portal/calls/AX-2026-1/start")["csrf_token"]
    fields = {"csrf_token": token, "revision": "1", "email": "a@example.com", "key": uuid.uuid4().hex}
    assert browser.client.post(address + path, data=fields).status_code == 404


def test_another_companys_words_appear_nowhere_in_the_portal(others: tuple[Portal, str]) -> None:
    portal, _ = others
    person = portal.person("a@example.com")
    own = portal.submitted(person, portal.company(person))
    browser = portal.browser("a@example.com")
    pages = ["/portal/", "/portal/calls/AX-2026-1/start", *(f"/portal/applications/{own}{path}" for path in PATHS)]
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "카나리아" not in answer.text, path


def test_an_analyst_who_applies_sees_only_the_own_application_in_the_portal(others: tuple[Portal, str]) -> None:
    portal, address = others
    portal.person("both@example.com", "applicant", "analyst")
    assert portal.browser("both@example.com").get(f"{address}/").status_code == 404


@pytest.mark.parametrize("role", ["analyst", "committee", "chair", "finance", "partner", "auditor", "admin"])
def test_people_who_apply_for_nothing_find_no_portal(portal: Portal, role: str) -> None:
    portal.person("staff@example.com", role)
    assert portal.browser("staff@example.com").get("/portal/").status_code == 404


def test_strangers_are_asked_to_sign_in_and_come_back(others: tuple[Portal, str]) -> None:
    portal, address = others
    answer = portal.app.test_client().get(f"{address}/status")
    assert answer.status_code == 302
    assert "/account/login?next=" in answer.headers["Location"]
