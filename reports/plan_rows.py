"""The rows that an allocation plan's sheet is made of: whole won, hours in ten-thousandths, words as they stand."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class PlanSlot:
    """A SKU and quarter: what the plan awards of what is free."""

    sku: str
    quarter: str
    planned_e4: int
    free_e4: int


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A company: asked for, recommended, and put to the committee; `score_tenths` is None while it is sealed."""

    company: str
    number: str
    score_tenths: int | None
    recommended_krw: int
    chosen_krw: int
    requested_e4: int
    recommended_e4: int
    chosen_e4: int
    reason: str


@dataclass(frozen=True, slots=True)
class PlanRows:
    """A plan.

    Attributes:
        title: Its call, or a scenario's name.
        made_at: A stamp in Korean time.
        adopted: Whether it went to a meeting.
        permille: Worth of what is put to the committee, of the recommendation's.
        words: What the objective weighs, in sentences.
        terms: Name and value of each.
        baselines: What a rule of thumb reaches, in permille of the plan.
        sha256: Of the instance.
    """

    title: str
    made_at: str
    made_by: str
    adopted: bool
    budget_krw: int
    objective: float
    bound: float
    permille: int
    words: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]
    slots: tuple[PlanSlot, ...]
    lines: tuple[PlanLine, ...]
    baselines: tuple[tuple[str, int], ...]
    solver: str
    sha256: str
    shown_on: date
