"""The size class against the published rules: the decree's tables, its ways of averaging, group, grace and age."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from fundapp.intake.standing import RelatedFirm, Standing
from fundapp.screening.size_limits import small_limit, sme_limit
from fundapp.screening.size_revenue import askable_period, last_closing, young_period
from fundapp.screening.size_rules import Figures, size_of, startup_until

ON = date(2026, 5, 8)
EOK = 100_000_000
THRESHOLDS = Path(__file__).resolve().parents[3] / "shared" / "data" / "fund" / "kr_sme_thresholds.json"
ALONE = Standing(group="none", owner="none", related=(), outgrown="never", closing_month=12)
OLD = date(2010, 1, 1)


def figures(
    average: int | None = None,
    *,
    assets: int | None = 10 * EOK,
    ksic: str | None = "J58222",
    founded: date | None = OLD,
    years: tuple[int | None, int | None, int | None] | None = None,
) -> Figures:
    return Figures(founded, ksic, assets, years or (average, average, average))


def test_every_limit_is_the_published_one_before_and_after_the_revision() -> None:
    if not THRESHOLDS.exists():
        pytest.skip(f"{THRESHOLDS.name} is not here")
    rows = json.loads(THRESHOLDS.read_text(encoding="utf-8"))["rows"]
    assert len(rows) == 44
    for published in rows:
        ksic = published["ksic"]
        limits = (sme_limit(ksic, date(2025, 9, 1)), sme_limit(ksic, date(2025, 8, 31)), small_limit(ksic, ON))
        wanted = (published["sme_after"], published["sme_before"], published["small_after"])
        assert tuple(one.krw // EOK if one else None for one in limits) == wanted, ksic


@pytest.mark.parametrize(
    ("ksic", "limit"),
    [
        ("J58222", 1000),
        ("58222", 1000),
        ("C30393", 1500),
        ("C30310", 1200),
        ("N76110", 400),
        ("N75000", 800),
        ("S94110", None),
        ("O84110", None),
    ],
)
def test_the_longest_known_stem_of_a_code_decides(ksic: str, limit: int | None) -> None:
    found = sme_limit(ksic, ON)
    assert (found.krw // EOK if found else None) == limit


@pytest.mark.parametrize(
    ("on", "month", "closing"),
    [
        (date(2026, 3, 31), 12, date(2024, 12, 31)),
        (date(2026, 4, 1), 12, date(2025, 12, 31)),
        (date(2027, 3, 31), None, date(2025, 12, 31)),
        (date(2025, 12, 31), 9, date(2024, 9, 30)),
        (date(2026, 1, 1), 9, date(2025, 9, 30)),
        (date(2024, 6, 1), 2, date(2024, 2, 29)),
    ],
)
def test_a_business_year_counts_from_three_months_after_it_closed(on: date, month: int | None, closing: date) -> None:
    assert last_closing(on, month) == closing


@pytest.mark.parametrize(
    ("month", "on", "table", "expected"),
    [
        # J rose from 800 to 1,000: a year that closed in August 2025 is judged by the old, a September one by the new.
        (8, date(2026, 5, 8), date(2015, 1, 1), "midsize"),
        (9, date(2026, 5, 8), date(2025, 9, 1), "sme"),
        (12, date(2026, 3, 31), date(2015, 1, 1), "midsize"),
        (12, date(2026, 4, 1), date(2025, 9, 1), "sme"),
    ],
)
def test_the_table_is_the_one_of_the_closing_day(month: int, on: date, table: date, expected: str) -> None:
    found = size_of(figures(900 * EOK), on, replace(ALONE, closing_month=month))
    assert (found.table_from, found.company_class) == (table, expected)


@pytest.mark.parametrize(
    ("founded", "years", "average"),
    [
        # Founded on the first day of the year three back: three full years, divided by three.
        (date(2023, 1, 1), (900, 600, 301), 600),
        # A day later that year is no full one: the two full ones alone.
        (date(2023, 1, 2), (900, 600, 301), 750),
        (date(2024, 1, 1), (900, 600, None), 750),
        (date(2024, 1, 2), (900, 600, None), 900),
        (date(2025, 1, 1), (900, None, None), 900),
    ],
)
def test_the_average_is_that_of_the_full_business_years(
    founded: date, years: tuple[int | None, int | None, int | None], average: int
) -> None:
    found = size_of(figures(years=years, founded=founded), ON, ALONE)
    assert (found.average_krw, found.open) == (average, ())


@pytest.mark.parametrize(
    ("on", "average", "open_", "settled"),
    [
        # FY25 has not closed on its last day; then it has and does not count; after three months it does.
        (date(2025, 12, 31), 800, [], True),
        (date(2026, 1, 1), 700, ["revenue", "assets_krw"], False),
        (date(2026, 2, 15), 700, ["revenue", "assets_krw"], False),
        (date(2026, 3, 31), 700, ["revenue", "assets_krw"], False),
        (date(2026, 4, 1), 800, [], True),
    ],
)
def test_a_year_that_closed_less_than_three_months_ago_is_left_out(
    on: date, average: int, open_: list[str], *, settled: bool
) -> None:
    years = (1000 * EOK, 700 * EOK, 700 * EOK)
    found = size_of(figures(years=years), on, ALONE)
    assert (found.average_krw, [one.key for one in found.open], found.settled) == (average * EOK, open_, settled)


def test_a_year_too_new_never_settles_a_class_and_the_fourth_year_is_named() -> None:
    found = size_of(figures(years=(1100 * EOK, 700 * EOK, 700 * EOK)), date(2026, 2, 15), ALONE)
    assert (found.company_class, found.settled) == ("sme", False)
    assert [one.ko for one in found.open] == [
        "2022-12-31에 끝난 사업연도의 매출액(신청서의 세 해보다 앞선 네 번째 해)",
        "2024-12-31의 자산총액",
    ]


def test_a_company_of_two_years_that_count_needs_no_fourth_year() -> None:
    years = (1100 * EOK, 700 * EOK, 600 * EOK)
    found = size_of(figures(years=years, founded=date(2023, 1, 1)), date(2026, 2, 15), ALONE)
    assert (found.average_krw, [one.key for one in found.open]) == (650 * EOK, ["assets_krw"])


@pytest.mark.parametrize(
    ("founded", "on", "first", "last", "recent", "average"),
    [
        # Twelve months have passed: the last twelve full months.
        (date(2025, 5, 8), ON, date(2025, 5, 1), date(2026, 4, 30), 1200, 1200),
        # A day short of it: full months times twelve, from the month after the start.
        (date(2025, 5, 9), ON, date(2025, 6, 1), date(2026, 4, 30), 1100, 1200),
        (date(2026, 2, 20), ON, date(2026, 3, 1), date(2026, 4, 30), 100, 600),
        # Started this month or last: days times 365, both ends counted.
        (date(2026, 4, 29), ON, date(2026, 4, 29), ON, 10, 365),
        (date(2026, 5, 8), ON, ON, ON, 1, 365),
    ],
)
def test_a_young_company_is_judged_by_the_period_that_the_decree_names(
    founded: date, on: date, first: date, last: date, recent: int, average: int
) -> None:
    period = young_period(founded, on)
    assert (period.first, period.last) == (first, last)
    said = replace(ALONE, recent_krw=recent, recent_from=first, recent_to=last)
    found = size_of(figures(7, founded=founded), on, said)
    assert (found.average_krw, found.open) == (average, ())


def test_a_young_company_without_that_figure_is_open_and_names_the_period() -> None:
    found = size_of(figures(7, founded=date(2025, 5, 9)), ON, ALONE)
    assert [(one.key, one.ko) for one in found.open] == [("recent_krw", "2025-06-01 ~ 2026-04-30 매출액")]
    assert (found.company_class, found.settled) == ("startup", False)


@pytest.mark.parametrize(
    ("founded", "judged", "today", "first", "last"),
    [
        # Judged today, in a rolling call: a company of days is asked until yesterday, one of months until last month.
        (date(2026, 11, 5), date(2026, 11, 30), date(2026, 11, 30), date(2026, 11, 5), date(2026, 11, 29)),
        (date(2026, 8, 5), date(2026, 11, 30), date(2026, 11, 30), date(2026, 9, 1), date(2026, 10, 31)),
        # Judged on a closing three weeks away: November has not ended yet.
        (date(2026, 8, 5), date(2026, 12, 20), date(2026, 11, 30), date(2026, 9, 1), date(2026, 10, 31)),
        (date(2026, 8, 5), date(2026, 12, 20), date(2026, 12, 1), date(2026, 9, 1), date(2026, 11, 30)),
    ],
)
def test_nobody_is_asked_for_the_revenue_of_days_to_come(
    founded: date, judged: date, today: date, first: date, last: date
) -> None:
    period = askable_period(founded, judged, 12, today)
    assert period is not None
    assert (period.first, period.last) == (first, last)


def test_a_company_that_began_today_is_asked_for_nothing() -> None:
    assert askable_period(ON, ON, 12, ON) is None


@pytest.mark.parametrize(
    ("sent", "settled"), [(date(2026, 11, 29), True), (date(2026, 12, 4), True), (date(2026, 12, 29), False)]
)
def test_a_figure_of_days_serves_who_sends_within_a_month_of_it(sent: date, *, settled: bool) -> None:
    """25 days of trade from 5 to 29 November: 250 won are 3,650 a year."""
    said = replace(ALONE, recent_krw=250, recent_from=date(2026, 11, 5), recent_to=date(2026, 11, 29))
    found = size_of(figures(7, founded=date(2026, 11, 5)), sent, said)
    assert (found.average_krw == 3650, "recent_krw" not in [one.key for one in found.open]) == (settled, settled)


@pytest.mark.parametrize(
    ("assets", "average", "expected", "tier"),
    [
        (5000 * EOK - 1, 1000 * EOK, "sme", "medium"),
        (5000 * EOK - 1, 1000 * EOK + 1, "midsize", None),
        (5000 * EOK, 0, "midsize", None),
        (10 * EOK, 50 * EOK, "sme", "small"),
        (10 * EOK, 50 * EOK + 1, "sme", "medium"),
    ],
)
def test_the_limits_hold_to_the_won(assets: int, average: int, expected: str, tier: str | None) -> None:
    found = size_of(figures(average, assets=assets), ON, ALONE)
    assert (found.company_class, found.tier, found.settled) == (expected, tier, True)


@pytest.mark.parametrize(
    ("share_bp", "added"),
    [(10_000, 400), (5_000, 400), (4_999, 199), (3_000, 120), (2_999, 0)],
)
def test_a_related_company_counts_whole_from_half_of_its_shares_and_by_the_share_below(
    share_bp: int, added: int
) -> None:
    related = (RelatedFirm("누리홀딩스", share_bp, 400, "J62010"),)
    found = size_of(figures(600), ON, replace(ALONE, related=related))
    assert found.average_krw == 600 + added


def test_related_revenue_can_lift_a_company_over_the_limit_to_the_won() -> None:
    def judged(own: int) -> str | None:
        related = (RelatedFirm("누리홀딩스", 4_000, 500 * EOK, "J62010"),)
        return size_of(figures(own), ON, replace(ALONE, related=related)).company_class

    assert [judged(800 * EOK), judged(800 * EOK + 1)] == ["sme", "midsize"]


def test_the_industry_of_the_larger_related_company_counts() -> None:
    related = (RelatedFirm("누리교육", 3_000, 601 * EOK, "P85503"),)
    found = size_of(figures(300 * EOK), ON, replace(ALONE, related=related))
    # 300 + 180.3 are within J's 1,000, and beyond P's 400.
    assert found.company_class == "midsize"
    related = (RelatedFirm("누리교육", 3_000, 299 * EOK, "P85503"),)
    assert size_of(figures(300 * EOK), ON, replace(ALONE, related=related)).company_class == "sme"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"group": "disclosed"}, "midsize"),
        ({"group": "restricted"}, "large"),
        ({"owner": "large"}, "midsize"),
        ({"owner": "group_size"}, "large"),
    ],
)
def test_a_company_that_is_not_independent_is_no_sme(said: dict[str, str], expected: str) -> None:
    found = size_of(figures(1), ON, replace(ALONE, **said))  # type: ignore[arg-type]
    assert (found.company_class, found.settled) == (expected, True)


def test_a_financial_company_beyond_the_limits_is_not_mid_size() -> None:
    assert size_of(figures(401 * EOK, ksic="K64992"), ON, ALONE).company_class == "large"


@pytest.mark.parametrize(
    ("year", "on", "until", "expected"),
    [
        # Five years since the act's amendment of 2024-08-21, three before.
        (2024, date(2029, 12, 31), date(2029, 12, 31), "sme"),
        (2024, date(2030, 1, 1), None, "midsize"),
        (2023, date(2026, 12, 31), date(2026, 12, 31), "sme"),
        (2023, date(2027, 1, 1), None, "midsize"),
    ],
)
def test_grace_runs_to_the_end_of_its_last_year(year: int, on: date, until: date | None, expected: str) -> None:
    said = replace(ALONE, outgrown="first", outgrown_year=year)
    found = size_of(figures(2000 * EOK), on, said)
    assert (found.grace_until, found.company_class) == (until, expected)


def test_there_is_no_grace_for_a_company_of_a_group() -> None:
    said = replace(ALONE, outgrown="first", outgrown_year=2024, group="disclosed")
    assert size_of(figures(2000 * EOK), ON, said).company_class == "midsize"


@pytest.mark.parametrize("owner", ["large", "group_size"])
def test_a_company_that_got_a_large_shareholder_has_its_years_of_grace(owner: str) -> None:
    said = replace(ALONE, owner=owner, outgrown="first", outgrown_year=2025)
    found = size_of(figures(700 * EOK), date(2026, 6, 1), said)
    assert (found.company_class, found.grace_until, found.settled) == ("sme", date(2030, 12, 31), True)


@pytest.mark.parametrize(
    ("founded", "expected"),
    [(date(2019, 5, 8), "startup"), (date(2019, 5, 7), "sme"), (date(2026, 1, 1), "startup")],
)
def test_one_day_over_seven_years_is_no_start_up(founded: date, expected: str) -> None:
    said = replace(ALONE, started_on=founded, recent_krw=0, recent_from=date(2026, 2, 1), recent_to=date(2026, 4, 30))
    assert size_of(figures(0, founded=OLD), ON, said).company_class == expected


def test_the_seventh_birthday_of_a_leap_day_is_the_28th() -> None:
    assert startup_until(date(2024, 2, 29)) == date(2031, 2, 28)


@pytest.mark.parametrize(
    ("assets", "average", "ksic", "founded", "expected"),
    [
        (4999 * EOK, 1000 * EOK, "J58222", OLD, "sme"),
        (4999 * EOK, 1000 * EOK + 1, "J58222", OLD, "midsize"),
        (5000 * EOK, 0, "J58222", date(2024, 1, 1), "large"),
        (10 * EOK, 1 * EOK, "J58222", date(2024, 1, 1), "startup"),
        (10 * EOK, 1 * EOK, "J58222", None, "sme"),
        (None, 1 * EOK, "J58222", date(2024, 1, 1), None),
        (10 * EOK, None, "J58222", date(2024, 1, 1), None),
        (10 * EOK, 400 * EOK, None, OLD, "sme"),
        (10 * EOK, 401 * EOK, None, OLD, None),
        (10 * EOK, 1801 * EOK, None, OLD, "midsize"),
    ],
)
def test_figures_alone_give_a_class_that_says_it_is_open(
    assets: int | None, average: int | None, ksic: str | None, founded: date | None, expected: str | None
) -> None:
    found = size_of(figures(average, assets=assets, ksic=ksic, founded=founded), ON)
    assert (found.company_class, found.settled) == (expected, False)
    assert {"group", "owner", "related"} <= {one.key for one in found.open}


def test_the_arithmetic_names_every_step_with_its_article() -> None:
    related = (RelatedFirm("누리홀딩스", 4_000, 500, "J62010"),)
    years = (900, 600, 300)
    found = size_of(figures(years=years), ON, replace(ALONE, related=related, legal_form="corporation"))
    assert [(line.label_ko, line.sum_ko, line.source) for line in found.lines] == [
        ("기준 사업연도", "2025-12-31 종료", "시행령 제3조의3"),
        ("평균매출액", "(900 + 600 + 300) ÷ 3", "시행령 제7조 ② 1호"),
        ("관계기업 누리홀딩스", "500 × 40%", "시행령 별표 2"),
        ("합산 평균매출액", "600 + 200", "시행령 제7조의4"),
        ("주된 업종", "J58222", "시행령 제4조"),
        ("자산총액", "1,000,000,000 < 500,000,000,000", "시행령 제3조 ① 1호 나목"),
        ("평균매출액 기준", "800 ≤ 100,000,000,000 (J)", "시행령 별표 1"),
        ("기업집단", "속하지 않음", "법 제2조 ① 단서"),
        ("30% 이상을 가진 최다출자 법인", "해당 없음", "시행령 제3조 ① 2호 나목"),
        ("업력(법인 설립등기일)", "2010-01-01 + 7년 = 2017-01-01, 2026-05-08 > 2017-01-01", "창업지원법 제2조"),
        ("소기업 기준", "800 ≤ 5,000,000,000 (J)", "시행령 별표 3"),
    ]


@pytest.mark.parametrize(
    ("claim", "differs"),
    [(None, False), ("small", False), ("medium", True), ("midsize", True), ("large", True)],
)
def test_the_companys_own_claim_is_compared_and_never_used(claim: str | None, differs: bool) -> None:  # noqa: FBT001 - a table of cases
    found = size_of(figures(1), ON, replace(ALONE, claim=claim))
    assert (found.company_class, found.contradicts(claim)) == ("sme", differs)
