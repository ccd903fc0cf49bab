"""What disqualifies by itself and what only suggests; terms of a call; who decides a challenge."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date

import pytest

from fundapp.committee.rules import (
    Applicant,
    AssignmentTerms,
    ConflictTerms,
    DeclaredInterest,
    GroupCompany,
    Match,
    count_challenge,
    entitled_to_decide,
    find_matches,
    read_assignment_terms,
    read_conflict_terms,
)
from fundapp.committee.rules.grounds import GROUNDS, years_after
from fundapp.committee.rules.names import near_names, squeezed_name
from fundapp.core.errors import InvalidInputError

ON = date(2026, 5, 20)
WHO, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
CASE = uuid.UUID(int=9)
BRN, CRN = "2208162517", "1101110000086"
TERMS = ConflictTerms()
APPLICANT = Applicant(CASE, "가온소프트 주식회사", business_number=BRN, corporate_number=CRN, email="a@gaon.example")


def declared(kind: str = "employment", **facts: object) -> DeclaredInterest:
    said: dict[str, object] = {"company_name": "가온", "business_number": BRN} | facts
    return DeclaredInterest(WHO, kind, **said)  # type: ignore[arg-type]


def found(
    *interests: DeclaredInterest,
    groups: tuple[GroupCompany, ...] = (),
    address: str = "member@fund.example",
    applicant: Applicant = APPLICANT,
    terms: ConflictTerms = TERMS,
) -> list[Match]:
    return find_matches(
        interests,
        groups,
        {WHO: address},
        [applicant],
        terms=terms,
        on=ON,
        shared_domains=frozenset({"naver.com"}),
    )


def rules(*interests: DeclaredInterest, **more: object) -> list[str]:
    return [match.rule or f"?{match.signal}" for match in found(*interests, **more)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("interest", "rule"),
    [
        (declared("shareholding", share_bp=1), "shareholding"),
        (declared("shareholding", share_bp=0), "?small_share"),
        (declared("shareholding", share_bp=500, until=date(2026, 5, 19)), "?former"),
        (declared("employment"), "employment"),
        (declared("employment", until=date(2024, 5, 20)), "former_employment"),
        (declared("employment", until=date(2024, 5, 19)), "?former"),
        (declared("advisory", until=date(2025, 1, 1)), "advisory"),
        (declared("family"), "family"),
        (declared("group"), "group"),
        (declared("coinvestment"), "?coinvestment"),
    ],
)
def test_a_number_proves_what_the_kind_and_its_dates_allow(interest: DeclaredInterest, rule: str) -> None:
    assert rules(interest) == [rule]


def test_what_begins_later_does_not_count_yet() -> None:
    assert rules(declared(since=date(2026, 5, 21))) == []


def test_the_corporate_number_proves_as_well_as_the_business_number() -> None:
    assert rules(declared(business_number="", corporate_number=CRN)) == ["employment"]


def test_the_years_after_leaving_are_those_of_the_call() -> None:
    left = declared("employment", until=date(2023, 6, 1))
    assert rules(left) == ["?former"]
    assert rules(left, terms=ConflictTerms(employment_years=3)) == ["former_employment"]


def test_a_name_suggests_whatever_the_legal_form_and_one_letter_apart() -> None:
    for name in ("(주)가온소프트", "㈜ 가온 소프트", "가온소프트", "가온소프드"):
        assert rules(declared(company_name=name, business_number="")) == ["?name"]
    assert rules(declared(company_name="나온테크놀", business_number="")) == []


def test_short_names_are_compared_as_they_are() -> None:
    assert near_names("㈜가온") == {"가온"}
    assert squeezed_name("Gaon Soft Co., Ltd.") == "gaonsoft"


def test_marks_suggest_and_public_mail_does_not() -> None:
    assert rules(address="b@gaon.example") == ["?domain"]
    public = replace(APPLICANT, email="a@naver.com")
    assert rules(address="b@naver.com", applicant=public) == []
    called = replace(APPLICANT, phone="02-123-4567", address="서울시 중구 1")
    said = declared(company_name="딴회사", business_number="", phone="021234567", address="서울시 중구1")
    assert sorted(rules(said, applicant=called)) == ["?address", "?phone"]


def test_companies_of_one_group_are_found_through_the_register_of_groups() -> None:
    groups = (GroupCompany("한울", BRN), GroupCompany("한울", "1234567891"))
    employer = declared(company_name="한울전자", business_number="1234567891")
    assert rules(employer, groups=groups) == ["group"]
    assert rules(declared("group", company_name="한울", business_number="", group_name="한울"), groups=groups) == [
        "group"
    ]
    assert rules(declared("coinvestment", company_name="한울전자", business_number="1234567891"), groups=groups) == []


def test_who_acts_for_the_applicant_is_disqualified_without_a_declaration() -> None:
    assert rules(applicant=replace(APPLICANT, people=frozenset({WHO, OTHER}))) == ["membership"]


def test_a_ground_leaves_nothing_to_suggest() -> None:
    assert rules(declared(company_name="가온소프트"), address="b@gaon.example") == ["employment"]


def test_every_ground_says_where_it_is_written_in_both_languages() -> None:
    assert all(ground.basis_ko and ground.basis_en.isascii() and ground.en.isascii() for ground in GROUNDS.values())


def test_two_years_after_a_leap_day_is_the_last_of_february() -> None:
    assert years_after(date(2024, 2, 29), 2) == date(2026, 2, 28)


def test_a_call_without_sections_has_the_defaults() -> None:
    assert read_conflict_terms({}) == ConflictTerms(2, 1, challenges=True, meeting_pledge=True)
    assert read_assignment_terms({}) == AssignmentTerms(3, 40, 5, 3, {})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("conflicts", "employment_years", 21),
        ("conflicts", "least_share_bp", 0),
        ("conflicts", "challenges", "yes"),
        ("conflicts", "years", 2),
        ("assignment", "reviews", 0),
        ("assignment", "load_cap", 1.5),
        ("assignment", "caps", {"a@b": -1}),
    ],
)
def test_a_key_that_cannot_be_used_is_named(section: str, key: str, value: object) -> None:
    read = read_conflict_terms if section == "conflicts" else read_assignment_terms
    with pytest.raises(InvalidInputError, match=f"{section}.{key}"):
        read({section: {key: value}})


def test_the_target_and_the_recused_take_no_part_in_deciding() -> None:
    seats = [uuid.UUID(int=n) for n in range(6)]
    entitled = entitled_to_decide(seats, {seats[1]}, seats[0])
    assert entitled == set(seats[2:])
    count = count_challenge(
        entitled, {seats[0]: "no", seats[1]: "no", seats[2]: "yes", seats[3]: "yes", seats[4]: "no"}
    )
    assert (count.entitled, count.present, count.quorum_needed, count.yes, count.no) == (4, 3, 3, 2, 1)
    assert (count.quorum_met, count.upheld) == (True, True)


def test_a_tie_does_not_uphold_a_challenge_and_nobody_is_no_quorum() -> None:
    seats = [uuid.UUID(int=n) for n in range(2)]
    assert not count_challenge(seats, {seats[0]: "yes", seats[1]: "no"}).upheld
    assert not count_challenge([], {}).quorum_met
