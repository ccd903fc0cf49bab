"""How words become canonical answers."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from intake_samples import KRX, ROW

from fundapp.intake.answers import gpu_requests, read_answers, validate_answers
from fundapp.intake.form import Form
from fundapp.intake.rules import business_number_valid, corporate_number_valid, holds_resident_number

TODAY = date(2026, 5, 8)
VECTORS = KRX.parents[1] / "fund" / "kr_id_vectors.json"


def read_one(form: Form, key: str, value: object) -> object:
    reading = read_answers(form, {key: value}, today=TODAY)
    return reading.problems[0].code if reading.problems else reading.answers.get(key)


@pytest.mark.parametrize(
    ("key", "written", "kept"),
    [
        ("business_number", "120-88-00767", "1208800767"),
        ("business_number", " 1208800767 ", "1208800767"),
        ("business_number", "１２０－８８－００７６７", "1208800767"),
        ("corporate_number", "110111-0062432", "1101110062432"),
        ("founded_on", "2021.3.5", "2021-03-05"),
        ("founded_on", "2021년 3월 5일", "2021-03-05"),
        ("founded_on", "20210305", "2021-03-05"),
        ("requested_krw", "100,000,000", 100_000_000),
        ("requested_krw", "100000000원", 100_000_000),
        ("employees", "12.0", 12),
        ("gpu_h100_2026Q3", "1,200.5000", "1200.5"),
        ("gpu_h100_2026Q3", "0", None),
        ("gpu_utilisation_percent", "92.50%", "92.5"),
        ("contact_email", "Hana@Ganada.Example", "hana@ganada.example"),
        ("contact_phone", "+82 10-1234-5678", "01012345678"),
        ("contact_phone", "1012345678", "01012345678"),
        ("contact_phone", "1588-1234", "15881234"),
        ("region", "서울", "서울특별시"),
        ("region", "강원도", "강원특별자치도"),
        ("korean_model", "믿:음 또는 SOTA K", "midm_or_sota"),
        ("tax_arrears", "아니요", False),
        ("tax_arrears", "Yes", True),
        ("company_name", "가나다", "가나다"),
        ("ksic", "j58222", "J58222"),
        ("solution_summary", "첫 줄\r\n둘째 줄", "첫 줄\n둘째 줄"),
        ("spc_link", "   ", None),
    ],
)
def test_what_people_write_becomes_one_canonical_value(form: Form, key: str, written: str, kept: object) -> None:
    assert read_one(form, key, written) == kept


@pytest.mark.parametrize(
    ("key", "written", "code"),
    [
        ("business_number", "1208800768", "business_number"),
        ("business_number", "1234567890", "business_number"),
        ("corporate_number", "110111006243", "corporate_number"),
        ("founded_on", "2021-02-30", "not_a_date"),
        ("founded_on", "2026-05-09", "future_date"),
        ("requested_krw", "5억쯤", "not_a_number"),
        ("requested_krw", "123", "not_a_choice"),
        ("requested_krw", "-100000000", "too_small"),
        ("assets_krw", "1e9", "not_a_number"),
        ("assets_krw", "9" * 19, "too_large"),
        ("roles_filled", "6", "too_large"),
        ("gpu_h100_2026Q3", "-1", "not_hours"),
        ("gpu_h100_2026Q3", "1e99999", "not_hours"),
        ("gpu_h100_2026Q3", "0.00001", "not_hours"),
        ("gpu_utilisation_percent", "101", "too_large"),
        ("contact_email", "hana@", "email"),
        ("contact_email", "a@b.example\nBcc: c@d.example", "control_characters"),
        ("contact_phone", "12345", "phone"),
        ("region", "화성", "not_a_choice"),
        ("tax_arrears", "글쎄요", "not_a_boolean"),
        ("company_name", "가\x00나", "control_characters"),
        ("company_name", "가" * 81, "too_long"),
        ("solution_summary", "가\ud800나", "control_characters"),
        ("ksic", "소프트웨어", "ksic"),
        ("company_name", ["가나다"], "not_text"),
        ("no_such_question", "1", "unknown_question"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_code(form: Form, key: str, written: object, code: str) -> None:
    assert read_one(form, key, written) == code


@pytest.mark.parametrize(
    "text", ["대표 800101-1234567 입니다", "8001011234567", "９００２２８－２３４５６７８", "990131 – 5123456"]
)
def test_text_with_a_resident_number_is_refused(form: Form, text: str) -> None:
    assert read_one(form, "solution_summary", text) == "resident_number"


@pytest.mark.parametrize(
    "text", ["801301-1234567", "800100-1234567", "800101-9234567", "12800101-1234567", "1101110062432"]
)
def test_other_long_numbers_are_no_resident_numbers(text: str) -> None:
    assert not holds_resident_number(text)


def test_a_resident_number_does_not_pass_as_a_corporate_number(form: Form) -> None:
    assert read_one(form, "corporate_number", "800101-1234567") == "resident_number"


def test_a_corporate_number_with_another_check_digit_is_kept_with_a_warning(form: Form) -> None:
    reading = read_answers(form, {"corporate_number": "1101110062433"}, today=TODAY)
    assert reading.problems == []
    assert reading.answers == {"corporate_number": "1101110062433"}
    assert [warning.code for warning in reading.warnings] == ["corporate_check_digit"]


def test_identifier_checks_agree_with_the_published_numbers() -> None:
    if not VECTORS.exists():
        pytest.skip(f"{VECTORS.name} is not here")
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    business, corporate = vectors["business_registration"], vectors["corporate_registration"]
    assert all(map(business_number_valid, business["valid"]))
    assert not any(map(business_number_valid, business["invalid"]))
    assert all(map(corporate_number_valid, corporate["valid"]))
    assert not any(map(corporate_number_valid, corporate["invalid"]))


def test_a_complete_row_has_no_problem(form: Form) -> None:
    assert validate_answers(form, ROW, today=TODAY) == []


def test_each_required_question_without_an_answer_is_named(form: Form) -> None:
    answers = {key: value for key, value in ROW.items() if key not in {"contact_name", "gpu_h100_2026Q3"}}
    problems = validate_answers(form, answers, today=TODAY)
    assert [(found.field, found.code) for found in problems] == [("contact_name", "required"), ("gpu", "required")]


def test_one_of_the_two_linkage_plans_is_needed(form: Form) -> None:
    problems = validate_answers(form, ROW | {"spc_link": ""}, today=TODAY)
    assert [found.message_en for found in problems] == ["Describe the link to the SPC, to Korean AI, or to both"]
    assert validate_answers(form, ROW | {"spc_link": "", "korean_ai_link": "믿:음"}, today=TODAY) == []


def test_canonical_answers_read_again_are_the_same(form: Form) -> None:
    once = read_answers(form, ROW, today=TODAY).answers
    assert read_answers(form, once, today=TODAY).answers == once


def test_gpu_requests_come_with_sku_quarter_and_exact_hours(form: Form) -> None:
    answers = read_answers(form, ROW | {"gpu_a100_2027Q1": "0.1"}, today=TODAY).answers
    found = [(one.sku, one.quarter, one.hours.commodity, one.hours.decimal) for one in gpu_requests(answers)]
    assert found == [
        ("a100", "2027Q1", "GPUH.A100", Decimal("0.1")),
        ("h100", "2026Q3", "GPUH.H100", Decimal(240)),
    ]
