"""What people do in the browser, in steps that several journeys share."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from documents_made import pdf_of
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Response,
    StorageState,
    expect,
)
from running import Demonstration

_TIMEOUT_MS = 15_000
KEY_SECONDS = 600

ROLLING = "AX-ROLLING"
Enter = Callable[[str], Page]
"""Opens the site in a browser of its own, signed in as somebody of the demonstration ("" for nobody)."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """A plan brought to a meeting: the addresses of the plan, the meeting and each company's ballot."""

    plan: str
    meeting: str
    ballots: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Company:
    """An invented company of the journeys."""

    name: str
    number: str
    sector: str

    def own_answers(self) -> dict[str, str]:
        """Return what it does not share with the others: two that share a contact would count as related."""
        return {
            "company_name": self.name,
            "business_number": self.number,
            "sector": self.sector,
            "contact_email": f"contact@c{self.number}.example",
            "contact_phone": f"070-{self.number[:4]}-{self.number[4:8]}",
        }


MAKER = Company("푸른솔제조", "2148844721", "제조")
CLINIC = Company("달맞이의료", "3157700127", "의료")
LENDER = Company("새벽바다금융", "4176600238", "금융")
SCHOOL = Company("은하수교육", "5195500348", "교육")
GRID = Company("여울에너지", "6214400456", "에너지")
CARRIER = Company("바람길물류", "7258800316", "물류")
"""One sector each: the call lets no sector have more than 45 percent of the GPU time awarded.

Files share one agenda in any order, so each decides only its own: the chair's MAKER, the staff's CARRIER.
"""


ANSWERS: Mapping[str, Mapping[str, str]] = {
    "company": {
        "company_name": "",
        "business_number": "",
        "founded_on": "2021-03-02",
        "ksic": "J58222",
        "region": "부산광역시",
        "employees": "24",
    },
    "finance": {"revenue_krw_y1": "1820000000", "revenue_krw_y2": "940000000", "assets_krw": "2600000000"},
    "contact": {
        "contact_name": "문새봄",
        "contact_email": "moon@pureunsol.example",
        "contact_phone": "051-000-0000",
    },
    "solution": {
        "solution_title": "항만 하역 순서 추천",
        "solution_summary": "하역 기록과 기상 자료로 다음 날의 하역 순서를 추천합니다. 세 부두에서 실증했습니다.",
        "sector": "물류",
    },
    "spc": {
        "spc_link": "부두별 하역 기록을 SPC 안에서만 처리하고 접근 기록을 남깁니다.",
        "azure_ready": "running",
        "data_in_korea": "yes",
        "foreign_processing_only": "no",
    },
    "korean_ai": {"korean_ai_link": "", "korean_model": "open"},
    "request": {"requested_krw": "100000000", "gpu_h100_2027Q2": "2160", "gpu_a100_2027Q2": "1200"},
    "traction": {"paying_customers": "3"},
    "declarations": {"tax_arrears": "no", "sanctions": "no", "conflict_cleared": "yes"},
}
"""A complete application, by section and question. The company's own name and number are put in when it is typed."""


def answer(page: Page, key: str, value: str) -> None:
    """Answer one question, whatever kind of control it has."""
    field = page.locator(f'[name="a_{key}"]')
    if field.first.get_attribute("type") == "radio":
        page.check(f'[name="a_{key}"][value="{value}"]')
    elif field.first.evaluate("node => node.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def fill_section(page: Page, application: str, section: str, company: Mapping[str, str]) -> None:
    """Fill one section in and save it with its button."""
    page.goto(f"{application}sections/{section}")
    for key, value in ANSWERS[section].items():
        if text := company.get(key, value):
            answer(page, key, text)
    page.get_by_role("button", name="저장하고 계속").click()
    expect(page.get_by_text("에 저장했습니다.")).to_be_visible()


def consent(page: Page, application: str) -> None:
    """Give the consent without which nothing can be sent."""
    page.goto(f"{application}consents")
    page.get_by_label(re.compile(r"^\[필수\]")).check()
    page.get_by_role("button", name="저장하고 계속").click()
    expect(page.get_by_text("동의 여부를 기록했습니다.")).to_be_visible()


def hand_plan_in(page: Page, application: str) -> None:
    """Hand the business plan in, without which nothing can be sent."""
    page.goto(f"{application}documents/")
    card = page.get_by_role("region", name="사업계획서")
    file = {
        "name": "계획.pdf",
        "mimeType": "application/pdf",
        "buffer": pdf_of("하역 순서를 추천하는 사업의 계획입니다."),
    }
    card.get_by_label("내 기기의 파일").set_input_files(file)  # type: ignore[arg-type]
    card.get_by_role("button", name="붙이기").click()
    expect(page.get_by_text("서류를 붙였습니다.")).to_be_visible()


def register(page: Page, name: str, email: str) -> None:
    """Open an account for a company, and sign in with it."""
    page.goto("/")
    page.get_by_role("link", name="계정 만들기").click()
    page.get_by_label("이름").fill(name)
    page.get_by_label("이메일").fill(email)
    page.get_by_label("비밀번호").fill("나무를 심는 사람들")
    page.get_by_role("button", name="계정 만들기").click()
    expect(page.get_by_text("이제 로그인할 수 있습니다.")).to_be_visible()
    sign_in(page, email, "나무를 심는 사람들")


def start(page: Page, company: Company) -> str:
    """Start an application for a company that is new here; return its address."""
    page.goto(f"/portal/calls/{ROLLING}/start")
    page.get_by_label("사업자등록번호").fill(company.number)
    page.get_by_label("회사명").fill(company.name)
    page.get_by_role("button", name="신청서 시작하기").click()
    page.wait_for_url("**/portal/applications/*/")
    return page.url


def sign_in(page: Page, email: str, password: str) -> None:
    """Sign in through the door."""
    page.goto("/account/login")
    page.get_by_label("이메일").fill(email)
    page.get_by_label("비밀번호").fill(password)
    page.get_by_role("button", name="로그인", exact=True).click()
    page.wait_for_url(lambda address: "/account/login" not in address)


def take_in(enter: Enter, *companies: Company) -> Page:
    """Let the analyst take a sheet of complete applications in, one for each company."""
    questions = {key: value for section in ANSWERS.values() for key, value in section.items()}
    sheet = io.StringIO(newline="")
    writer = csv.DictWriter(sheet, fieldnames=list(questions))
    writer.writeheader()
    writer.writerows(questions | company.own_answers() for company in companies)
    page = enter("analyst")
    page.goto(f"/operations/calls/{ROLLING}/import")
    file = {"name": "applications.csv", "mimeType": "text/csv", "buffer": sheet.getvalue().encode()}
    page.get_by_label("파일", exact=True).set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="올리기", exact=True).click()
    expect(page.get_by_role("heading", name="접수 결과")).to_be_visible()
    return page


def screen(enter: Enter) -> Page:
    """Let the analyst score what waits; return the pipeline."""
    page = enter("analyst")
    page.goto(f"/operations/?call={ROLLING}")
    page.get_by_role("button", name="채점하기").click()
    expect(page.get_by_text("채점했습니다.")).to_be_visible()
    return page


def figures(page: Page) -> dict[str, str]:
    """Return the figures at the head of a page by their labels."""
    shown = page.locator(".kpi")
    return {one.locator(".k").inner_text(): one.locator(".v").inner_text() for one in shown.all()}


def row_of(page: Page, text: str) -> Locator:
    """Return the table row that holds a text."""
    return page.get_by_role("row").filter(has_text=text).first


def contribute(enter: Enter, sku: str, quarter: str, hours: str, rate_krw: str) -> Page:
    """Let finance record GPU time that Microsoft gives; return the page of the pools."""
    page = enter("finance")
    page.goto("/operations/pools")
    form = page.get_by_role("region", name="현물출자 기록")
    form.get_by_label("출자자").select_option("microsoft")
    form.get_by_label("GPU 종류").fill(sku)
    form.get_by_label("분기(UTC)").fill(quarter)
    form.get_by_label("GPU시간", exact=True).fill(hours)
    form.get_by_label("협약 단가").fill(rate_krw)
    form.get_by_role("button", name="출자 기록").click()
    expect(page.get_by_text("현물출자를 기록했습니다.")).to_be_visible()
    return page


def plan(enter: Enter) -> Page:
    """Let the analyst solve the allocation; return the page of the plan."""
    page = enter("analyst")
    page.goto(f"/operations/plans?call={ROLLING}")
    page.get_by_role("button", name="배정안 만들기").click()
    expect(page.get_by_text("배정안을 만들었습니다.")).to_be_visible()
    return page


def suppose(page: Page, plan: str, title: str, reserve: str) -> str:
    """Solve a plan's call with another reserve, set by its slider; return the page of the scenario."""
    page.goto(plan)
    page.get_by_role("slider", name="예비량 밀어서 바꾸기").fill(reserve)
    expect(page.locator("#k-reserve")).to_have_value(reserve)
    page.get_by_label("시나리오 이름").fill(title)
    page.get_by_role("button", name="이 조건으로 다시 계산").click()
    expect(page.get_by_text("시나리오를 만들었습니다.")).to_be_visible()
    return page.url


def adopt(page: Page, title: str, day: str) -> None:
    """Bring a plan to a meeting of the committee."""
    page.get_by_label("회의 이름").fill(title)
    page.get_by_label("회의 날짜").fill(day)
    page.get_by_role("button", name="안건으로 올리고 예약").click()
    expect(page.get_by_text("회의에 올리고 그만큼 예약했습니다.")).to_be_visible()


def open_meeting(page: Page, address: str) -> None:
    """Open a meeting or one of its ballots; whoever votes signs first for the items that are new to them."""
    page.goto(address)
    if "/pledge?" in page.url:
        page.get_by_role("button", name="서약하고 들어가기").click()
        page.wait_for_url(f"**{address}")


def vote(page: Page, ballot: str, choice: str) -> None:
    """Cast a vote."""
    open_meeting(page, ballot)
    page.locator(".votebar label").filter(has_text=choice).click()
    if choice != "찬성":
        page.get_by_label("의견 (반대·기권은 필수)").fill("근거를 더 보아야 합니다.")
    page.get_by_role("button", name="투표하기").click()
    expect(page.locator(".votebar")).to_contain_text(f"투표했습니다. 내 표: {choice}")


def close(page: Page, ballot: str) -> None:
    """Count, as the chair, after the page has asked once more."""
    open_meeting(page, ballot)
    page.get_by_role("link", name="개표하기").click()
    page.get_by_role("button", name="개표하기").click()
    expect(page.get_by_text("개표했습니다.")).to_be_visible()


class Doors:
    """Lets people in. Every page is a browser of its own with that person's cookies, which last ten minutes.

    A browser that a test has left is emptied for the next: a new one costs twice what a page does.
    """

    def __init__(self, browser: Browser, demonstration: Demonstration, address: str) -> None:
        self.browser = browser
        self.demonstration = demonstration
        self.address = address
        self.keys: dict[str, StorageState] = {}
        self._opened: dict[str, float] = {}
        self._in_use: list[tuple[str, Page]] = []
        self._left: dict[str, BrowserContext] = {}
        self.faults: list[str] = []

    def context(self, who: str, **options: object) -> BrowserContext:
        """Return a fresh browser of somebody ("" for nobody)."""
        self._find_key(who)
        return self._context(storage_state=self.keys.get(who), **options)

    def enter(self, who: str) -> Page:
        """Return a page of somebody; what goes wrong in it unseen is kept in `faults`."""
        self._find_key(who)
        left = self._left.pop(who, None)
        page = self._context(storage_state=self.keys.get(who)).new_page() if left is None else self._again(who, left)
        self._in_use.append((who, page))
        watch(page, self.faults)
        return page

    def leave(self) -> None:
        """Close what the entered pages opened; each person's first browser is kept for the next who enters."""
        for who, page in self._in_use:
            context = page.context
            if context in self.browser.contexts and who not in self._left:
                for each in context.pages:
                    each.close()
                self._left[who] = context
        self._in_use.clear()
        for context in self.browser.contexts:
            if context not in self._left.values():
                context.close()

    def _again(self, who: str, left: BrowserContext) -> Page:
        """Return a page of a browser that was used before; it knows no more than a fresh one."""
        left.clear_cookies()
        if who in self.keys:
            left.add_cookies(self.keys[who]["cookies"])  # type: ignore[arg-type]
        page = left.new_page()
        page.goto("/healthz")
        page.evaluate("localStorage.clear()")
        return page

    def _find_key(self, who: str) -> None:
        """Sign somebody in, unless it was done a short while ago."""
        # Staff who do nothing for a quarter of an hour are signed out; a slow machine takes longer for all journeys.
        stale = who in self._opened and time.monotonic() - self._opened[who] > KEY_SECONDS
        if who and (who not in self.keys or stale):
            with self._context() as door:
                email = f"{who}@axfund.example"
                sign_in(door.new_page(), email, self.demonstration.password(email))
                self.keys[who], self._opened[who] = door.storage_state(), time.monotonic()

    def _context(self, **options: object) -> BrowserContext:
        given = {"base_url": self.address, "locale": "ko-KR", "viewport": {"width": 1440, "height": 900}} | options
        made = self.browser.new_context(**given)  # type: ignore[arg-type]
        made.set_default_timeout(_TIMEOUT_MS)
        return made


def watch(page: Page, faults: list[str]) -> None:
    """Keep what the console complains of, and every file that a page asked for in vain."""

    def note_error(error: Error) -> None:
        faults.append(f"{page.url}: {error}")

    def note_message(message: ConsoleMessage) -> None:
        # A refused form is an answer with a status that the console reports of the page itself.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            faults.append(f"{page.url}: {message.text}")

    def note_answer(answer: Response) -> None:
        if answer.status >= 400 and not answer.request.is_navigation_request():
            faults.append(f"{page.url}: {answer.url} {answer.status}")

    page.on("pageerror", note_error)
    page.on("console", note_message)
    page.on("response", note_answer)
