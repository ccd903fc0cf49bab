"""Frozen rows as a JSON document, and back."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable
from datetime import date
from typing import Any

from reports.rows import ReportRows, canonical_json, ordered


def to_document(rows: ReportRows) -> dict[str, Any]:
    """Return the rows as plain JSON values in canonical order."""
    document: dict[str, Any] = json.loads(canonical_json(ordered(rows)))
    return document


def from_document(document: dict[str, Any]) -> ReportRows:
    """Return the rows that a document holds.

    Raises:
        TypeError: if the document has another shape.
    """
    read = _reader(ReportRows)
    rows = read(document) if read is not None else None
    if not isinstance(rows, ReportRows):
        raise TypeError("not the rows of a report")
    return rows


_Reader = Callable[[Any], Any]


@functools.cache
def _reader(kind: Any) -> _Reader | None:  # noqa: ANN401 - any annotation
    """Return what turns a JSON value into one of a kind; None where the JSON value is it already."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        readers = {name: read for name, hint in hints.items() if (read := _reader(hint)) is not None}
        return functools.partial(_read_fields, kind, readers)
    if kind is date:
        return date.fromisoformat
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        read = _reader(inner[0])
        return tuple if read is None else lambda items: tuple(read(item) for item in items)
    if origin in {types.UnionType, typing.Union}:
        return _reader(next(one for one in inner if one is not type(None)))
    return None


def _read_fields(kind: Callable[..., Any], readers: dict[str, _Reader], values: dict[str, Any]) -> Any:  # noqa: ANN401 - an object of the kind
    given = dict(values)
    for name, read in readers.items():
        if given.get(name) is not None:
            given[name] = read(given[name])
    return kind(**given)
