"""The rows a model learns from: features, rule points, labels, and beside them groups and times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scoring.canonical import sha256_of
from scoring.learning.problems import LearnError

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Words = NDArray[np.object_]


class Source(StrEnum):
    """Where a feature's value comes from when one application is scored."""

    COLUMN = "column"
    CRITERION = "criterion"
    FIELD = "field"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing a model may learn from.

    Attributes:
        key: Its column, the criterion's key or the field's key.
        criterion: The criterion its learned points count in; by default a criterion of its own.
        direction: 1 if the rubric says more is better, -1 if less is, 0 if it says nothing.
        category: Whether the values are words and not numbers.
        after_decision: Whether the value is recorded only after the decision; such a feature stops training.
    """

    key: str
    criterion: str = ""
    label_ko: str = ""
    label_en: str = ""
    direction: int = 0
    category: bool = False
    after_decision: bool = False
    source: Source = Source.COLUMN

    @property
    def home(self) -> str:
        """The criterion that the learned points count in."""
        return self.criterion or self.key


@dataclass(frozen=True, eq=False)
class Table:
    """Checked rows in canonical order, so that the order in which they were given changes nothing.

    Attributes:
        columns: By feature key: numbers with not-a-number for a missing one, or words with None.
        criteria: Keys of the rubric's criteria.
        rules: Rule points in tenths, one row for each application, one column for each criterion.
        labels: 1 where the application fits, else 0.
        groups: By name what to watch and never to learn: size class, region.
        times: When each decision was taken, in any unit that grows; None where it is not known.
        order: For each row here, its number (from 0) as it was given.
        firsts: When each was first labelled, in the unit of `times`, where a label may have been revised since.
    """

    features: tuple[Feature, ...]
    columns: Mapping[str, Floats | Words]
    criteria: tuple[str, ...]
    rules: Floats
    labels: Codes
    groups: Mapping[str, Words]
    times: Floats | None
    order: Codes
    firsts: Floats | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def positives(self) -> int:
        """How many rows fit."""
        return int(self.labels.sum())

    @property
    def smaller(self) -> int:
        """The smaller class's count: what decides how much the labels can teach."""
        return min(self.positives, len(self) - self.positives)

    @property
    def totals(self) -> Floats:
        """The rubric's score of each row in tenths."""
        return np.asarray(self.rules.sum(axis=1), dtype=np.float64)

    def take(self, rows: Codes) -> Table:
        """Give some of the rows, in the order asked."""
        return Table(
            features=self.features,
            columns={key: column[rows] for key, column in self.columns.items()},
            criteria=self.criteria,
            rules=self.rules[rows],
            labels=self.labels[rows],
            groups={name: words[rows] for name, words in self.groups.items()},
            times=None if self.times is None else self.times[rows],
            order=self.order[rows],
            firsts=None if self.firsts is None else self.firsts[rows],
        )

    @cached_property
    def sha256(self) -> str:
        """Hash every value that a model can learn from, in canonical order."""
        return sha256_of(
            {
                "features": [feature.key for feature in self.features],
                "criteria": list(self.criteria),
                "columns": {key: _plain(column) for key, column in self.columns.items()},
                "rules": [row.tolist() for row in self.rules],
                "labels": self.labels.tolist(),
            }
        )


def _plain(column: Floats | Words) -> list[float | str | None]:
    return [None if value is None or value != value else value for value in column.tolist()]  # noqa: PLR0124 - NaN


def _numbers(key: str, values: Sequence[object]) -> Floats:
    read = np.empty(len(values), dtype=np.float64)
    for row, value in enumerate(values):
        if value is None:
            read[row] = math.nan
            continue
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError) as error:
            raise LearnError(
                f"수가 아닙니다: {value!r}.", f"not a number: {value!r}.", place=key, row=row + 1
            ) from error
        if math.isinf(number):
            raise LearnError("무한대는 쓸 수 없습니다.", "infinity cannot be used.", place=key, row=row + 1)
        read[row] = number
    return read


def _words(values: Sequence[object]) -> Words:
    missing = (None, "")
    return np.array(
        [None if v in missing or (isinstance(v, float) and math.isnan(v)) else str(v) for v in values], dtype=object
    )


def _labels(values: Sequence[object]) -> Codes:
    read = np.empty(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        if value not in (0, 1):
            raise LearnError(
                f"라벨은 0 또는 1이어야 합니다: {value!r}.",
                f"must be 0 or 1, not {value!r}.",
                place="label",
                row=row + 1,
            )
        read[row] = int(value)
    return read


def _require_length(name: str, values: Sequence[object], rows: int) -> None:
    if len(values) != rows:
        raise LearnError(
            f"행이 {len(values)}개입니다. {rows}개여야 합니다.", f"has {len(values)} rows, not {rows}.", place=name
        )


def _rules(points: Mapping[str, Sequence[object]], rows: int) -> Floats:
    if not points:
        return np.zeros((rows, 0))
    read = [_numbers(key, values) for key, values in points.items()]
    for key, column in zip(points, read, strict=True):
        missing = np.flatnonzero(np.isnan(column))
        if missing.size:
            raise LearnError("점수가 비어 있습니다.", "rule points are missing.", place=key, row=int(missing[0]) + 1)
    return np.column_stack(read)


def _canonical_order(keys: Sequence[Floats | Words | Codes]) -> Codes:
    ranks: list[NDArray[np.number]] = []
    for column in keys:
        if column.dtype == object:
            ranks.append(np.unique(np.array(["" if v is None else "+" + v for v in column]), return_inverse=True)[1])
        else:
            ranks.append(np.asarray(column, dtype=np.float64))
    return np.asarray(np.lexsort(ranks[::-1]), dtype=np.int64)


def build_table(
    features: Sequence[Feature],
    columns: Mapping[str, Sequence[object]],
    labels: Sequence[object],
    *,
    rules: Mapping[str, Sequence[object]] | None = None,
    groups: Mapping[str, Sequence[object]] | None = None,
    times: Sequence[object] | None = None,
    firsts: Sequence[object] | None = None,
) -> Table:
    """Check the columns and put the rows into canonical order.

    Args:
        features: What may be learned from; each needs its column.
        columns: By feature key the values, None or not-a-number where missing.
        labels: 0 or 1 for each row.
        rules: By criterion the rule points in tenths.
        groups: By name the group of each row; watched by the gate, never learned from.
        times: When each decision was taken, as a growing number.
        firsts: When each was first labelled, where a later decision may have revised it.

    Raises:
        LearnError: If a column is missing, uneven, infinite or of the wrong type, or a label is neither 0 nor 1.
    """
    count = len(labels)
    read: dict[str, Floats | Words] = {}
    for feature in features:
        if feature.key not in columns:
            raise LearnError("열이 없습니다.", "the column is missing.", place=feature.key)
        values = columns[feature.key]
        _require_length(feature.key, values, count)
        read[feature.key] = _words(values) if feature.category else _numbers(feature.key, values)
    dated = {name: values for name, values in (("time", times), ("first", firsts)) if values is not None}
    for name, values in {**(rules or {}), **(groups or {}), **dated}.items():
        _require_length(name, values, count)
    points = _rules(rules or {}, count)
    marks = _labels(labels)
    watched = {name: _words(values) for name, values in (groups or {}).items()}
    instants = None if times is None else _numbers("time", times)
    began = None if firsts is None else _numbers("first", firsts)
    ordering = [*read.values(), *points.T, marks, *watched.values()]
    order = _canonical_order([*([instants] if instants is not None else []), *ordering])
    table = Table(tuple(features), read, tuple(rules or {}), points, marks, watched, instants, np.arange(count), began)
    return table.take(order)
