import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from scoring import CATALOGUE, FactError, Facts, Kind
from scoring.facts import is_context

NEVER_USED = {
    "name",
    "gender",
    "sex",
    "birth",
    "school",
    "university",
    "region",
    "address",
    "representative",
    "ceo",
    "reviewer",
    "language",
}
NEVER_USED_KO = (
    "성명",
    "이름",
    "성별",
    "나이",
    "연령",
    "학교",
    "학력",
    "지역",
    "주소",
    "대표자",
    "심사위원",
    "작성 언어",
)


def test_no_field_describes_a_person_a_place_a_reviewer_or_a_language() -> None:
    words = {word for key in CATALOGUE for word in key.split("_")}
    assert words & NEVER_USED == set()
    assert [key for key in CATALOGUE if "age" in key.split("_")] == ["company_age_months"]
    labels = " ".join(field.label_ko for field in CATALOGUE.values())
    assert [word for word in NEVER_USED_KO if word in labels] == []


@pytest.mark.parametrize("word", ["예", "네", "yes", "Y", " TRUE ", True])
def test_words_for_yes_are_true(word: object) -> None:
    assert Facts.from_answers({"workload_sheet": word}).get("workload_sheet") is True


@pytest.mark.parametrize("word", ["아니오", "아니요", "no", "N", "False", False])
def test_words_for_no_are_false(word: object) -> None:
    assert Facts.from_answers({"workload_sheet": word}).get("workload_sheet") is False


@pytest.mark.parametrize(
    ("given", "read"), [("12,000", 12000), ("12000", 12000), ("\uff11\uff12,\uff10\uff10\uff10", 12000), (7.0, 7)]
)
def test_amounts_are_read_with_commas_and_full_width_digits(given: object, read: int) -> None:
    assert Facts.from_answers({"requested_krw": given}).get("requested_krw") == read


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("requested_krw", "1.5억"),
        ("requested_krw", "1,20"),
        ("requested_krw", "-1"),
        ("requested_krw", -1),
        ("requested_krw", 1.5),
        ("requested_krw", float("nan")),
        ("requested_krw", float("inf")),
        ("requested_krw", 10**18),
        ("requested_krw", True),
        ("roles_filled", 6),
        ("gpu_utilisation_percent", "100.1"),
        ("gpu_utilisation_percent", Decimal("NaN")),
        ("workload_sheet", "아마도"),
        ("workload_sheet", 1),
        ("azure_ready", "soon"),
        ("founded_on", "2025-02-29"),
        ("founded_on", datetime(2025, 1, 1, tzinfo=UTC)),
        ("solution_title", 3),
        ("solution_title", "\ud800"),
    ],
)
def test_an_unreadable_value_is_an_error_in_both_languages(key: str, given: object) -> None:
    with pytest.raises(FactError) as caught:
        Facts.from_answers({key: given})
    assert caught.value.field == key
    assert CATALOGUE[key].label_ko in caught.value.message_ko
    assert CATALOGUE[key].label_en in caught.value.message_en


@pytest.mark.parametrize("key", sorted(CATALOGUE))
@pytest.mark.parametrize("blank", [None, "", "  \t", "　"])
def test_a_blank_answer_is_missing_in_every_field(key: str, blank: object) -> None:
    facts = Facts.from_answers({key: blank})
    assert facts.entries == ()
    assert facts.get(key) is None


@pytest.mark.parametrize("word", ["unknown", "모름"])
def test_an_answer_of_unknown_is_missing(word: str) -> None:
    assert Facts.from_answers({"company_class": word, "data_in_korea": word}).entries == ()


def test_zero_and_no_are_answers() -> None:
    facts = Facts.from_answers({"pilot_customers": "0", "workload_sheet": "아니오"})
    assert facts.entries == (("pilot_customers", 0), ("workload_sheet", False))


@pytest.mark.parametrize(
    ("korean", "code"),
    [
        ("공공", "public"),
        ("금융", "finance"),
        ("제조", "manufacturing"),
        ("의료", "healthcare"),
        ("에너지", "energy"),
        ("물류", "logistics"),
        ("유통", "retail"),
        ("교육", "education"),
        ("법률", "legal"),
        ("농업", "agriculture"),
        ("소프트웨어", "software"),
        ("미디어", "media"),
        ("기타", "other"),
    ],
)
def test_sectors_are_understood_in_korean(korean: str, code: str) -> None:
    assert Facts.from_answers({"sector": korean}) == Facts.from_answers({"sector": code})
    assert Facts.from_answers({"sector": korean}).get("sector") == code


def test_certifications_are_understood_as_they_are_written() -> None:
    for written in ("ISMS-P", "isms p", "CSAP"):
        assert Facts.from_answers({"security_certification": written}).get("security_certification") == (
            "isms_p_or_csap"
        )
    assert Facts.from_answers({"security_certification": "ISMS"}).get("security_certification") == "isms"


def test_no_two_options_of_a_field_answer_to_the_same_word() -> None:
    for field in CATALOGUE.values():
        if field.kind is not Kind.CHOICE:
            continue
        for choice in field.choices:
            for word in (choice.code, choice.label_ko, choice.label_en, *choice.synonyms):
                expected = None if choice.means_missing else choice.code
                assert Facts.from_answers({field.key: word}).get(field.key) == expected


def test_dates_and_numbers_are_read_exactly() -> None:
    facts = Facts.from_answers({"founded_on": "2021.3.2", "gpu_utilisation_percent": "72.50"})
    assert facts.entries == (("founded_on", date(2021, 3, 2)), ("gpu_utilisation_percent", Decimal("72.5")))


@pytest.mark.parametrize("key", ["company_name", "region", "contact_email", "gpu_h100_2026Q1"])
def test_context_columns_are_ignored(key: str) -> None:
    assert is_context(key)
    assert Facts.from_answers({key: "x"}) == Facts.from_answers({})


@pytest.mark.parametrize("key", ["azure_redy", "gpu_experiense", "gender"])
def test_a_column_nobody_knows_is_an_error(key: str) -> None:
    with pytest.raises(FactError) as caught:
        Facts.from_answers({key: "x"})
    assert caught.value.field == key


def test_asking_for_a_field_outside_the_catalogue_is_an_error() -> None:
    with pytest.raises(KeyError):
        Facts.from_answers({}).get("azure_redy")


def test_the_hash_is_that_of_sorted_compact_json_in_utf_8() -> None:
    facts = Facts.from_answers({"solution_title": "문서 검색", "pilot_customers": "2", "workload_sheet": "예"})
    spelt = '{"pilot_customers":2,"solution_title":"문서 검색","workload_sheet":true}'
    assert facts.canonical_json == spelt
    assert facts.sha256 == hashlib.sha256(spelt.encode()).hexdigest()


def test_facts_come_back_from_their_own_answers() -> None:
    facts = Facts.from_answers(
        {
            "founded_on": date(2020, 2, 29),
            "gpu_utilisation_percent": 60.5,
            "sector": "금융",
            "sanctions": False,
        }
    )
    assert Facts.from_answers(facts.to_answers()) == facts
