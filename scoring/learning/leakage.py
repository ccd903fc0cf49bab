"""Columns that know the answer: found before anything is learned from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scoring.learning.bins import code_table, make_binnings
from scoring.learning.measures import auc
from scoring.learning.problems import LeakageError
from scoring.learning.table import Codes, Floats, Table

LEAK_AUC = 0.95
_ENOUGH = 20


def check_leakage(table: Table, *, recorded: Mapping[str, Sequence[float | None]] | None = None) -> None:
    """Refuse a feature that alone almost tells the outcome, or that was recorded after the decision.

    Args:
        table: The rows to learn from.
        recorded: By feature key when each value was recorded, row by row as the table's rows were given, in the
            unit of the table's times.

    Raises:
        LeakageError: If a single feature's AUC is above 0.95 (by its value, by its bins or by being missing), or a
            feature is known only afterwards.
    """
    for feature in table.features:
        if feature.after_decision:
            raise LeakageError(
                "결정 이후에 기록되는 항목이라 학습에 쓸 수 없습니다.",
                "it is recorded after the decision and cannot be learned from.",
                place=feature.key,
            )
    for key, instants in (recorded or {}).items():
        _require_before(table, key, instants)
    if table.smaller < 2 or len(table) < _ENOUGH:  # noqa: PLR2004 - a rate needs two rows
        return
    codes = code_table(table, make_binnings(table))
    for place, feature in enumerate(table.features):
        column = table.columns[feature.key]
        found = max(_by_rate(codes[:, place], table.labels), 0.0 if feature.category else _by_value(column, table))
        if found > LEAK_AUC:
            raise LeakageError(
                f"이 항목 하나의 AUC가 {found:.3f}({LEAK_AUC} 초과)라 결과를 미리 아는 것으로 보고 학습을 멈춥니다.",
                f"its AUC alone is {found:.3f}, above {LEAK_AUC}: it seems to know the outcome, so training stops.",
                place=feature.key,
            )


def _require_before(table: Table, key: str, instants: Sequence[float | None]) -> None:
    if table.times is None:
        return
    for row, decided in zip(table.order.tolist(), table.times.tolist(), strict=True):
        known = instants[row]
        if known is not None and known > decided:
            raise LeakageError(
                "결정 이후에 기록된 값이라 학습에 쓸 수 없습니다.",
                "the value was recorded after the decision and cannot be learned from.",
                place=key,
                row=row + 1,
            )


def _by_value(column: object, table: Table) -> float:
    values: Floats = np.asarray(column, dtype=np.float64)
    missing = np.isnan(values)
    found = 0.0
    if missing.any() and not missing.all():
        area = auc(table.labels, missing.astype(np.float64))
        found = max(area, 1.0 - area)
    known = ~missing
    labels = table.labels[known]
    if labels.size >= _ENOUGH and 0 < labels.sum() < labels.size:
        area = auc(labels, values[known])
        found = max(found, area, 1.0 - area)
    return found


def _by_rate(codes: Codes, labels: Codes) -> float:
    """Rank rows by the rate of fits in their bin without themselves: a bin cannot look good by its own row."""
    rows = np.bincount(codes)[codes]
    fits = np.bincount(codes, weights=labels)[codes]
    rate = (fits - labels + labels.mean()) / rows
    return auc(labels, rate)
