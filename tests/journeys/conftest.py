"""A browser for each person of the demonstration, watched for errors that nobody sees on the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import visits
from playwright.sync_api import Browser, expect
from running import Demonstration

expect.set_options(timeout=15_000)  # a machine that is busy with something else writes to its disk late


@pytest.fixture(scope="session")
def doors(browser: Browser, demonstration: Demonstration, demonstration_site: str) -> visits.Doors:
    return visits.Doors(browser, demonstration, demonstration_site)


@pytest.fixture
def enter(doors: visits.Doors) -> Iterator[visits.Enter]:
    """Opens pages for people; afterwards nothing may have gone wrong unseen in any of them."""
    doors.faults.clear()
    yield doors.enter
    doors.leave()
    assert doors.faults == []


@pytest.fixture(scope="session")
def agenda(doors: visits.Doors) -> visits.Agenda:
    """Four companies applied to the rolling call, were screened, planned for and brought to a meeting."""
    enter = doors.enter
    companies = (visits.MAKER, visits.CLINIC, visits.LENDER, visits.CARRIER)
    visits.take_in(enter, *companies)
    visits.screen(enter)
    visits.contribute(enter, "H100", "2027Q2", "30000", "5200")
    visits.contribute(enter, "A100", "2027Q2", "20000", "3200")
    page = visits.plan(enter)
    plan = page.url
    visits.adopt(page, "제2회 투자심의위원회", "2026-12-10")
    page.get_by_role("link", name="제2회 투자심의위원회").click()
    links = page.get_by_role("table").get_by_role("link")
    for company in companies:
        expect(links.filter(has_text=company.name)).to_be_visible()
    ballots = {link.inner_text(): str(link.get_attribute("href")) for link in links.all()}
    agenda = visits.Agenda(plan, page.url, ballots)
    assert doors.faults == []
    return agenda
