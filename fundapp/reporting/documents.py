"""Frozen rows as a JSON document, and back."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from datetime import date
from typing import Any

from reports.rows import ReportRows, canonical_json, ordered


def to_document(rows: ReportRows) -> dict[str, Any]:
    """Return the rows as plain JSON values in canonical order."""
    document: dict[str, Any] = json.loads(canonical_json(dataclasses.asdict(ordered(rows))))
    return document


def from_document(document: dict[str, Any]) -> ReportRows:
    """Return the rows that a document holds.

    Raises:
        TypeError: if the document has another shape.
    """
    rows = _read(ReportRows, document)
    if not isinstance(rows, ReportRows):
        raise TypeError("not the rows of a report")
    return rows


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    return typing.get_type_hints(kind)


def _read(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any annotation, any JSON value
    if value is None:
        return None
    if dataclasses.is_dataclass(kind):
        hints = _hints(typing.cast("typing.Hashable", kind))
        return kind(**{name: _read(hints[name], item) for name, item in value.items()})  # type: ignore[operator]
    if kind is date:
        return date.fromisoformat(value)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return tuple(_read(inner[0], item) for item in value)
    if origin in {types.UnionType, typing.Union}:
        return _read(next(one for one in inner if one is not type(None)), value)
    return value
