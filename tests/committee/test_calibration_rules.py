"""Trimmed means, severities and agreement against published examples, tables and planted truths."""

from __future__ import annotations

import random
import uuid
from fractions import Fraction
from math import sqrt

import pytest

from fundapp.committee.rules.calibration import (
    FEW_REVIEWS,
    Totals,
    calibrate,
    f_tail,
    rank,
    score_all,
)
from fundapp.committee.rules.reliability import Metric, agreement_of
from fundapp.committee.rules.statistics import trimmed_mean

PEOPLE = [uuid.UUID(int=n) for n in range(1, 41)]

# Each line: where the example stands, the scores in hundredths, and the score that it comes to.
TRIMMED = (
    # Figure skating, ISU rule 353: one highest and one lowest mark go, one each where several are equal; the rest is
    # averaged. The marks for skating skills of a published protocol: 68.00 / 7 = 9.71.
    ("a protocol of nine judges", [950, 1000, 975, 975, 950, 975, 1000, 950, 975], 971),
    # P. S. Mann, Introductory Statistics, 7th edition, exercise 3.86 a: seven marks of a gymnast.
    ("seven judges of a gymnast", [940, 970, 950, 950, 940, 960, 950], 950),
    # 최고점과 최저점을 하나씩 빼고 나머지를 산술평균: 76 + 81 + 81 + 85 + 87 = 410, / 5 = 82.
    ("seven examiners", [7200, 7600, 8100, 8100, 8500, 8700, 9000], 8200),
    # International Jump Rope Union, Technical Manual 3.0.0, Averaging: 115, 118 and 119 are left, 352 / 3 = 117.33.
    ("five judges of rope skipping", [11200, 11500, 11800, 11900, 12400], 11733),
    # 동점이면 하나씩만 뺀다: three 80s leave one, and the two in the middle count.
    ("ties lose one each", [8000, 8000, 8000], 8000),
    ("ties at both ends", [9000, 9000, 6000, 6000], 7500),
    # Fewer than three: nothing can go.
    ("two reviewers", [7000, 8000], 7500),
)


@pytest.mark.parametrize(("scores", "trimmed"), [line[1:] for line in TRIMMED], ids=[line[0] for line in TRIMMED])
def test_a_trimmed_mean_is_that_of_the_published_example(scores: list[int], trimmed: int) -> None:
    assert trimmed_mean(scores) == trimmed


# Krippendorff 2011, section E: four observers, twelve units, values missing.
OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
UNITS = [
    [int(value) for value in unit if value != "."] for unit in zip(*(line.split() for line in OBSERVERS), strict=True)
]


@pytest.mark.parametrize(
    ("metric", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_is_that_of_krippendorffs_example_with_missing_values(metric: Metric, alpha: float) -> None:
    found = agreement_of(UNITS, metric)
    assert found.alpha is not None
    assert round(float(found.alpha), 3) == alpha
    assert (found.units, found.values) == (11, 40)


def test_alpha_is_that_of_krippendorffs_binary_example() -> None:
    # Krippendorff 2011, section A: two observers, ten units, alpha 0.095.
    first, second = (
        ["0", "1", "0", "0", "0", "0", "0", "0", "1", "0"],
        ["1", "1", "1", "0", "0", "1", "0", "0", "0", "0"],
    )
    found = agreement_of([[int(a), int(b)] for a, b in zip(first, second, strict=True)], "nominal")
    assert found.alpha is not None
    assert round(float(found.alpha), 3) == 0.095


def test_full_agreement_is_one_and_one_value_alone_is_none() -> None:
    assert agreement_of([[1, 1], [5, 5], [3, 3]]).alpha == 1
    assert agreement_of([[4, 4], [4, 4], [4, 4]]).alpha is None
    assert agreement_of([[4], [2], []]).units == 0


def test_the_interval_is_the_jackknifes() -> None:
    # By hand: leave one of n units out, spread of the n alphas times (n - 1) / n, 1.96 of its root either side.
    paired = [unit for unit in UNITS if len(unit) > 1]
    without = [agreement_of(paired[:n] + paired[n + 1 :], "interval").alpha or Fraction(0) for n in range(len(paired))]
    mean = sum(without) / len(without)
    error = sqrt(Fraction(10, 11) * sum((one - mean) ** 2 for one in without))
    found = agreement_of(UNITS, "interval")
    assert found.alpha is not None
    assert found.low == pytest.approx(float(found.alpha) - 1.96 * error)
    assert found.high == 1.0


@pytest.mark.parametrize(
    ("ratio", "above", "below", "tail"),
    # Critical values of printed F tables, and one in closed form: F(1, 1) at 4 is 1 - 2 arctan(2) / pi.
    [(2.53, 5, 30, 0.05), (5.53, 5, 30, 0.001), (3.10, 3, 20, 0.05), (4.94, 3, 20, 0.01), (4.0, 1, 1, 0.2951672)],
)
def test_the_tail_of_f_is_that_of_the_tables(ratio: float, above: int, below: int, tail: float) -> None:
    assert f_tail(ratio, above, below) == pytest.approx(tail, rel=0.012)


def spread(people: list[uuid.UUID], deviation: float, draw: random.Random) -> dict[uuid.UUID, float]:
    """Plant severities evenly from low to high, in any order, with this standard deviation in tenths."""
    steps = [2 * n - len(people) + 1 for n in range(len(people))]
    scale = deviation / sqrt(sum(step * step for step in steps) / len(steps))
    return dict(zip(draw.sample(people, len(people)), (step * scale for step in steps), strict=True))


def panel(
    seed: int, *, reviewers: int = 12, each: int = 6, severity: float = 80, chance: float = 40
) -> tuple[dict[uuid.UUID, float], Totals]:
    """Return planted severities and totals in tenths: three reviewers an application, `each` reviews a reviewer."""
    draw = random.Random(seed)  # noqa: S311 - a test's own dice
    people = PEOPLE[:reviewers]
    planted = spread(people, severity, draw)
    totals: dict[str, dict[uuid.UUID, int]] = {}
    for ordinal in range(reviewers * each // 3):
        held = {person: sum(person in row for row in totals.values()) for person in people}
        seats = sorted(people, key=lambda person: (held[person], draw.random()))[:3]
        merit = draw.gauss(600, 120)
        totals[f"{ordinal:03}"] = {
            person: min(1000, max(0, round(merit + planted[person] + draw.gauss(0, chance)))) for person in seats
        }
    return planted, totals


def correlation(one: list[float], other: list[float]) -> float:
    a, b = sum(one) / len(one), sum(other) / len(other)
    top = sum((x - a) * (y - b) for x, y in zip(one, other, strict=True))
    return top / sqrt(sum((x - a) ** 2 for x in one) * sum((y - b) ** 2 for y in other))


def recovery(planted: dict[uuid.UUID, float], totals: Totals) -> float:
    """Return how far the severities found follow those that were planted."""
    found = calibrate(totals).severities
    return correlation(list(planted.values()), [float(found[person].shrunk_tenths) for person in planted])


def test_planted_severities_come_back_from_six_reviews_each() -> None:
    # Severities of 8 points' deviation, chance of 4: every one of a hundred panels, the worst included.
    panels = [panel(seed) for seed in range(100)]
    assert {one.reviews for _, totals in panels for one in calibrate(totals).severities.values()} == {6}
    assert min(recovery(*one) for one in panels) >= 0.9


def test_planted_severities_come_back_where_six_review_each_application() -> None:
    # Chance as large as severity, and twenty applications.
    worst = 1.0
    for seed in range(100):
        draw = random.Random(seed)  # noqa: S311 - a test's own dice
        planted = spread(PEOPLE[:10], 80, draw)
        totals = {
            f"{n:02}": {p: round(600 + planted[p] + draw.gauss(0, 80)) for p in draw.sample(PEOPLE[:10], 6)}
            for n in range(20)
        }
        worst = min(worst, recovery(planted, totals))
    assert worst >= 0.9


def test_pure_noise_never_reorders_without_the_warning() -> None:
    moved = silent = 0
    for seed in range(300):
        _, totals = panel(seed, severity=0, chance=90)
        found = calibrate(totals)
        scores = score_all(totals, found)
        reordered = rank({k: s.raw for k, s in scores.items()}) != rank({k: s.adjusted for k, s in scores.items()})
        moved += reordered
        silent += reordered and not found.doubtful
    assert moved > 50  # otherwise the warning would have had nothing to warn of
    assert silent == 0


def test_a_large_panel_of_differing_reviewers_needs_no_warning() -> None:
    _, totals = panel(3, each=12)
    found = calibrate(totals)
    assert (found.few, found.by_chance, found.groups, found.doubtful) == (False, False, 1, False)


def test_the_adjusted_order_is_nearer_to_merit_than_the_raw_one() -> None:
    # A severe and a kind reviewer, each on half of the cases; the true order is that of the numbers.
    kind, severe, plain = PEOPLE[:3]
    totals = {
        f"{n:02}": {plain: 500 + 10 * n, (kind if n % 2 else severe): 500 + 10 * n + (100 if n % 2 else -100)}
        for n in range(12)
    }
    found = calibrate(totals)
    scores = score_all(totals, found)
    assert [key for key, _ in sorted(scores.items(), key=lambda pair: pair[1].adjusted)] == sorted(totals)
    assert found.severities[kind].own_tenths > 0 > found.severities[severe].own_tenths


def test_few_reviews_shrink_a_severity_further_than_many() -> None:
    _, totals = panel(5, each=12)
    newcomer = PEOPLE[30]
    rows = {key: dict(row) for key, row in totals.items()}
    first = next(iter(rows))
    rows[first][newcomer] = max(0, round(sum(rows[first].values()) / 3) - 200)
    found = calibrate(rows)
    one, others = found.severities[newcomer], [found.severities[p] for p in PEOPLE[:12]]
    kept = sum(abs(o.shrunk_tenths) for o in others) / sum(abs(o.own_tenths) for o in others)
    assert abs(one.shrunk_tenths) < abs(one.own_tenths) * kept
    assert (one.reviews, found.few) == (1, True)
    assert one.reviews < FEW_REVIEWS


def test_reviewers_who_share_no_application_are_counted_as_groups() -> None:
    a, b, c, d = PEOPLE[:4]
    totals = {f"x{n}": {a: 500 + n, b: 600 - n} for n in range(7)} | {f"y{n}": {c: 400, d: 450 + n} for n in range(7)}
    assert calibrate(totals).groups == 2
    assert calibrate(totals).doubtful


def test_single_reviews_move_nobody_and_stay_as_they_are() -> None:
    totals = {"1": {PEOPLE[0]: 700}, "2": {PEOPLE[1]: 400}}
    found = calibrate(totals)
    assert (found.severities, found.ratio, found.by_chance) == ({}, None, True)
    assert {key: (s.raw, s.trimmed, s.adjusted) for key, s in score_all(totals, found).items()} == {
        "1": (700, 700, 700),
        "2": (400, 400, 400),
    }


def test_the_result_does_not_depend_on_the_order_of_anything() -> None:
    _, totals = panel(7)
    turned = {key: dict(reversed(row.items())) for key, row in reversed(list(totals.items()))}
    assert score_all(turned, calibrate(turned)) == dict(reversed(score_all(totals, calibrate(totals)).items()))


def test_equal_scores_share_the_better_place() -> None:
    assert rank({"a": 700, "b": 900, "c": 700, "d": 100}) == {"a": 2, "b": 1, "c": 2, "d": 4}
