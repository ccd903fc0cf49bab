"""The gate: whether a challenger has earned its place, check by check, each with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scoring.canonical import Json, canonical_json, sha256_of
from scoring.learning.bins import Binning
from scoring.learning.evaluate import Learner, Split, forward_splits, random_splits
from scoring.learning.leakage import check_leakage
from scoring.learning.measures import auc, bins_for, calibration_error, losses
from scoring.learning.model import Method, Model
from scoring.learning.problems import LeakageError, LearnError
from scoring.learning.table import Codes, Floats, Table

FEWEST_LABELS = 80
FEWEST_OF_A_CLASS = 20
FORWARD_FROM = 160
FRESH_FROM = 40
MOST_ERROR = 0.10
LEAST_RATIO = 0.8
GROUP_FROM = 20
SHADOW_WEEKS = 4
_NORMAL_90 = 1.2815515655446004
_NORMAL_ONE_SIDED_95 = 1.6448536269514722
_CONFLICT = 0.1
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of the gate.

    Attributes:
        passed: None where the condition does not apply; it then stands in nobody's way.
        value: What was found, where it is a number.
        wanted: What it is compared with.
    """

    key: str
    passed: bool | None
    value: float | None
    wanted: float | None
    reason_ko: str
    reason_en: str

    def to_document(self) -> dict[str, Json]:
        """Give the check as plain JSON values."""
        return {
            "key": self.key,
            "passed": self.passed,
            "value": self.value,
            "wanted": self.wanted,
            "reason": self.reason_ko,
            "reason_en": self.reason_en,
        }


@dataclass(frozen=True)
class Verdict:
    """What the gate found; kept whole, whichever way it went.

    Attributes:
        passed: Whether the challenger may be activated, if two people say so.
        champion: The version served now; "rubric" for the recalibrated rubric.
        gain: Mean log-loss saved for each application, challenger against champion (nats).
        lower_bound: The gain's lower bound at 90 % confidence.
    """

    passed: bool
    challenger: str
    challenger_sha256: str
    champion: str
    champion_sha256: str | None
    rows: int
    smaller: int
    gain: float
    lower_bound: float
    table_sha256: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that stand in the way."""
        return tuple(check for check in self.checks if check.passed is False)

    def to_document(self) -> dict[str, Json]:
        """Give the verdict as plain JSON values."""
        return {
            "passed": self.passed,
            "challenger": self.challenger,
            "challenger_sha256": self.challenger_sha256,
            "champion": self.champion,
            "champion_sha256": self.champion_sha256,
            "rows": self.rows,
            "smaller": self.smaller,
            "gain": self.gain,
            "lower_bound": self.lower_bound,
            "table_sha256": self.table_sha256,
            "checks": [check.to_document() for check in self.checks],
        }

    @property
    def sha256(self) -> str:
        """The hash of the canonical JSON, 64 hexadecimal digits."""
        return sha256_of(self.to_document())

    def canonical_json(self) -> str:
        """The one spelling of `to_document`."""
        return canonical_json(self.to_document())


def judge(
    table: Table,
    challenger: Model,
    champion: Model | None = None,
    *,
    shadow_weeks: int,
    explained: Mapping[str, str] | None = None,
) -> Verdict:
    """Put a challenger against what is served now.

    The challenger's way of learning is repeated on folds of the table, so it is judged on rows it never saw. A champion
    that is a model is served as it stands; where rows are newer than its training window, only those count.

    Args:
        table: All labelled rows, with the challenger's features, and groups and times where they are known.
        challenger: The model that asks to be activated.
        champion: The model served now, or None for the recalibrated rubric.
        shadow_weeks: How many whole weeks the challenger has scored beside the champion.
        explained: Reasons of people, by check (`group:region`, `sign:team`); what is explained stands in nobody's way.

    Returns:
        The verdict. Two people's activation is the caller's.

    Raises:
        LearnError: If the table lacks a column that the challenger uses.
    """
    learner = Learner(table, _binnings(challenger, table))
    seen = random_splits(table.labels)
    theirs = [learner.out_of_fold(challenger.method, splits) for splits in seen]
    mine = _champion(champion, learner, table, seen)
    saved = np.mean([losses(table.labels, a) - losses(table.labels, b) for a, b in zip(mine, theirs, strict=True)], 0)
    fresh = _fresh(table, champion)
    gain, bound = lower_bound(saved[fresh])
    probabilities: Floats = np.mean(theirs, axis=0)
    excuses = explained or {}
    checks = [
        *_enough(table),
        _bound("gain", gain, bound),
        _forward(table, learner, challenger, champion),
        _calibrated(table, probabilities),
        _leakage(table),
        *_groups(table, probabilities, excuses),
        *_signs(challenger, table, learner.codes, excuses),
        _shadow(shadow_weeks),
    ]
    return Verdict(
        passed=all(check.passed is not False for check in checks),
        challenger=challenger.version,
        challenger_sha256=challenger.sha256,
        champion="rubric" if champion is None else champion.version,
        champion_sha256=None if champion is None else champion.sha256,
        rows=len(table),
        smaller=table.smaller,
        gain=round(gain, 6),
        lower_bound=round(bound, 6),
        table_sha256=table.sha256,
        checks=tuple(checks),
    )


def lower_bound(saved: Floats) -> tuple[float, float]:
    """Give the mean of paired differences and its lower bound at 90 % confidence, one-sided."""
    mean = float(saved.mean())
    spread = float(saved.std(ddof=1)) if len(saved) > 1 else math.inf
    return mean, mean - _NORMAL_90 * spread / math.sqrt(len(saved))


def _binnings(model: Model, table: Table) -> list[Binning]:
    features = {feature.key: feature for feature in table.features}
    for term in model.terms:
        if term.key not in features:
            raise LearnError(
                "모델이 쓰는 열이 표에 없습니다.", "the table lacks this column of the model.", place=term.key
            )
    return [replace(term.binning(), feature=features[term.key]) for term in model.terms]


def _champion(champion: Model | None, learner: Learner, table: Table, seen: Sequence[Sequence[Split]]) -> list[Floats]:
    if champion is None:
        return [learner.out_of_fold(Method.RECALIBRATED, splits) for splits in seen]
    served = champion.probabilities(table)
    return [served for _ in seen]


def _fresh(table: Table, champion: Model | None) -> Codes:
    """Give the rows first labelled after the champion's training, if they are enough; else all, which favours it."""
    everything = np.arange(len(table))
    until = None if champion is None else champion.training.get("until")
    if table.times is None or not isinstance(until, int | float):
        return everything
    newer = np.flatnonzero((table.times if table.firsts is None else table.firsts) > until)
    return newer if len(newer) >= FRESH_FROM else everything


def _enough(table: Table) -> list[Check]:
    return [
        Check(
            "labels",
            len(table) >= FEWEST_LABELS,
            len(table),
            FEWEST_LABELS,
            f"라벨 {len(table)}개, 최소 {FEWEST_LABELS}개",
            f"{len(table)} labels; at least {FEWEST_LABELS} are needed",
        ),
        Check(
            "smaller_class",
            table.smaller >= FEWEST_OF_A_CLASS,
            table.smaller,
            FEWEST_OF_A_CLASS,
            f"적은 쪽 라벨 {table.smaller}개, 최소 {FEWEST_OF_A_CLASS}개",
            f"{table.smaller} labels of the rarer kind; at least {FEWEST_OF_A_CLASS} are needed",
        ),
    ]


def _bound(key: str, gain: float, bound: float) -> Check:
    where_ko, where_en = ("반복 교차검증", "repeated folds") if key == "gain" else ("시간순 검증", "forward in time")
    return Check(
        key,
        bound > 0,
        round(bound, 6),
        0.0,
        f"{where_ko}: 로그손실 개선 {gain:+.4f}, 90% 하한 {bound:+.4f} (0보다 커야 함)",
        f"{where_en}: log-loss saved {gain:+.4f}, 90 % lower bound {bound:+.4f}, which must be above 0",
    )


def _forward(table: Table, learner: Learner, challenger: Model, champion: Model | None) -> Check:
    if table.times is None or np.isnan(table.times).any():
        return _not_asked(
            "forward", "결정 시점이 없어 시간순 검증을 하지 않음", "no times, so no split forward in time"
        )
    if len(table) < FORWARD_FROM:
        return _not_asked(
            "forward",
            f"라벨 {FORWARD_FROM}개부터 시간순 검증",
            f"a split forward in time is asked for from {FORWARD_FROM} labels on",
        )
    saved: list[Floats] = []
    for split in forward_splits(table.times):
        labels = table.labels[split.test]
        if not 0 < table.labels[split.train].sum() < len(split.train):
            continue
        theirs = learner.predict(challenger.method, split)
        served = (
            learner.predict(Method.RECALIBRATED, split)
            if champion is None
            else champion.probabilities(table.take(split.test))
        )
        saved.append(losses(labels, served) - losses(labels, theirs))
    if not saved:
        return _not_asked("forward", "시간이 한 시점뿐임", "all rows are of one time")
    return _bound("forward", *lower_bound(np.concatenate(saved)))


def _not_asked(key: str, reason_ko: str, reason_en: str) -> Check:
    return Check(key, None, None, None, reason_ko, reason_en)


def _calibrated(table: Table, probabilities: Floats) -> Check:
    found = calibration_error(table.labels, probabilities, bins_for(len(table)))
    return Check(
        "calibration",
        found <= MOST_ERROR,
        round(found, 6),
        MOST_ERROR,
        f"보정 오차(ECE) {found:.3f}, 최대 {MOST_ERROR:.2f}",
        f"calibration error {found:.3f}; at most {MOST_ERROR:.2f}",
    )


def _leakage(table: Table) -> Check:
    try:
        check_leakage(table)
    except LeakageError as error:
        return Check(
            "leakage", passed=False, value=None, wanted=None, reason_ko=error.message_ko, reason_en=error.message_en
        )
    return Check("leakage", True, None, None, "결과를 미리 아는 항목 없음", "no feature knows the outcome")  # noqa: FBT003


def _groups(table: Table, probabilities: Floats, explained: Mapping[str, str]) -> list[Check]:
    """Compare how often each group would be among the best, as many as there are fits (four-fifths rule)."""
    best = np.zeros(len(table), dtype=bool)
    best[np.argsort(-probabilities, kind="stable")[: table.positives]] = True
    checks = []
    for name, words in table.groups.items():
        sizes = {word: words == word for word in sorted({w for w in words.tolist() if w is not None})}
        rates = {word: float(best[rows].mean()) for word, rows in sizes.items() if rows.sum() >= GROUP_FROM}
        top = max(rates.values(), default=0.0)
        if len(rates) < 2 or not top:  # noqa: PLR2004 - one group has nobody to be compared with
            checks.append(
                _not_asked(
                    f"group:{name}",
                    f"{name}: {GROUP_FROM}건 이상인 집단이 둘 이상이어야 비교",
                    f"{name}: fewer than two groups of {GROUP_FROM}",
                )
            )
            continue
        word = min(rates, key=lambda w: (rates[w], w))
        ratio = rates[word] / top
        checks.append(
            _excused(
                Check(
                    f"group:{name}",
                    ratio >= LEAST_RATIO,
                    round(ratio, 6),
                    LEAST_RATIO,
                    f"{name}: 선정 비율이 가장 낮은 집단 {word} {ratio:.2f}, 최소 {LEAST_RATIO:.1f}",
                    f"{name}: lowest selection ratio {ratio:.2f} ({word}); at least {LEAST_RATIO:.1f}",
                ),
                explained,
            )
        )
    return checks


def _excused(check: Check, explained: Mapping[str, str]) -> Check:
    why = explained.get(check.key)
    if check.passed is not False or not why:
        return check
    return replace(
        check,
        passed=True,
        reason_ko=f"{check.reason_ko}. 설명: {why}",
        reason_en=f"{check.reason_en}. Explained: {why}",
    )


def _signs(model: Model, table: Table, codes: Codes, explained: Mapping[str, str]) -> list[Check]:
    """Name what the labels say against the rubric: its slope, and each feature with a direction."""
    checks = []
    if model.method is not Method.ADDITIVE and model.maxima:
        checks.append(
            _sign(
                "rubric",
                model.per_tenth < 0 and _opposed(table.labels, auc(table.labels, table.totals) - 0.5),
                "기준표 점수가 높을수록 적합도가 낮음",
                "more rule points, less fit",
                explained,
            )
        )
    for place, term in enumerate(model.terms):
        if not term.direction or term.category:
            continue
        known = codes[:, place] < len(term.weights) - 1
        area = auc(table.labels[known], codes[known, place].astype(np.float64)) if known.any() else math.nan
        rise = term.direction * (term.weights[-2] - term.weights[0])
        flat = max(term.weights[:-1]) - min(term.weights[:-1]) < _FLAT
        against = _opposed(table.labels[known], term.direction * (area - 0.5)) and (rise < -_CONFLICT or flat)
        checks.append(
            _sign(
                term.key,
                against,
                f"{term.label_ko}: 데이터가 기준표의 방향과 반대",
                f"{term.label_en}: the data disagree with the rubric's direction",
                explained,
            )
        )
    return checks or [_not_asked("sign", "방향이 정해진 항목 없음", "no feature has a direction")]


def _opposed(labels: Codes, lead: float) -> bool:
    """Say whether an AUC lies below one half by more than chance (one-sided 95 %, Mann-Whitney)."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return False
    return lead < -_NORMAL_ONE_SIDED_95 * math.sqrt((len(labels) + 1) / (12.0 * positives * negatives))


def _sign(key: str, against: bool, reason_ko: str, reason_en: str, explained: Mapping[str, str]) -> Check:  # noqa: FBT001 - a finding
    if not against:
        return Check(f"sign:{key}", True, None, None, f"{key}: 방향 일치", f"{key}: agrees with the rubric")  # noqa: FBT003
    return _excused(Check(f"sign:{key}", False, None, None, reason_ko, reason_en), explained)  # noqa: FBT003


def _shadow(weeks: int) -> Check:
    return Check(
        "shadow",
        weeks >= SHADOW_WEEKS,
        weeks,
        SHADOW_WEEKS,
        f"그림자 운영 {weeks}주, 최소 {SHADOW_WEEKS}주",
        f"{weeks} weeks in shadow; at least {SHADOW_WEEKS}",
    )
