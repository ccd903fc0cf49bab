"""Terms, ownership, splits and marks, against figures worked out by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fundapp.core.errors import InvalidInputError
from fundapp.core.quantities import split_pro_rata
from fundapp.core.quarters import Quarter
from fundapp.portfolio.rules import (
    Mark,
    Round,
    TrancheTerms,
    check_mark,
    check_terms,
    conversion_ratio,
    convert,
    plan_calls,
    proceeds_steps,
    require_round,
    require_schedule,
    split_within,
    stands_still,
)

SIGNED = date(2026, 7, 1)
Q3 = Quarter(2026, 3)
LAST = Round(9_000_000_000, 1_000_000_000, price_krw=10_000, total_shares=1_000_000, our_shares=50_000)
WON = st.integers(0, 10**12)
PROMISES = st.dictionaries(st.sampled_from("abcdef"), WON, min_size=1)


def terms(instrument: str, given: dict[str, object], note: str = "") -> dict[str, int | str | bool]:
    return check_terms(instrument, given, committed_krw=500_000_000, signed_on=SIGNED, note=note).terms


def test_preferred_shares_that_cost_what_was_committed_need_no_explanation() -> None:
    found = check_terms("RCPS", {"price_krw": 10_000, "shares": 50_000}, committed_krw=500_000_000, signed_on=SIGNED)
    assert (found.bought_krw, found.difference_krw) == (500_000_000, 0)


def test_a_difference_between_terms_and_commitment_has_to_be_explained() -> None:
    given: dict[str, object] = {"price_krw": 9_999, "shares": 50_000}
    with pytest.raises(InvalidInputError, match="the terms buy 499,950,000 won, -50,000 from the commitment"):
        terms("RCPS", given)
    assert terms("RCPS", given, note="단수 정리") == given


def test_a_coupon_of_nought_is_a_coupon() -> None:
    given: dict[str, object] = {
        "principal_krw": 500_000_000,
        "coupon_bp": 0,
        "maturity": "2031-07-01",
        "conversion_price_krw": 10_000,
    }
    assert terms("CB", given)["coupon_bp"] == 0


@pytest.mark.parametrize("name", ["maturity", "coupon_bp", "redemption_interest_bp"])
def test_a_safe_has_neither_repayment_date_nor_interest(name: str) -> None:
    value: object = "2029-07-01" if name == "maturity" else 300
    with pytest.raises(InvalidInputError, match="a SAFE has neither a repayment date nor interest"):
        terms("SAFE", {"valuation_cap_krw": 10**10, name: value})


@pytest.mark.parametrize(
    ("instrument", "given"),
    [
        ("RCPS", {"shares": 1}),
        ("RCPS", {"price_krw": 500_000_000, "shares": 1, "coupon_bp": 1}),
        ("CB", {"principal_krw": 500_000_000, "coupon_bp": 0, "maturity": "2029-07-01"}),
        ("CB", {"principal_krw": 500_000_000, "coupon_bp": 0, "maturity": "2026-07-01", "conversion_price_krw": 1}),
        ("common", {"price_krw": 0, "shares": 1}),
        ("SAFE", {}),
        ("none", {"shares": 1}),
    ],
)
def test_terms_that_are_missing_foreign_or_impossible_are_refused(instrument: str, given: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        terms(instrument, given)


def test_a_preferred_share_converts_by_issue_price_over_conversion_price() -> None:
    assert conversion_ratio({"price_krw": 10_000, "conversion_price_krw": 8_000}) == Fraction(5, 4)
    found = convert("RCPS", {"price_krw": 10_000, "conversion_price_krw": 8_000}, 0, LAST)
    assert found is not None
    assert (found.shares, found.ownership) == (62_500, Fraction(62_500, 1_012_500))


def test_a_bond_converts_its_principal_at_the_agreed_price() -> None:
    found = convert("CB", {"conversion_price_krw": 8_000}, 500_000_001, LAST)
    assert found is not None
    assert (found.shares, found.ownership) == (62_500, Fraction(112_500, 1_062_500))
    assert found.arithmetic == "500,000,001 ÷ 8,000 = 62,500"


def test_a_safe_converts_at_the_lower_of_cap_and_discount() -> None:
    """Cap 4.5bn over 900,000 shares before the round is 5,000; 20 % off 10,000 is 8,000."""
    safe: dict[str, int | str | bool] = {"valuation_cap_krw": 4_500_000_000, "discount_bp": 2_000}
    found = convert("SAFE", safe, 500_000_000, LAST)
    dear = convert("SAFE", {**safe, "valuation_cap_krw": 45_000_000_000}, 500_000_000, LAST)
    assert found is not None
    assert dear is not None
    assert (found.shares, dear.shares) == (100_000, 62_500)


def test_a_round_in_which_we_hold_more_than_there_is_cannot_be() -> None:
    with pytest.raises(InvalidInputError):
        require_round(Round(1, 1, 1, 10, 11))
    assert (LAST.ownership, LAST.post_money_krw, LAST.difference_krw) == (Fraction(1, 20), 10_000_000_000, 0)


def test_won_that_do_not_divide_go_to_the_largest_remainders() -> None:
    """100 by 47:16:15.8:12:6.1:3.1 with Hamilton's method gives 47, 16, 16, 12, 6, 3."""
    votes = {"a": 47_000, "b": 16_000, "c": 15_800, "d": 12_000, "e": 6_100, "f": 3_100}
    assert split_pro_rata(100, votes) == {"a": 47, "b": 16, "c": 16, "d": 12, "e": 6, "f": 3}
    assert split_pro_rata(1, {"b": 1, "a": 1}) == {"a": 1}
    assert split_pro_rata(0, {"a": 0}) == {}


def test_tranches_have_to_add_up_to_the_commitment() -> None:
    schedule = [TrancheTerms(60, SIGNED, "체결"), TrancheTerms(39, SIGNED, "점검")]
    with pytest.raises(InvalidInputError, match="differ from the commitment by -1 won"):
        require_schedule(schedule, 100, SIGNED)
    require_schedule(schedule, 99, SIGNED)


@pytest.mark.parametrize(
    ("amount", "cost", "steps"),
    [
        (450, 300, [("investment:A", "bank:fund", 300), ("gain:A", "bank:fund", 150)]),
        (200, 300, [("investment:A", "bank:fund", 200), ("investment:A", "gain:A", 100)]),
        (300, 300, [("investment:A", "bank:fund", 300)]),
    ],
)
def test_proceeds_give_up_cost_first_and_the_rest_is_gain_or_loss(
    amount: int, cost: int, steps: list[tuple[str, str, int]]
) -> None:
    assert proceeds_steps("exit", "A", amount, cost) == steps


def mark(value: int, technique: str = "multiples", reason: str = "", **changes: object) -> Mark:
    row = {"name": "EV/매출", "entry": "4.0", "now": "3.5", "source": "상장사 5곳"}
    return Mark(value, technique, (row,), "", "진입 가격에 맞춤", reason, **changes)  # type: ignore[arg-type]


def test_a_changed_value_and_one_that_stands_for_the_second_quarter_need_a_reason() -> None:
    one, two = Quarter(2026, 1), Quarter(2026, 2)
    with pytest.raises(InvalidInputError, match="won: say why"):
        check_mark(mark(90), quarter=Q3, entered=one, history=[(one, 100)])
    assert check_mark(mark(100), quarter=Q3, entered=one, history=[(two, 100)])[0] == 0
    with pytest.raises(InvalidInputError, match="unchanged twice"):
        check_mark(mark(100), quarter=Q3, entered=one, history=[(one, 100), (two, 100)])
    assert check_mark(mark(100, reason="계획대로"), quarter=Q3, entered=one, history=[(one, 100), (two, 100)])[0] == 0


def test_cost_is_evidence_in_the_quarter_of_entry_only() -> None:
    entry = mark(100, "entry_price")
    assert check_mark(entry, quarter=Q3, entered=Q3, history=[])[0] is None
    with pytest.raises(InvalidInputError, match="evidence only at entry"):
        check_mark(entry, quarter=Q3.next, entered=Q3, history=[(Q3, 100)])


@pytest.mark.parametrize(
    "bad",
    [
        mark(-1),
        mark(1, "gut feeling"),
        mark(1, "recent_price"),
        mark(1, "milestone"),
        Mark(1, "dcf", (), "", "보정"),
        Mark(1, "dcf", ({"name": "성장률", "entry": "", "now": "1", "source": "x"},), "", "보정"),
        Mark(1, "dcf", ({"name": "성장률", "entry": "2", "now": "1", "source": "x"},), "", " "),
    ],
)
def test_a_mark_that_does_not_say_enough_is_refused(bad: Mark) -> None:
    with pytest.raises(InvalidInputError):
        check_mark(bad, quarter=Q3, entered=Q3, history=[])


def test_a_value_stands_still_only_after_two_repeats_in_a_row() -> None:
    quarters = [Quarter(2026, number) for number in (1, 2, 3)]
    assert stands_still(list(zip(quarters, (5, 5, 5), strict=True)))
    assert not stands_still(list(zip(quarters, (4, 5, 5), strict=True)))
    assert not stands_still(list(zip(quarters[1:], (5, 5), strict=True)))


@st.composite
def awards(draw: st.DrawFn) -> tuple[dict[str, int], dict[int, int]]:
    """What investors promised to an award, and tranches that add up to it."""
    promised = draw(PROMISES)
    cuts = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
    shares = split_pro_rata(sum(promised.values()), {str(place): cut for place, cut in enumerate(cuts)})
    return promised, {place: shares.get(str(place), 0) for place in range(len(cuts))}


def asked_of(lines: dict[tuple[int, str], int], promised: dict[str, int]) -> dict[str, int]:
    return {code: sum(krw for (_, who), krw in lines.items() if who == code) for code in promised}


def call(lines: dict[tuple[int, str], int], number: int, promised: dict[str, int], tranches: dict[int, int]) -> None:
    """Ask for what of a tranche nobody has been asked for, as `draft_calls` does."""
    asked = asked_of(lines, promised)
    free = {code: krw - asked[code] for code, krw in promised.items() if (number, code) not in lines}
    missing = tranches[number] - sum(krw for (place, _), krw in lines.items() if place == number)
    parts = split_within(missing, plan_calls(tranches, promised)[number], free)
    lines |= {(number, code): krw for code, krw in parts.items()}


@given(awards())
def test_calls_for_all_tranches_ask_each_investor_for_exactly_its_promise(
    award: tuple[dict[str, int], dict[int, int]],
) -> None:
    promised, tranches = award
    plan = plan_calls(tranches, promised)
    assert {number: sum(parts.values()) for number, parts in plan.items()} == tranches
    assert {code: sum(parts.get(code, 0) for parts in plan.values()) for code in promised} == promised


@given(awards(), st.data())
def test_in_whatever_order_tranches_are_called_and_taken_back_the_promises_are_met_exactly(
    award: tuple[dict[str, int], dict[int, int]], data: st.DataObject
) -> None:
    promised, tranches = award
    lines: dict[tuple[int, str], int] = {}
    for number in data.draw(st.permutations(sorted(tranches))):
        call(lines, number, promised, tranches)
        for taken_back in data.draw(st.sets(st.sampled_from(sorted(lines)))) if lines else ():
            del lines[taken_back]
    for number in data.draw(st.permutations(sorted(tranches))):
        call(lines, number, promised, tranches)
    assert asked_of(lines, promised) == promised
    assert {place: sum(krw for (at, _), krw in lines.items() if at == place) for place in tranches} == tranches


@given(WON, PROMISES, st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**6)))
def test_a_capped_split_adds_up_and_stays_below_every_cap(
    amount: int, caps: dict[str, int], weights: dict[str, int]
) -> None:
    assume(amount <= sum(caps.values()))
    parts = split_within(amount, weights, caps)
    assert sum(parts.values()) == amount
    assert [name for name, part in parts.items() if not 0 < part <= caps[name]] == []


def test_what_a_cap_leaves_over_goes_to_those_with_room() -> None:
    assert split_within(100, {"a": 1, "b": 1}, {"a": 30, "b": 90}) == {"a": 30, "b": 70}
    with pytest.raises(InvalidInputError):
        split_within(121, {"a": 1, "b": 1}, {"a": 30, "b": 90})
