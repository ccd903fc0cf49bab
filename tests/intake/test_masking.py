"""Who applies is taken out of answers in every spelling that the answers give, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from fundapp.intake.form import parse_form
from fundapp.intake.masking import MASK, AskedIdentity, Masker


def question(key: str, kind: str, **more: object) -> dict[str, Any]:
    return {"key": key, "kind": kind, "label_ko": key, "label_en": key, **more}


DOCUMENT: dict[str, Any] = {
    "review": {"masked": ["rival"]},
    "regions": ["부산광역시"],
    "sections": [
        {
            "key": "all",
            "title_ko": "모두",
            "title_en": "All",
            "questions": [
                question("company_name", "text"),
                question("business_number", "business_number"),
                question("contact_name", "text"),
                question("contact_email", "email"),
                question("contact_phone", "phone"),
                question("homepage", "text"),
                question("address", "text"),
                question("rival", "text"),
                question("region", "region"),
                question("founded_on", "date"),
                question("requested_krw", "krw"),
                question("summary", "textarea"),
            ],
        }
    ],
}
ANSWERS: dict[str, Any] = {
    "company_name": "새마루로보틱스 주식회사",
    "business_number": "2208162517",
    "contact_name": "이하린",
    "contact_email": "harin@saemaru.example",
    "contact_phone": "051-123-4567",
    "homepage": "https://www.saemaru.example/ko",
    "address": "부산광역시 영도구 태종로 63",
    "rival": "다온결",
    "region": "부산광역시",
    "founded_on": "2021-03-02",
    "requested_krw": 100_000_000,
    "summary": "새마루로보틱스(Saemaru Robotics)는 용접 경로를 계획합니다.",
}


def masker(**changes: object) -> Masker:
    answers = ANSWERS | changes
    asked = AskedIdentity.of(parse_form(DOCUMENT), DOCUMENT)
    return Masker.of(asked, answers, company="(주)새마루로보틱스", identifier="2208162517")


@pytest.mark.parametrize(
    "spelling",
    [
        "새마루로보틱스",
        "(주)새마루로보틱스",
        "㈜ 새마루로보틱스",
        "주식회사 새마루로보틱스",
        "새마루로보틱스 주식회사",
        "새마루 로보틱스",
        "새 마루 로보틱스(주)",
        "Saemaru Robotics",
        "SAEMARU ROBOTICS Co., Ltd.",
        "saemaru-robotics",
        "saemaru",
        "이하린",
        "이 하린",
        "harin@saemaru.example",
        "hello@elsewhere.example",
        "www.saemaru.example",
        "api.saemaru.example/v1",
        "https://github.example/saemaru",
        "051-123-4567",
        "051 123 4567",
        "0511234567",
        "010-9876-5432",
        "220-81-62517",
        "2208162517",
        "부산광역시 영도구 태종로 63",
        "서울특별시 강남구 테헤란로 152",
        "다온결",
    ],
)
def test_no_spelling_is_left(spelling: str) -> None:
    said = masker().text(f"우리 {spelling}의 도면 계획은 12주가 걸립니다.")
    assert said.replace(MASK, "").split() == ["우리", "의", "도면", "계획은", "12주가", "걸립니다."] or (
        # An address on the web ends at the next space or Korean letter.
        said.startswith(f"우리 {MASK}") and spelling not in said
    )


def test_decomposed_hangul_is_found_too() -> None:
    assert "새마루".encode() not in masker().text("새마루로보틱스입니다").encode()


@pytest.mark.parametrize(
    "innocent",
    [
        "2021년 3월부터 12개월 동안 3,000시간을 씁니다.",
        "자료로 3번, 바로 2번 확인했습니다.",
        "GPU H100 8장으로 2026-07-01에 시작합니다.",
        "용접 경로와 순서를 계획합니다. (시험 4-2)",
        "매출 1,820,000,000원, 비용 10.5억원",
    ],
)
def test_ordinary_text_stays_as_it_is(innocent: str) -> None:
    assert masker().text(innocent) == innocent


def test_answers_about_identity_go_as_a_whole_and_figures_and_choices_stay() -> None:
    shown = masker().answers(ANSWERS)
    identity = {key for key, value in shown.items() if value == MASK}
    assert identity == {
        "company_name",
        "business_number",
        "contact_name",
        "contact_email",
        "contact_phone",
        "homepage",
        "address",
        "rival",
    }
    assert {key: shown[key] for key in ("region", "founded_on", "requested_krw")} == {
        key: ANSWERS[key] for key in ("region", "founded_on", "requested_krw")
    }
    assert shown["summary"] == f"{MASK}({MASK})는 용접 경로를 계획합니다."


def test_a_public_mail_domain_masks_nothing_but_the_address() -> None:
    text = masker(contact_email="harin@naver.com", homepage="").text("naver 지도와 견줍니다. harin@naver.com")
    assert text == f"naver 지도와 견줍니다. {MASK}"


def test_a_name_of_one_letter_is_left_alone_rather_than_masking_everything() -> None:
    asked = AskedIdentity.of(parse_form(DOCUMENT), DOCUMENT)
    found = Masker.of(asked, {"company_name": "봄"}, company="봄", identifier="")
    assert found.text("봄에 시작합니다") == "봄에 시작합니다"
