from __future__ import annotations

import re
from html import unescape
from uuid import UUID

import pytest
from portal_people import ANSWERS, CALL, FIRST_NUMBER, Browser, Portal
from sqlalchemy import select

from fundapp.core.quarters import KST
from fundapp.identity.tables import Person
from fundapp.intake.queries import get_application


@pytest.fixture
def draft(portal: Portal) -> tuple[Portal, Browser, str]:
    person = portal.person("a@example.com")
    key = portal.draft(person, portal.company(person))
    return portal, portal.browser("a@example.com"), f"/portal/applications/{key}"


def stored(portal: Portal, address: str) -> dict[str, object]:
    with portal.db.read() as session:
        person_id = session.scalars(select(Person.id).where(Person.email == "a@example.com")).one()
        return get_application(session, portal.viewer(person_id), UUID(address.rsplit("/", 1)[1])).answers


def test_a_company_is_registered_by_a_number_whose_check_digit_fits(portal: Portal) -> None:
    portal.person("a@example.com")
    browser = portal.browser("a@example.com")
    start = f"/portal/calls/{CALL}/start"
    refused = browser.post(start, {"company": "new", "business_number": "220-81-62518", "company_name": "온결비전"})
    assert refused.status_code == 422
    assert "사업자등록번호가 맞지 않습니다" in refused.text
    started = browser.post(start, {"company": "new", "business_number": "220-81-62517", "company_name": "온결비전"})
    assert started.status_code == 302
    assert "AX-2026-1-0001" in browser.text(started.headers["Location"])


def test_a_company_that_others_registered_is_not_handed_over(portal: Portal) -> None:
    portal.company(portal.person("owner@example.com"))
    portal.person("rival@example.com")
    fields = {"company": "new", "business_number": FIRST_NUMBER, "company_name": "온결비전"}
    refused = portal.browser("rival@example.com").post(f"/portal/calls/{CALL}/start", fields)
    assert refused.status_code == 422
    assert "이미 등록된 기업입니다" in refused.text


def test_starting_twice_leads_to_the_same_application(portal: Portal) -> None:
    person = portal.person("a@example.com")
    company = portal.company(person)
    browser = portal.browser("a@example.com")
    once, again = (browser.post(f"/portal/calls/{CALL}/start", {"company": str(company)}) for _ in range(2))
    assert once.headers["Location"] == again.headers["Location"]


def test_the_task_list_says_how_far_each_section_is(draft: tuple[Portal, Browser, str]) -> None:
    _, browser, address = draft
    page = browser.text(f"{address}/")
    assert "12개 중 0개 완료" in page
    assert "7개 문항 중 2개 작성" in page
    assert page.count("작성 중") >= 1
    assert "잠김" in page


def test_the_countdown_is_written_by_the_server(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    page = re.sub(r"<[^>]+>", "", browser.text(f"{address}/"))
    assert "11일 1시간" in page
    closes = portal.closes_at.astimezone(KST)
    assert f"{closes.month}월 {closes.day}일" in page


def test_saving_keeps_the_answers_and_leads_to_the_next_section(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    fields = {f"a_{key}": ANSWERS[key] for key in ("contact_name", "contact_email", "contact_phone")}
    answer = browser.post(f"{address}/sections/contact", fields)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{address}/sections/solution"
    assert stored(portal, address)["contact_phone"] == "025550100"


def test_errors_come_first_with_links_and_above_their_field(draft: tuple[Portal, Browser, str]) -> None:
    _, browser, address = draft
    answer = browser.post(f"{address}/sections/contact", {"a_contact_name": "김도윤", "a_contact_email": "no address"})
    assert answer.status_code == 422
    page = answer.text
    assert page.index('href="#a_contact_email"') < page.index('id="a_contact_email-error"')
    assert page.index('id="a_contact_email-error"') < page.index('id="a_contact_email" ')
    assert 'aria-invalid="true"' in page
    assert "확인할 곳이 2군데 있습니다" in page


def test_what_cannot_be_read_is_kept_as_typed(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    browser.post(f"{address}/sections/contact", {"a_contact_email": "no address", "then": "later"})
    assert stored(portal, address)["contact_email"] == "no address"
    assert "확인 필요 1건" in browser.text(f"{address}/")


def test_a_resident_number_is_not_stored_but_stays_on_the_screen(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    typed = {"a_contact_name": "900101-1234567"}
    page = browser.post(f"{address}/sections/contact", typed).text
    assert 'value="900101-1234567"' in page
    assert "contact_name" not in stored(portal, address)


def test_going_on_later_saves_without_asking_for_more(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    answer = browser.post(f"{address}/sections/contact", {"a_contact_name": "김도윤", "then": "later"})
    assert answer.headers["Location"] == f"{address}/"
    assert stored(portal, address)["contact_name"] == "김도윤"


def test_gpu_hours_are_summed_and_valued_at_the_calls_rates(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    h100 = next(key for key in portal.gpu_keys() if key.lower() == "gpu_h100_2026q3")
    a100 = next(key for key in portal.gpu_keys() if key.lower() == "gpu_a100_2026q4")
    fields = {f"a_{h100}": "46,080", f"a_{a100}": "1000.5", "then": "later"}
    browser.post(f"{address}/sections/request", fields)
    page = re.sub(r"<[^>]+>", "", browser.text(f"{address}/sections/request"))
    assert "47,080.5" in page
    # 46,080 x 5,200 + 1,000.5 x 3,200 = 242,817,600
    assert "2.43억 상당" in page
    # All pools together: 400,000 x 5,200 + 180,000 x 6,800 + 280,000 x 3,200 = 4,200,000,000; the cap is a tenth.
    assert "기업당 상한 4.20억 상당" in page
    assert "58%" in page


def test_two_windows_are_shown_side_by_side_and_nothing_is_lost(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    section = f"{address}/sections/contact"
    stale = browser.hidden(section)
    browser.post(section, {"a_contact_name": "먼저 적은 이름", "then": "later"})
    clash = browser.client.post(section, data=stale | {"a_contact_name": "나중에 적은 이름", "then": "later"})
    assert clash.status_code == 409
    assert "먼저 적은 이름" in clash.text
    assert "나중에 적은 이름" in clash.text
    assert stored(portal, address)["contact_name"] == "먼저 적은 이름"


def test_each_answer_of_a_clash_is_chosen_on_its_own(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    section = f"{address}/sections/contact"
    browser.post(section, {"a_contact_name": "저장된 이름", "a_contact_phone": "02-555-0100", "then": "later"})
    chosen = {
        "a_contact_name": "내 이름",
        "keep_contact_name": "stored",
        "a_contact_phone": "02-555-0199",
        "keep_contact_phone": "mine",
        "then": "later",
    }
    browser.post(section, chosen)
    answers = stored(portal, address)
    assert (answers["contact_name"], answers["contact_phone"]) == ("저장된 이름", "025550199")


def test_the_same_words_from_two_windows_are_no_clash(draft: tuple[Portal, Browser, str]) -> None:
    _, browser, address = draft
    section = f"{address}/sections/contact"
    stale = browser.hidden(section)
    same = {"a_contact_name": "김도윤", "a_contact_phone": "02-555-0100", "then": "later"}
    browser.post(section, same)
    assert browser.client.post(section, data=stale | same).status_code == 302


CONTACT = {"a_contact_name": "김도윤", "a_contact_phone": "025550100"}


def told(page: str) -> dict[str, str]:
    """The fields of a section's page as a browser would send them again."""
    tags = re.findall(r'<input[^>]*name="((?:a_|revision|base|csrf)[^"]*)"([^>]*)>', page)
    return {name: unescape(found[1]) if (found := re.search(r'value="([^"]*)"', rest)) else "" for name, rest in tags}


def changed_meanwhile(draft: tuple[Portal, Browser, str], **colleague: str) -> tuple[str, dict[str, str]]:
    """What a page sends that was opened before a colleague saved something; with the section's address."""
    _, browser, address = draft
    section = f"{address}/sections/contact"
    browser.post(section, CONTACT | {"then": "later"})
    opened = told(browser.text(section))
    browser.post(section, {f"a_{key}": text for key, text in colleague.items()} | {"then": "later"})
    return section, opened


def test_what_a_colleague_changed_meanwhile_stands_when_a_section_with_a_problem_is_sent_again(
    draft: tuple[Portal, Browser, str],
) -> None:
    portal, browser, address = draft
    section, opened = changed_meanwhile(draft, contact_phone="02-555-0199")
    typed = {"a_contact_name": "이서연", "a_contact_email": "no address"}
    page = browser.client.post(section, data=opened | typed)
    again = told(page.text)
    assert (page.status_code, again["a_contact_name"], again["a_contact_email"]) == (422, *typed.values())
    assert again["a_contact_phone"] == "025550199"
    assert browser.client.post(section, data=again | {"a_contact_email": "hana@example.com"}).status_code == 302
    answers = stored(portal, address)
    assert (answers["contact_name"], answers["contact_phone"]) == ("이서연", "025550199")


def test_what_a_colleague_changed_meanwhile_stands_when_rows_are_added(draft: tuple[Portal, Browser, str]) -> None:
    _, browser, _ = draft
    section, opened = changed_meanwhile(draft, contact_phone="02-555-0199")
    again = told(browser.client.post(section, data=opened | {"row": "a_none:add"}).text)
    assert (again["a_contact_name"], again["a_contact_phone"]) == ("김도윤", "025550199")


def test_a_page_that_saved_nothing_stands_over_the_answers_that_it_was_typed_over(
    draft: tuple[Portal, Browser, str],
) -> None:
    portal, browser, address = draft
    section, opened = changed_meanwhile(draft, contact_phone="02-555-0199")
    page = browser.client.post(section, data=opened | {"a_contact_name": "이서연", "csrf_token": "ended"})
    again = told(page.text)
    assert (page.status_code, again["a_contact_name"]) == (400, "이서연")
    assert (again["revision"], again["base"]) == (opened["revision"], opened["base"])
    browser.client.post(section, data=again | {"then": "later"})
    answers = stored(portal, address)
    assert (answers["contact_name"], answers["contact_phone"]) == ("이서연", "025550199")


def test_words_that_were_refused_replace_no_newer_ones_unseen(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    section, opened = changed_meanwhile(draft, contact_name="박하나")
    page = browser.client.post(section, data=opened | {"a_contact_name": "900101-1234567"})
    again = told(page.text)
    assert (page.status_code, again["a_contact_name"]) == (422, "900101-1234567")
    clash = browser.client.post(section, data=again | {"a_contact_name": "이서연", "then": "later"})
    assert (clash.status_code, "박하나" in clash.text, stored(portal, address)["contact_name"]) == (409, True, "박하나")


def test_autosave_saves_only_the_fields_that_it_names(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    section = f"{address}/sections/contact"
    browser.post(section, {"a_contact_name": "김도윤", "then": "later"})
    hidden = browser.hidden(section)
    answer = browser.client.post(
        f"{section}/autosave",
        json={"revision": hidden["revision"], "fields": {"a_contact_email": "no address"}},
        headers={"X-CSRFToken": hidden["csrf_token"]},
    )
    assert answer.status_code == 200
    assert answer.json["revision"] == int(hidden["revision"]) + 1
    assert answer.json["problems"] == {"a_contact_email": "이메일 주소가 아닙니다."}
    assert stored(portal, address)["contact_name"] == "김도윤"


def test_autosave_over_an_older_revision_saves_nothing(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    section = f"{address}/sections/contact"
    hidden = browser.hidden(section)
    browser.post(section, {"a_contact_name": "김도윤", "then": "later"})
    answer = browser.client.post(
        f"{section}/autosave",
        json={"revision": hidden["revision"], "fields": {"a_contact_name": "다른 이름"}},
        headers={"X-CSRFToken": hidden["csrf_token"]},
    )
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "revision_conflict")
    assert stored(portal, address)["contact_name"] == "김도윤"


def test_autosave_without_the_forms_token_is_refused(draft: tuple[Portal, Browser, str]) -> None:
    _, browser, address = draft
    answer = browser.client.post(f"{address}/sections/contact/autosave", json={"revision": 1, "fields": {}})
    assert answer.status_code == 400


@pytest.mark.parametrize("body", [[], {"revision": 1}, {"revision": 1, "fields": {"a_contact_name": 3}}, "text"])
def test_autosave_of_anything_but_texts_is_refused(draft: tuple[Portal, Browser, str], body: object) -> None:
    _, browser, address = draft
    token = browser.hidden(f"{address}/sections/contact")["csrf_token"]
    answer = browser.client.post(f"{address}/sections/contact/autosave", json=body, headers={"X-CSRFToken": token})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "odd",
    [
        {"row": "a_customers:remove:²"},
        {"row": f"a_customers:up:{'9' * 5000}"},
        {"base": "[" * 100_000},
        {"a_customers": "[" * 100_000},
        {"a_customers-0-amount_krw": "Infinity"},
        {"a_customers-0-amount_krw": "1E+99999999"},
    ],
)
def test_odd_rows_cost_nobody_the_page(draft: tuple[Portal, Browser, str], odd: dict[str, str]) -> None:
    _, browser, address = draft
    rows = {"a_customers-rows": "1", "a_customers-0-name": "한빛항만"}
    answer = browser.post(f"{address}/sections/traction", rows | odd)
    assert answer.status_code in {200, 422}
    assert browser.get(f"{address}/sections/traction").status_code == 200
    assert browser.get(f"{address}/check").status_code == 200


def test_autosave_of_json_that_is_too_deep_is_refused(draft: tuple[Portal, Browser, str]) -> None:
    _, browser, address = draft
    headers = {"X-CSRFToken": browser.hidden(f"{address}/sections/contact")["csrf_token"]}
    deep = {"data": "[" * 100_000, "content_type": "application/json", "headers": headers}
    assert browser.client.post(f"{address}/sections/contact/autosave", **deep).status_code == 422


def test_after_the_deadline_saving_is_refused_with_the_exact_time(draft: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = draft
    section = f"{address}/sections/contact"
    hidden = browser.hidden(section)
    closed = portal.close_call()
    answer = browser.client.post(section, data=hidden | {"a_contact_name": "늦은 이름"})
    assert answer.status_code == 409
    assert closed.astimezone(KST).strftime("%Y-%m-%d %H:%M:%S") in answer.text
    assert 'value="늦은 이름"' in answer.text
    assert "contact_name" not in stored(portal, address)


def test_no_page_has_script_or_style_inside(draft: tuple[Portal, Browser, str]) -> None:
    _, browser, address = draft
    pages = ["/", "/sections/company", "/sections/request", "/consents", "/check", "/status", "/withdraw", "/team"]
    for page in [browser.text(address + path) for path in pages]:
        assert re.findall(r"<style|\sstyle=|\son[a-z]+=\"|<script(?![^>]*src=)", page) == []


def test_the_portal_speaks_english_when_asked(draft: tuple[Portal, Browser, str]) -> None:
    _, browser, address = draft
    for path in ["/", "/sections/company", "/sections/request", "/consents", "/check", "/status", "/withdraw", "/team"]:
        page = browser.text(f"{address}{path}?lang=en")
        body = page.partition("<main")[2].partition("<footer")[0].replace("온결비전", "")
        # Regions and sectors are the call's own words, which it gives in one language.
        words = re.sub(r"<[^>]+>", " ", re.sub(r"<option.*?</option>", "", body))
        assert re.findall(r"[가-힣]+", words) == [], path
