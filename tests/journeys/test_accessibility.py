"""The main pages for everybody, in Korean on a telephone and in English at a desk, by day and by night.

No violation that axe knows of, no sideways scrolling, nothing the policy blocks.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asked import ask_for_tables
from axe_rules import COLOURS, knowing_axe, violations, violations_in_both_themes
from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session
from visits import CLINIC, GRID, KEY_SECONDS, LENDER, Agenda, Doors, open_meeting, register, start, suppose, watch

from fundapp.committee.tables import Inquiry, InquiryProposal
from fundapp.core.access import SYSTEM
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Certification, Membership
from fundapp.reporting.actions import freeze_quarter
from reports.rows import Remark

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
PAGES = (
    ("", "/"),
    ("", "/account/login"),
    ("", "/account/register"),
    ("", "/account/recover"),
    ("", "/calls/AX-ROLLING"),
    ("", "/calls/AX-ROLLING/check"),
    ("founder", "/account/"),
    ("founder", "/account/email"),
    ("founder", "/account/second-step"),
    ("founder", "{application}team"),
    ("founder", "/portal/"),
    ("founder", "{application}"),
    ("founder", "{application}sections/request"),
    ("founder", "{application}sections/traction"),
    ("analyst", "/operations/calls/AX-ROLLING/"),
    ("analyst", "/portal/preview/AX-ROLLING/sections/traction"),
    ("founder", "{application}check"),
    ("founder", "{application}documents/"),
    ("founder", "{application}status"),
    ("founder", "{application}consents"),
    ("founder", "{inquiry}"),
    ("founder", "{proposed}"),
    ("second", "{proposed}"),
    ("second", "{application}certify"),
    ("applicant", "{own}receipts/1"),
    ("applicant", "{own}withdraw"),
    ("applicant", "/portal/grants"),
    ("applicant", "/portal/grants/AW-2026-0001"),
    ("applicant", "/portal/grants/AW-2026-0001/changes"),
    ("applicant", "/portal/grants/AW-2026-0001/changes/new?kind=supplement"),
    ("applicant", "/portal/grants/AW-2026-0001/report"),
    ("applicant", "/portal/grants/AW-2026-0001/waitlist"),
    ("applicant", "/portal/conditions"),
    ("applicant", "/portal/notices"),
    ("applicant", "/portal/documents"),
    ("analyst", "/operations/mail-texts"),
    ("analyst", "/operations/mail-texts/deadline"),
    ("admin", "/operations/outbox"),
    ("applicant", "/portal/companies/"),
    ("applicant", "/portal/industries/?q=소프트웨어"),
    ("member7", "/committee/"),
    ("chair", "/committee/?call=AX-2026-1&layout=board"),
    ("member7", "/committee/compare?call=AX-2026-1&ids=AX-2026-1-0001,AX-2026-1-0002"),
    ("analyst", "/committee/bulk?call=AX-2026-1&number=AX-2026-1-0001&what=assign"),
    ("member7", "{gate}"),
    ("member7", "{review}"),
    ("member7", "{ballot}"),
    ("member7", "{review}/discussion"),
    ("member7", "/committee/calibration?call=AX-2026-1"),
    ("analyst", "/committee/phases?call=AX-2026-1"),
    ("member7", "{decided}"),
    ("chair", "{meeting}"),
    ("chair", "{meeting}/agenda"),
    ("chair", "{ballot}/amend"),
    ("analyst", "/committee/meetings"),
    ("analyst", "{minutes}"),
    ("member7", "/committee/interests"),
    ("member6", "{meeting_gate}"),
    ("analyst", "/committee/conflicts?view=recusals"),
    ("analyst", "/committee/conflicts/register"),
    ("analyst", "/committee/conflicts/check?companies=2208162517"),
    ("analyst", "/committee/assignments?call=AX-2026-1"),
    ("analyst", "/committee/assignments/list?call=AX-2026-1"),
    ("chair", "/committee/challenges"),
    ("analyst", "/operations/"),
    ("analyst", "/operations/companies"),
    ("analyst", "{merge}"),
    ("analyst", "/operations/rubrics"),
    ("analyst", "{rubric}"),
    ("analyst", "/operations/rubrics/agreement"),
    ("analyst", "{rubric}/edit"),
    ("analyst", "/operations/models"),
    ("analyst", "/operations/plans"),
    ("analyst", "{plan}"),
    ("analyst", "/operations/conditions?state=all"),
    ("analyst", "{condition}"),
    ("analyst", "/committee/letters"),
    ("analyst", "{batch}"),
    ("analyst", "/committee/letters/texts"),
    ("chair", "/committee/appeals"),
    ("admin", "/operations/workflow/AX-ROLLING"),
    ("applicant", "{decision}"),
    ("analyst", "{scenario}"),
    ("analyst", "{beside}"),
    ("analyst", "{why}"),
    ("finance", "/operations/pools"),
    ("finance", "/operations/portfolio"),
    ("finance", "/operations/portfolio/AW-2026-0001"),
    ("finance", "/operations/grants"),
    ("finance", "/operations/changes"),
    ("finance", "/operations/cash/calls"),
    ("finance", "/operations/cash/calls/CC-2026-0002"),
    ("finance", "/operations/ledger/account?path=pool:kt"),
    ("finance", "/operations/close/2026Q3"),
    ("partner.kt", "/partners/"),
    ("partner.kt", "/partners/capacity"),
    ("finance", "/partners/capacity"),
    ("partner.microsoft", "/partners/?basis=microsoft"),
    ("partner.kt", "/partners/reports"),
    ("finance", "/partners/reports"),
    ("partner.kt", "/partners/reports/2026Q3/v1"),
    ("partner.kt", "/partners/reports/2026Q3/v1/figures/total.nav"),
    ("finance", "/partners/reports/recognition"),
    ("partner.kt", "/partners/reports/2026Q3/v1/changes"),
    ("partner.kt", "/partners/reports/2026Q2/v2/changes"),
    ("partner.kt", "/partners/reports/2026Q3/v1/companies"),
    ("partner.kt", "/partners/own"),
    ("partner.kt", "/partners/own/new?view=holdings"),
    ("partner.kt", "{own_report}?period=2026Q3-1"),
    ("partner.kt", "{own_report}/edit"),
)


def have_signed(home: Path, inquiry: str, draft: str) -> None:
    """Let the founder's colleague be asked to sign a changed answer, and the draft before it is sent."""
    database = Database(f"sqlite:///{home / 'fund.sqlite3'}")

    def work(session: Session) -> None:
        people = {one.email: one.id for one in session.scalars(select(Person))}
        founder, second, at = people["founder@example.com"], people["second@example.com"], datetime.now(UTC)
        asked = session.get_one(Inquiry, uuid.UUID(inquiry))
        applications = [session.get_one(Application, key) for key in (asked.application_id, uuid.UUID(draft))]
        session.add_all(Membership(company_id=one.company_id, person_id=second) for one in applications)
        session.flush()
        proposal = InquiryProposal(
            inquiry_id=asked.id,
            body="이름을 바로잡았습니다",
            answers={"solution_title": "야간 점검 순서 추천"},
            content_sha256="0" * 64,
            prepared_by_id=founder,
            certifier_id=second,
            at=at,
        )
        waiting = Certification(application_id=uuid.UUID(draft), asked_by_id=founder, certifier_id=second, asked_at=at)
        session.add_all([proposal, waiting])

    try:
        database.transaction(work)
    finally:
        database.dispose()


def correct_second_quarter(home: Path) -> None:
    """Freeze an earlier quarter twice, so that two versions of it differ; the newest report stays the newest."""
    database = Database(f"sqlite:///{home / 'fund.sqlite3'}")
    notes = ((), (Remark("highlight", "첫 협약을 맺었습니다."), Remark("erratum", "접수 건수를 고쳤습니다.")))
    try:
        for remarks in notes:
            database.transaction(
                lambda session, remarks=remarks: freeze_quarter(
                    session, quarter=Quarter(2026, 2), actor=SYSTEM, at=datetime.now(UTC), remarks=remarks
                )
            )
    finally:
        database.dispose()


def ask_of_holdings(partner: Page) -> str:
    """Keep a question of the schedule of investments, with a drawing; return where its answer stands."""
    partner.goto("/partners/own/new?view=holdings")
    partner.get_by_label("이름").fill("기업별 현금 원가")
    partner.get_by_label("그림").select_option(index=1)
    partner.get_by_role("button", name="저장하고 보기").click()
    partner.wait_for_url("**/partners/own/*-*")
    return partner.url


@pytest.fixture(scope="module")
def places(doors: Doors, agenda: Agenda, served_home: Path) -> dict[str, str]:
    """The addresses that only this demonstration has."""
    founder = doors.enter("")
    register(founder, "윤슬기", "founder@example.com")
    doors.keys["founder"] = founder.context.storage_state()
    application = start(founder, GRID)
    second = doors.enter("")
    register(second, "구본새", "second@example.com")
    doors.keys["second"] = second.context.storage_state()
    proposed = ask_for_tables(served_home, "founder@example.com", 1)
    have_signed(served_home, proposed.rpartition("/")[2], application.rstrip("/").rpartition("/")[2])
    member = doors.enter("member7")
    open_meeting(member, agenda.ballots[LENDER.name])
    review = str(member.get_by_role("link", name="심사 자료").get_attribute("href"))
    member.goto(review)
    if member.get_by_role("radio", name="없습니다").count():
        member.get_by_role("radio", name="없습니다").check()
        member.get_by_role("button", name="답하고 계속하기").click()
        member.wait_for_url(f"**{review}")
    member.goto("/committee/decisions")
    decided = str(member.get_by_role("table").get_by_role("link").first.get_attribute("href"))
    analyst = doors.enter("analyst")
    analyst.goto("/committee/meetings")
    minutes = str(analyst.get_by_role("link", name="제1회").get_attribute("href")) + "/minutes"
    analyst.goto("/operations/rubrics")
    analyst.get_by_role("button", name="고칠 초안 만들기").click()
    rubric = analyst.url.removesuffix("/edit")
    scenario = suppose(analyst, agenda.plan, "예비량 20%", "20")
    why = str(analyst.get_by_role("link", name=CLINIC.name).get_attribute("href"))
    analyst.goto("/operations/companies")
    merge = str(analyst.get_by_role("link", name="병합 살펴보기").first.get_attribute("href"))
    analyst.goto("/operations/conditions?state=all")
    condition = str(analyst.locator("table.cond td a").first.get_attribute("href"))
    analyst.goto("/committee/letters")
    batch = str(analyst.locator("tbody th a").first.get_attribute("href"))
    applicant = doors.enter("applicant")
    applicant.goto("/portal/")
    told = str(applicant.locator("ul.tasks a").first.get_attribute("href")).replace("/status", "/decision")
    correct_second_quarter(served_home)
    return {
        "own_report": ask_of_holdings(doors.enter("partner.kt")),
        "inquiry": ask_for_tables(served_home, "founder@example.com", 0),
        "merge": merge,
        "condition": condition,
        "batch": batch,
        "decision": told,
        "own": told.removesuffix("decision"),
        "proposed": proposed,
        "rubric": rubric,
        "application": application,
        "gate": f"{review}/pledge",
        "review": review,
        "ballot": agenda.ballots[CLINIC.name],
        "meeting_gate": f"{agenda.meeting.rstrip('/')}/pledge",
        "plan": agenda.plan,
        "meeting": agenda.meeting,
        "decided": decided,
        "minutes": minutes,
        "scenario": scenario,
        "beside": f"{agenda.plan}/beside/{scenario.rpartition('/')[2]}",
        "why": why,
    }


ALIKE = r"""() => {
  const words = />[^<]*/g, own = / (?!class|role|type|scope|style|fill|aria-)[\w-]+="[^"]*"/g;
  const names = / aria-(label|labelledby|describedby|controls)="[^"]*"/g;
  for (const body of document.querySelectorAll("tbody")) {
    const seen = {};
    for (const row of [...body.rows]) {
      const shape = row.outerHTML.replace(words, ">").replace(own, "").replace(names, "");
      seen[shape] = (seen[shape] || 0) + 1;
      if (seen[shape] > 2) row.remove();
    }
  }
}"""
"""Of rows with the same elements, classes, roles and colours two stay: axe needs half a minute for a hundred."""

NOT_AS_TABLES = r"""() => [...document.querySelectorAll("table")]
  .filter(table => /grid|flex/.test(getComputedStyle(table).display)).map(table => table.className)"""
"""Tables that a class meant for something else lays out as a grid: their headings stand beside their rows."""


@dataclass
class Watched:
    """A page of somebody's that goes from address to address with axe in it; `faults` is what went wrong unseen."""

    page: Page
    since: float
    faults: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def watched(doors: Doors) -> Callable[[str], Watched]:
    """Returns the one page of each person: a browser of its own for every address would take most of the time."""
    opened: dict[str, Watched] = {}

    def find(who: str) -> Watched:
        if who not in opened or time.monotonic() - opened[who].since > KEY_SECONDS:
            context = doors.context(who, viewport=NARROW, reduced_motion="reduce")
            knowing_axe(context)
            opened[who] = Watched(context.new_page(), time.monotonic())
            watch(opened[who].page, opened[who].faults)
        return opened[who]

    return find


def in_language(address: str, language: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}lang={language}"


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_axe_finds_nothing_and_the_page_fits_and_breaks_no_rule_of_its_own(
    doors: Doors, places: dict[str, str], watched: Callable[[str], Watched], who: str, address: str
) -> None:
    visit = watched(who)
    page = visit.page
    visit.faults.clear()
    found, widths = {}, {}
    for language, size in (("ko", NARROW), ("en", WIDE)):
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        page.goto(in_language(address.format(**places), language))
        assert page.locator("html").get_attribute("lang") == language
        widths[language] = page.evaluate("document.documentElement.scrollWidth")
        assert page.evaluate(NOT_AS_TABLES) == []
        page.evaluate(ALIKE)
        page.set_viewport_size(size)  # type: ignore[arg-type]
        # What a bar at the foot of a window covers, scrolling uncovers: axe is shown the page as a whole.
        whole = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": whole})
        found[language] = violations_in_both_themes(page)
    assert visit.faults == []
    assert widths == {"ko": 360, "en": 360}
    assert found == {"ko": [], "en": []}


def test_axe_sees_what_is_wrong_in_either_theme(doors: Doors) -> None:
    context = doors.context("", reduced_motion="reduce")
    knowing_axe(context)
    page = context.new_page()
    page.goto("/?theme=dark")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.evaluate("""document.querySelector('main').insertAdjacentHTML('beforeend',
        '<p class="probe">희미한 글</p><img src="/static/favicon.svg">')""")
    page.evaluate("document.querySelector('.probe').style.color = 'rgb(128 128 128 / 40%)'")
    said = [line.split(":")[0] for line in violations(page)]
    faint = [line.split(":")[0] for line in violations(page, COLOURS)]
    context.close()
    assert sorted(said) == ["color-contrast", "image-alt"]
    assert faint == ["color-contrast"]


@pytest.mark.parametrize(
    "address", ["/operations/", "/operations/rates", "/operations/close/2026Q3", "/partners/reports"]
)
def test_on_a_telephone_the_navigation_shows_the_entry_one_is_on(doors: Doors, address: str) -> None:
    context = doors.context("finance", viewport=NARROW)
    page = context.new_page()
    faults: list[str] = []
    watch(page, faults)
    page.goto(address)
    box = page.locator("nav.side [aria-current]").bounding_box()
    moved = page.evaluate("window.scrollX + window.scrollY")
    context.close()
    assert box is not None
    assert (faults, moved) == ([], 0)
    assert 0 <= box["x"] <= box["x"] + box["width"] <= NARROW["width"]
