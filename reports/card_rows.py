"""The rows that a learned model's card is made of: plain values, points in whole tenths, stamps in Korean time."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Measures:
    """How good one way of scoring was on folds it had not seen; `auc_interval` is at 95 %."""

    auc: float
    auc_interval: tuple[float, float]
    log_loss: float
    brier: float
    calibration_error: float


@dataclass(frozen=True, slots=True)
class CardCriterion:
    """A criterion: its key, names, the maxima of rubric and model in tenths, and its bins with their log-odds.

    A bin without a name is the one for answers that are missing.
    """

    key: str
    label_ko: str
    label_en: str
    rule_maximum: int
    maximum: int
    bins: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class CardCheck:
    """One check of the gate; `passed` is None where it does not apply."""

    key: str
    passed: bool | None
    reason_ko: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class CardVerdict:
    """One verdict; `champion` is "" for the recalibrated rubric, `decided_at` a stamp in Korean time."""

    passed: bool
    champion: str
    decided_at: str
    decided_by: str
    checks: tuple[CardCheck, ...]


@dataclass(frozen=True, slots=True)
class CardActivation:
    """That it served from an instant on; `proposed_by` is None where a rollback brought it back."""

    serves_from: str
    proposed_by: str | None
    approved_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class CardRows:
    """All that a card says.

    Attributes:
        standing: serves, proposed, passed, failed or unjudged.
        trained_at: A stamp in Korean time, as all stamps are.
        window: First and last day of decision, where they are known.
        evidence: How much the labels weigh, 0 to 1.
        groups: By name of a grouping, its groups and how many labels each has; "–" is unknown.
        verdicts: Newest first.
        calibrations: Lines, newest first: version and stamp.
        shown_on: The Korean day of this copy.
    """

    version: str
    method: str
    standing: str
    trained_at: str
    trained_by: str
    labels: int
    positives: int
    smaller: int
    evidence: float
    meaning_ko: str
    meaning_en: str
    window: tuple[date, date] | None
    reads_text: bool
    folds: int
    model: Measures
    rubric: Measures
    criteria: tuple[CardCriterion, ...]
    groups: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    shadow_weeks: int
    shadowed: int
    verdicts: tuple[CardVerdict, ...]
    activations: tuple[CardActivation, ...]
    calibrations: tuple[tuple[str, str], ...]
    sha256: str
    table_sha256: str
    libraries: tuple[tuple[str, str], ...]
    shown_on: date
