"""How a call is reviewed, as the table `review` of its definition states it.

| key | default | meaning |
| --- | --- | --- |
| `official` | `trimmed` | which of the scores side by side counts: `raw`, `trimmed` or `adjusted` |
| `masked` | none | further questions whose answers tell who applies, e.g. `["homepage"]` |
| `[[review.criteria]]` | the fund's five | what is rated from 1 to 5 |
| `[[review.phases]]` | one | the stretches of the review, in order |

A criterion has a `key`, `label_ko`, `label_en`, a `weight` (100 in all) and, in `anchors_ko` and `anchors_en`, what 1,
3 and 5 mean. A phase has a `key`, `title_ko`, `title_en`, `names`, `others`, `machine`, `may_review` and `starts`. It
says what a member of the committee sees: `names` are `shown` or `masked`; `others`, the reviews and the discussion of
colleagues, and `machine`, the fit score, open `never`, `after_mine` (the own review is filed) or `always`; `may_review`
says whether reviews are taken. The first phase holds from the start. The later ones begin at `starts`, an instant with
its zone, or when the secretary says so; either all of them have a date or none has one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal, cast, get_args

from fundapp.committee.rules.reviews import CRITERIA, Criterion
from fundapp.core.errors import InvalidInputError, TransitionRefusedError

Names = Literal["shown", "masked"]
Openness = Literal["never", "after_mine", "always"]
Official = Literal["raw", "trimmed", "adjusted"]

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_WHOLE = 100
_MOST = 12
_LONGEST = 120
_KEYS = frozenset({"official", "masked", "criteria", "phases"})
_CRITERION_KEYS = frozenset({"key", "label_ko", "label_en", "weight", "anchors_ko", "anchors_en"})
_PHASE_KEYS = frozenset({"key", "title_ko", "title_en", "names", "others", "machine", "may_review", "starts"})


class PhaseBegunError(TransitionRefusedError):
    """A phase begins once, and none comes back."""

    code = "phase_begun"
    ko = "이미 시작했거나 지나간 단계입니다."
    en = "This phase has begun already, or is over."


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of a call's review.

    Attributes:
        names: Whether members see who applies.
        others: When a member sees the reviews of colleagues, their figures and the discussion.
        machine: When a member sees the fit score.
        may_review: Whether reviews are taken.
        starts: When it begins, for phases that go by the calendar.
    """

    key: str
    title_ko: str
    title_en: str
    names: Names = "shown"
    others: Openness = "after_mine"
    machine: Openness = "after_mine"
    may_review: bool = True
    starts: datetime | None = None

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self) | {"starts": self.starts.isoformat() if self.starts else None}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Phase:
        """Read what `as_document` wrote."""
        starts = document["starts"]
        return cls(**{**document, "starts": datetime.fromisoformat(starts) if starts else None})


PHASES = (Phase("review", "심사", "Review"),)


@dataclass(frozen=True, slots=True)
class ReviewTerms:
    """How a call is reviewed; fixed once its reviews are open."""

    criteria: tuple[Criterion, ...] = CRITERIA
    official: Official = "trimmed"
    phases: tuple[Phase, ...] = PHASES
    masked: tuple[str, ...] = ()

    def find_phase(self, key: str) -> Phase | None:
        """Return the phase with a key."""
        return next((phase for phase in self.phases if phase.key == key), None)

    def phase_named(self, key: str | None) -> Phase:
        """Return the phase that the record says, or the first one before anything was recorded."""
        return (self.find_phase(key) if key else None) or self.phases[0]

    def phase_due(self, at: datetime) -> Phase:
        """Return the phase that the calendar says: the last one that has begun."""
        return next(phase for phase in reversed(self.phases) if phase.starts is None or phase.starts <= at)

    @property
    def dated(self) -> bool:
        """Whether the phases go by the calendar."""
        return any(phase.starts for phase in self.phases)

    def as_document(self) -> dict[str, Any]:
        """Return them as JSON, with everything that was left to the defaults."""
        return {
            "criteria": [asdict(criterion) for criterion in self.criteria],
            "official": self.official,
            "phases": [phase.as_document() for phase in self.phases],
            "masked": list(self.masked),
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> ReviewTerms:
        """Read what `as_document` wrote."""
        return cls(
            criteria=tuple(
                Criterion(**{**one, "anchors_ko": tuple(one["anchors_ko"]), "anchors_en": tuple(one["anchors_en"])})
                for one in document["criteria"]
            ),
            official=document["official"],
            phases=tuple(Phase.of_document(one) for one in document["phases"]),
            masked=tuple(document["masked"]),
        )


def review_terms(document: Mapping[str, Any]) -> ReviewTerms:
    """Read the terms of a call's document.

    Raises:
        InvalidInputError: naming the key that is missing, unknown or out of range.
    """
    table = document.get("review", {})
    if not isinstance(table, dict):
        raise _refuse("review", "표여야 합니다", "must be a table")
    _require_known(table, _KEYS, "review")
    masked = table.get("masked", [])
    if not isinstance(masked, list) or not all(isinstance(key, str) and key for key in masked):
        raise _refuse("review.masked", "문항 이름의 목록이어야 합니다", "must be a list of question keys")
    return ReviewTerms(
        criteria=_criteria(table["criteria"]) if "criteria" in table else CRITERIA,
        official=cast("Official", _chosen(table, "official", get_args(Official), "review.official", "trimmed")),
        phases=_phases(table["phases"]) if "phases" in table else PHASES,
        masked=tuple(masked),
    )


def _criteria(entries: object) -> tuple[Criterion, ...]:
    tables = _tables(entries, "review.criteria")
    criteria = tuple(_criterion(entry, f"review.criteria[{place}]") for place, entry in enumerate(tables, start=1))
    _require_distinct([criterion.key for criterion in criteria], "review.criteria")
    whole = sum(criterion.weight for criterion in criteria)
    if whole != _WHOLE:
        raise _refuse(
            "review.criteria", f"배점의 합이 100이어야 합니다 (지금 {whole})", f"weights must sum to 100, not {whole}"
        )
    return criteria


def _criterion(entry: Mapping[str, Any], name: str) -> Criterion:
    _require_known(entry, _CRITERION_KEYS, name)
    weight = entry.get("weight")
    if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= _WHOLE:
        raise _refuse(f"{name}.weight", "1에서 100까지의 정수여야 합니다", "must be a whole number from 1 to 100")
    return Criterion(
        _word(entry, "key", name),
        _word(entry, "label_ko", name),
        _word(entry, "label_en", name),
        weight,
        _anchors(entry, "anchors_ko", name),
        _anchors(entry, "anchors_en", name),
    )


def _anchors(entry: Mapping[str, Any], key: str, name: str) -> tuple[str, str, str]:
    match entry.get(key):
        case [str(low), str(middle), str(high)] if low.strip() and middle.strip() and high.strip():
            return low.strip(), middle.strip(), high.strip()
    raise _refuse(
        f"{name}.{key}", "1, 3, 5점이 무엇인지 세 문장이 필요합니다", "needs three texts: what 1, 3 and 5 mean"
    )


def _phases(entries: object) -> tuple[Phase, ...]:
    tables = _tables(entries, "review.phases")
    phases = tuple(_phase(entry, f"review.phases[{place}]") for place, entry in enumerate(tables, start=1))
    _require_distinct([phase.key for phase in phases], "review.phases")
    starts = [phase.starts for phase in phases[1:]]
    days = [start for start in starts if start is not None]
    if phases[0].starts is not None or (days and len(days) != len(starts)):
        raise _refuse(
            "review.phases",
            "첫 단계를 뺀 모든 단계에 starts를 적거나, 하나도 적지 않습니다",
            "give all phases but the first their starts, or none",
        )
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise _refuse("review.phases", "starts가 차례대로 늦어져야 합니다", "each must start later than the one before")
    return phases


def _phase(entry: Mapping[str, Any], name: str) -> Phase:
    _require_known(entry, _PHASE_KEYS, name)
    may_review = entry.get("may_review", True)
    if not isinstance(may_review, bool):
        raise _refuse(f"{name}.may_review", "true나 false여야 합니다", "must be true or false")
    return Phase(
        key=_word(entry, "key", name),
        title_ko=_word(entry, "title_ko", name),
        title_en=_word(entry, "title_en", name),
        names=cast("Names", _chosen(entry, "names", get_args(Names), f"{name}.names", "shown")),
        others=cast("Openness", _chosen(entry, "others", get_args(Openness), f"{name}.others", "after_mine")),
        machine=cast("Openness", _chosen(entry, "machine", get_args(Openness), f"{name}.machine", "after_mine")),
        may_review=may_review,
        starts=_instant(entry, f"{name}.starts"),
    )


def _instant(entry: Mapping[str, Any], name: str) -> datetime | None:
    if "starts" not in entry:
        return None
    try:
        found = datetime.fromisoformat(str(entry["starts"]))
    except ValueError:
        found = datetime.min  # noqa: DTZ901 - has no zone, which is refused below
    if found.tzinfo is None:
        raise _refuse(name, "시간대가 있는 날짜와 시각이 필요합니다", "needs a date and time with its zone")
    return found


def _chosen(entry: Mapping[str, Any], key: str, options: tuple[str, ...], name: str, default: str) -> str:
    value = entry.get(key, default)
    if value not in options:
        listed = ", ".join(options)
        raise _refuse(name, f"{listed} 가운데 하나여야 합니다", f"must be one of {listed}")
    return str(value)


def _tables(entries: object, name: str) -> list[dict[str, Any]]:
    if (
        not isinstance(entries, list)
        or not 1 <= len(entries) <= _MOST
        or not all(isinstance(entry, dict) for entry in entries)
    ):
        raise _refuse(name, f"표의 목록이어야 합니다 (1개에서 {_MOST}개)", f"must be a list of 1 to {_MOST} tables")
    return entries


def _word(entry: Mapping[str, Any], key: str, name: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= _LONGEST:
        raise _refuse(f"{name}.{key}", f"1자에서 {_LONGEST}자까지 적습니다", f"1 to {_LONGEST} characters are needed")
    return value.strip()


def _require_known(entry: Mapping[str, Any], known: frozenset[str], name: str) -> None:
    for key in sorted(entry.keys() - known):
        raise _refuse(f"{name}.{key}", "없는 항목입니다", "there is no such key")


def _require_distinct(keys: list[str], name: str) -> None:
    for key in keys:
        if not _KEY.fullmatch(key):
            raise _refuse(
                f"{name}.key",
                f"영어 소문자, 숫자, 밑줄로 적습니다: {key}",
                f"lower-case letters, digits and underscores only: {key}",
            )
        if keys.count(key) > 1:
            raise _refuse(name, f"이름이 겹칩니다: {key}", f"the key {key} is used twice")


def _refuse(field: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=reason_ko, reason_en=reason_en)
