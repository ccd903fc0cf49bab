"""The application file: 120 rows, uneven exactly where its README says."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from example_files import Rows, read_rows

WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)
SKUS = ("h100", "h200", "a100")
QUARTERS = ("2026Q3", "2026Q4", "2027Q1")


def has_right_check_digit(number: str) -> bool:
    digits = [int(digit) for digit in number.replace("-", "")]
    total = sum(digit * weight for digit, weight in zip(digits, WEIGHTS, strict=False)) + digits[8] * 5 // 10
    return len(digits) == 10 and (10 - total % 10) % 10 == digits[9]


def is_acceptable(row: dict[str, str]) -> bool:
    return (
        has_right_check_digit(row["사업자등록번호"])
        and row["이메일"] != ""
        and row["신청금액"].isdigit()
        and row["설립일"] <= "2026-05-08"
    )


def test_the_file_begins_with_a_byte_order_mark(examples: Path) -> None:
    assert (examples / "applications.csv").read_bytes()[:3] == b"\xef\xbb\xbf"


def test_there_are_120_rows(applications: Rows) -> None:
    assert len(applications) == 120


def test_one_row_has_a_wrong_check_digit(applications: Rows) -> None:
    assert sum(not has_right_check_digit(row["사업자등록번호"]) for row in applications) == 1


def test_no_business_number_could_have_been_issued(applications: Rows) -> None:
    assert {row["사업자등록번호"][4:6] for row in applications} == {"00"}


def test_one_required_address_is_missing(applications: Rows) -> None:
    assert sum(row["이메일"] == "" for row in applications) == 1


def test_one_amount_is_no_number(applications: Rows) -> None:
    assert [row["신청금액"] for row in applications if not row["신청금액"].isdigit()] == ["5억쯤"]


def test_one_company_is_founded_in_the_future(applications: Rows) -> None:
    assert [row["설립일"] for row in applications if row["설립일"] > "2026-05-08"] == ["2031-03-02"]


def test_114_companies_have_an_acceptable_row(applications: Rows) -> None:
    assert len({row["사업자등록번호"] for row in applications if is_acceptable(row)}) == 114


def test_two_numbers_come_twice_once_identical_and_once_changed(applications: Rows) -> None:
    counts = Counter(row["사업자등록번호"] for row in applications)
    twice = [number for number, count in counts.items() if count == 2]
    pairs = [[row for row in applications if row["사업자등록번호"] == number] for number in twice]
    differences = sorted(sorted(key for key in first if first[key] != second[key]) for first, second in pairs)
    assert max(counts.values()) == 2
    assert differences == [[], ["delivered_projects", "letters_of_intent"]]


def test_screening_has_three_companies_to_stop(applications: Rows) -> None:
    large = [row for row in applications if int(row["자산총액"]) > 500_000_000_000]
    arrears = [row for row in applications if row["tax_arrears"] == "예"]
    abroad = [row for row in applications if row["foreign_processing_only"] == "예"]
    assert [len(large), len(arrears), len(abroad)] == [1, 1, 1]
    assert len({row["회사명"] for row in large + arrears + abroad}) == 3


def test_two_companies_share_contact_telephone_and_mail_domain(applications: Rows) -> None:
    by_phone: dict[str, set[tuple[str, str, str]]] = {}
    for row in applications:
        entry = (row["회사명"], row["담당자"], row["이메일"].partition("@")[2])
        by_phone.setdefault(row["연락처"], set()).add(entry)
    shared = [sorted(entries) for entries in by_phone.values() if len({name for name, _, _ in entries}) > 1]
    assert len(shared) == 1
    (first, second) = shared[0]
    assert first[1:] == second[1:]


@pytest.mark.parametrize("sku", SKUS)
@pytest.mark.parametrize("quarter", QUARTERS)
def test_acceptable_demand_is_about_three_times_the_pool(
    sku: str, quarter: str, applications: Rows, toml: Callable[[str], dict[str, Any]]
) -> None:
    pools = toml("calls/2026-1.toml")["pools"]
    hours = sum(pool["hours"] for pool in pools if (pool["sku"], pool["quarter"]) == (sku.upper(), quarter))
    latest = {row["사업자등록번호"]: row for row in applications if is_acceptable(row)}
    demand = sum(int(row[f"gpu_{sku}_{quarter}"] or 0) for row in latest.values())
    assert 27 * hours <= 10 * demand <= 33 * hours


def test_each_company_asks_for_some_gpu_time_worth_less_than_the_own_cap(
    applications: Rows, toml: Callable[[str], dict[str, Any]]
) -> None:
    pools = toml("calls/2026-1.toml")["pools"]
    cap = sum(pool["hours"] * pool["rate_krw"] for pool in pools) // 10
    values = [
        sum(int(row[f"gpu_{p['sku'].lower()}_{p['quarter']}"] or 0) * p["rate_krw"] for p in pools)
        for row in applications
    ]
    assert min(values) > 0
    assert max(values) <= cap


def test_every_answer_is_one_that_the_form_offers(applications: Rows, toml: Callable[[str], dict[str, Any]]) -> None:
    questions = [q for section in toml("calls/form.toml")["sections"] for q in section["questions"]]
    offered = {q["key"]: {c["key"] for c in q["choices"]} | {""} for q in questions if "choices" in q}
    offered |= {q["key"]: {"예", "아니오", ""} for q in questions if q["kind"] == "boolean"}
    strays = {key: {row[key] for row in applications} - allowed for key, allowed in offered.items()}
    assert len(offered) == 16
    assert {key: values for key, values in strays.items() if values} == {}


def test_every_sector_and_region_of_the_form_occurs(applications: Rows, toml: Callable[[str], dict[str, Any]]) -> None:
    form = toml("calls/form.toml")
    assert {row["적용산업"] for row in applications} == set(form["sectors"])
    assert {row["지역"] for row in applications} == set(form["regions"])


def test_every_application_links_to_the_cloud_or_to_korean_ai_and_some_to_one_only(
    applications: Rows,
) -> None:
    links = Counter((row["SPC연계계획"] != "", row["한국적AI연계계획"] != "") for row in applications)
    assert links[(False, False)] == 0
    assert min(links[(True, True)], links[(True, False)], links[(False, True)]) >= 10


def test_every_solution_is_its_own_and_ten_are_in_english(applications: Rows) -> None:
    titles = {row["솔루션명"] for row in applications}
    assert len(titles) == 118
    assert sum(title.isascii() for title in titles) == 10


def test_every_address_is_under_the_reserved_domain(applications: Rows) -> None:
    assert all(row["이메일"].endswith(".example") for row in applications if row["이메일"])


def test_no_invented_company_has_the_name_of_a_listed_one(applications: Rows, research: Path) -> None:
    listed = {row["Name"] for row in read_rows(research / "scoring/krx_products_2021.csv")}
    assert {row["회사명"] for row in applications} & listed == set()
