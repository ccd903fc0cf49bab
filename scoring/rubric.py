"""The rubric as the committee wrote it: knock-outs, criteria and rules, frozen and hashed.

Points are whole tenths of a point throughout, so that adding them is exact.
"""

from dataclasses import dataclass
from functools import cached_property

from scoring.canonical import Json, sha256_of
from scoring.operators import Operand, Operator

TOTAL_TENTHS = 1000


class RubricError(ValueError):
    """A rubric that cannot be used, and where in it the fault lies.

    Attributes:
        criterion: Key of the criterion or knock-out, if the fault lies in one.
        rule: Number of the rule or condition in it, from 1.
        field: The field at fault.
        setting: The setting at fault, such as "points" or "value", if it is one.
        message_ko: Place and fault in Korean.
        message_en: Place and fault in English.
    """

    def __init__(
        self,
        message_ko: str,
        message_en: str,
        *,
        criterion: str | None = None,
        rule: int | None = None,
        field: str | None = None,
        setting: str | None = None,
    ) -> None:
        """Name the place in front of both messages."""
        korean = [("기준", criterion), ("규칙", rule), ("항목", field)]
        english = [("criterion", criterion), ("rule", rule), ("field", field)]
        place_ko = ", ".join(f"{name} {what}" for name, what in korean if what is not None)
        place_en = ", ".join(f"{name} {what}" for name, what in english if what is not None)
        self.message_ko = f"{place_ko}: {message_ko}" if place_ko else message_ko
        self.message_en = f"{place_en}: {message_en}" if place_en else message_en
        super().__init__(self.message_en)
        self.criterion = criterion
        self.rule = rule
        self.field = field
        self.setting = setting


def _plain(value: object) -> Json:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


@dataclass(frozen=True)
class Rule:
    """Points for one answer.

    Attributes:
        value: What the answer is compared with: a value, a tuple of values, for text a tuple of concepts.
        points: Tenths of a point for meeting the rule; for text, for each concept found.
        cap: For text, the most tenths the rule can give, however often words are repeated; otherwise None.
    """

    field: str
    operator: Operator
    value: Operand
    points: int
    reason_ko: str
    reason_en: str
    cap: int | None = None

    def to_document(self) -> dict[str, Json]:
        """Give the rule as plain JSON values."""
        return {
            "field": self.field,
            "operator": self.operator.value,
            "value": _plain(self.value),
            "points": self.points,
            "cap": self.cap,
            "reason_ko": self.reason_ko,
            "reason_en": self.reason_en,
        }


@dataclass(frozen=True)
class Criterion:
    """One of the things a score is made of; its rules add up and stop at its maximum (tenths of a point)."""

    key: str
    label_ko: str
    label_en: str
    maximum: int
    rules: tuple[Rule, ...]

    def to_document(self) -> dict[str, Json]:
        """Give the criterion as plain JSON values."""
        return {
            "key": self.key,
            "label_ko": self.label_ko,
            "label_en": self.label_en,
            "maximum": self.maximum,
            "rules": [rule.to_document() for rule in self.rules],
        }


@dataclass(frozen=True)
class Condition:
    """One thing a knock-out requires of one answer."""

    field: str
    operator: Operator
    value: Operand

    def to_document(self) -> dict[str, Json]:
        """Give the condition as plain JSON values."""
        return {"field": self.field, "operator": self.operator.value, "value": _plain(self.value)}


@dataclass(frozen=True)
class Knockout:
    """A requirement outside the points: all its conditions must hold."""

    key: str
    label_ko: str
    label_en: str
    reason_ko: str
    reason_en: str
    requires: tuple[Condition, ...]

    def to_document(self) -> dict[str, Json]:
        """Give the knock-out as plain JSON values."""
        return {
            "key": self.key,
            "label_ko": self.label_ko,
            "label_en": self.label_en,
            "reason_ko": self.reason_ko,
            "reason_en": self.reason_en,
            "requires": [condition.to_document() for condition in self.requires],
        }


@dataclass(frozen=True)
class Rubric:
    """A version of the rubric: made by `parse_rubric`, which checks it, and never changed afterwards."""

    version: str
    title_ko: str
    title_en: str
    knockouts: tuple[Knockout, ...]
    criteria: tuple[Criterion, ...]

    def __eq__(self, other: object) -> bool:
        return self.sha256 == other.sha256 if isinstance(other, Rubric) else NotImplemented

    def __hash__(self) -> int:
        # Scoring looks its compiled rubric up once per application: one cached string instead of every rule.
        return hash(self.sha256)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields this rubric asks for, in the order in which it first does."""
        asked = [condition.field for knockout in self.knockouts for condition in knockout.requires]
        asked += [rule.field for criterion in self.criteria for rule in criterion.rules]
        return tuple(dict.fromkeys(asked))

    def to_document(self) -> dict[str, Json]:
        """Give the whole rubric, dictionaries included, as plain JSON values."""
        return {
            "version": self.version,
            "title_ko": self.title_ko,
            "title_en": self.title_en,
            "knockouts": [knockout.to_document() for knockout in self.knockouts],
            "criteria": [criterion.to_document() for criterion in self.criteria],
        }

    @cached_property
    def sha256(self) -> str:
        """The hash of the canonical JSON, 64 hexadecimal digits."""
        return sha256_of(self.to_document())
