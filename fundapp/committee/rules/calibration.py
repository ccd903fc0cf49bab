"""Reviewers differ in severity: what that does to scores and ranks, and whether it is more than chance.

The model is additive: a total is the application's merit plus the reviewer's severity plus chance. Applications are
fixed effects, because no application may be pulled towards the others by its name alone. Reviewers are random ones:
severities are shrunk towards zero by the ratio of the two variances, the more the fewer reviews somebody filed (best
linear unbiased prediction; C. R. Henderson, "Best linear unbiased estimation and prediction under a selection model",
Biometrics 31, 1975, 423-447; G. K. Robinson, "That BLUP is a good thing", Statistical Science 6, 1991, 15-32). The
variances are those of Henderson's method III (C. R. Henderson, "Estimation of variance and covariance components",
Biometrics 9, 1953, 226-252; S. R. Searle, G. Casella and C. E. McCulloch, "Variance Components", 1992, section 5.5),
which is closed, so that the same reviews give the same figures everywhere.

All totals are in tenths of a point. Sums are taken in floating point, severities are cut to a millionth of a tenth,
and everything after that is exact and rounded once.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import exp, fsum, lgamma, log, log1p

from fundapp.committee.rules.reviews import FULL_TENTHS
from fundapp.committee.rules.statistics import trimmed_mean
from fundapp.committee.rules.terms import Official

FEW_REVIEWS = 6
"""With fewer reviews than this a reviewer's severity says little; the page warns."""
CHANCE = 0.001
"""Severities are told from chance where chance alone would give as much in one call of a thousand."""
_STEPS = 300
_TINY = 1e-300
_GRAIN = 6

Totals = Mapping[str, Mapping[uuid.UUID, int]]
"""Totals in tenths by application and reviewer."""


@dataclass(frozen=True, slots=True)
class Severity:
    """How one reviewer rates.

    Attributes:
        reviews: How many of theirs count, on applications that others rated as well.
        own_tenths: By how much they rate above (+) or below (-) the others on the same applications, as it stands.
        shrunk_tenths: The same after shrinkage: what is taken off their totals.
    """

    reviews: int
    own_tenths: Fraction
    shrunk_tenths: Fraction


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the model found.

    Attributes:
        severities: By reviewer.
        ratio: Variance of chance over variance of severity; None where no severity was found, so that nobody is moved.
        p_value: How likely chance alone would give severities this far apart; None where it cannot be told.
        degrees: Degrees of freedom of chance.
        groups: Groups of reviewers that share no application, directly or through others: between them, severity
            cannot be told from merit.
    """

    severities: Mapping[uuid.UUID, Severity]
    ratio: float | None
    p_value: float | None
    degrees: int
    groups: int

    @property
    def few(self) -> bool:
        """Whether somebody filed fewer reviews than say anything of their severity."""
        return any(one.reviews < FEW_REVIEWS for one in self.severities.values())

    @property
    def by_chance(self) -> bool:
        """Whether the severities could be chance."""
        return self.p_value is None or self.p_value >= CHANCE

    @property
    def doubtful(self) -> bool:
        """Whether the adjusted score needs its warning."""
        return self.few or self.by_chance or self.groups > 1


def calibrate(totals: Totals) -> Calibration:
    """Estimate how severe each reviewer is.

    Applications with a single review say nothing of severity and are left out.
    """
    shared = {key: totals[key] for key in sorted(totals) if len(totals[key]) > 1}
    people = sorted({person for row in shared.values() for person in row})
    if len(people) <= 1:
        return Calibration({}, None, None, 0, 1)
    matrix, right = _reduced(shared, people)
    counts = Counter(person for row in shared.values() for person in row)
    groups = _groups(shared)
    total = sum(counts.values())
    within = fsum(_spread(row.values()) for row in shared.values())
    free = total - len(shared) - len(people) + groups
    # The reduced matrix is singular, one direction a group; a ridge of almost nothing picks the smallest solution.
    grain = 1e-9 * fsum(matrix[i][i] for i in range(len(people))) / len(people)
    plain = _solve(matrix, right, grain)
    between = fsum(b * r for b, r in zip(plain, right, strict=True))
    chance = max(0.0, within - between) / free if free > 0 else None
    ratio = _ratio(matrix, between, chance, len(people) - groups)
    shrunk = _solve(matrix, right, ratio) if ratio is not None else [0.0] * len(people)
    p_value = _p_value(between, len(people) - groups, chance, free)
    severities = {person: Severity(counts[person], _cut(plain[i]), _cut(shrunk[i])) for i, person in enumerate(people)}
    return Calibration(severities, ratio, p_value, max(0, free), groups)


def _reduced(
    shared: Mapping[str, Mapping[uuid.UUID, int]], people: Sequence[uuid.UUID]
) -> tuple[list[list[float]], list[float]]:
    """Return the reviewers' normal equations after applications have been swept out."""
    place = {person: i for i, person in enumerate(people)}
    matrix = [[0.0] * len(people) for _ in people]
    right = [0.0] * len(people)
    for row in shared.values():
        seats = sorted(place[person] for person in row)
        mean = fsum(row.values()) / len(row)
        for person, total in row.items():
            right[place[person]] += total - mean
        for i in seats:
            matrix[i][i] += 1.0
            for j in seats:
                matrix[i][j] -= 1.0 / len(row)
    return matrix, right


def _spread(values: Iterable[int]) -> float:
    known = list(values)
    mean = fsum(known) / len(known)
    return fsum((value - mean) ** 2 for value in known)


def _ratio(matrix: Sequence[Sequence[float]], between: float, chance: float | None, ranks: int) -> float | None:
    """Return the ratio of the variances by Henderson's method III; None where severity has no variance."""
    if chance is None or ranks <= 0:
        return None
    trace = fsum(matrix[i][i] for i in range(len(matrix)))
    severity = (between - ranks * chance) / trace
    if severity <= 0:
        return None
    return chance / severity


def _groups(shared: Mapping[str, Mapping[uuid.UUID, int]]) -> int:
    """Count the groups of reviewers that nothing connects."""
    leader: dict[uuid.UUID, uuid.UUID] = {}

    def find(person: uuid.UUID) -> uuid.UUID:
        while leader.setdefault(person, person) != person:
            leader[person] = leader[leader[person]]
            person = leader[person]
        return person

    for row in shared.values():
        first, *others = row
        for other in others:
            leader[find(other)] = find(first)
    return len({find(person) for person in list(leader)})


def _solve(matrix: Sequence[Sequence[float]], right: Sequence[float], ridge: float) -> list[float]:
    """Solve a positive semidefinite system with a ridge on its diagonal, by Cholesky's method."""
    size = len(right)
    ridge = max(ridge, 1e-12)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] + (ridge if i == j else 0.0) - fsum(lower[i][k] * lower[j][k] for k in range(j))
            lower[i][j] = max(rest, ridge / 2) ** 0.5 if i == j else rest / lower[j][j]
    half = [0.0] * size
    for i in range(size):
        half[i] = (right[i] - fsum(lower[i][k] * half[k] for k in range(i))) / lower[i][i]
    found = [0.0] * size
    for i in reversed(range(size)):
        found[i] = (half[i] - fsum(lower[k][i] * found[k] for k in range(i + 1, size))) / lower[i][i]
    return found


def _cut(value: float) -> Fraction:
    return Fraction(round(value, _GRAIN)).limit_denominator(10**_GRAIN)


def _p_value(between: float, ranks: int, chance: float | None, free: int) -> float | None:
    """Return the upper tail of the F distribution at the ratio of mean squares."""
    if chance is None or ranks <= 0:
        return None
    if chance <= 0:
        return 0.0 if between > 0 else None
    return f_tail(between / ranks / chance, ranks, free)


def f_tail(ratio: float, above: int, below: int) -> float:
    """Return the chance that an F-distributed value with these degrees of freedom exceeds `ratio`.

    By the regularized incomplete beta function as a continued fraction (NIST Digital Library of Mathematical
    Functions, 8.17.22 and 8.17.5).
    """
    if ratio <= 0:
        return 1.0
    x = below / (below + above * ratio)
    a, b = below / 2, above / 2
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _beta_fraction(1 - x, b, a)
    return _beta_fraction(x, a, b)


def _beta_fraction(x: float, a: float, b: float) -> float:
    if x <= 0:
        return 0.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / _away(1 + step * d), _away(1 + step / c)
            value *= d * c
        if abs(d * c - 1) < 1e-14:  # noqa: PLR2004 - as exact as the numbers are
            break
    return front * value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


@dataclass(frozen=True, slots=True)
class Scores:
    """One application's three scores, in tenths of a point."""

    raw: int
    trimmed: int
    adjusted: int

    def of(self, official: Official) -> int:
        """Return the one that counts."""
        return {"raw": self.raw, "trimmed": self.trimmed, "adjusted": self.adjusted}[official]


def score_all(totals: Totals, calibration: Calibration) -> dict[str, Scores]:
    """Return the three scores of every application that has a rating; each is rounded once, half to even."""
    found = {}
    for key, row in totals.items():
        if not row:
            continue
        values = list(row.values())
        taken = sum((_shift(calibration, person) for person in row), Fraction(0))
        exact = (sum(values) - taken) / len(values)
        found[key] = Scores(
            raw=round(Fraction(sum(values), len(values))),
            trimmed=trimmed_mean(values),
            adjusted=min(FULL_TENTHS, max(0, round(exact))),
        )
    return found


def _shift(calibration: Calibration, person: uuid.UUID) -> Fraction:
    severity = calibration.severities.get(person)
    return severity.shrunk_tenths if severity else Fraction(0)


def rank(scores: Mapping[str, int]) -> dict[str, int]:
    """Return each one's place, the highest first; equal scores share the better place."""
    places: dict[int, int] = {}
    by_score: defaultdict[int, int] = defaultdict(int)
    for score in scores.values():
        by_score[score] += 1
    above = 0
    for score in sorted(by_score, reverse=True):
        places[score] = above + 1
        above += by_score[score]
    return {key: places[score] for key, score in scores.items()}
