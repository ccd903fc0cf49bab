"""A rubric's document as TOML text, and everything that is wrong with it, each fault at its row."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from scoring import CATALOGUE, Rubric, RubricError, parse_rubric
from scoring.catalogue import Field

FIELDS: Mapping[str, Field] = CATALOGUE
"""What a rule may ask about, by key."""

MOST_FAULTS = 20
_ROWS = {"knockouts": "requires", "criteria": "rules"}
_SCALARS = ("version", "title_ko", "title_en")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where.

    Attributes:
        section: `knockouts`, `criteria`, `dictionaries`, or empty for the rubric as a whole.
        place: Which of them, from 0.
        row: Which of its rows, from 0.
        setting: Which setting, such as `points`; empty if it is the row as a whole.
    """

    section: str
    place: int | None
    row: int | None
    setting: str
    message_ko: str
    message_en: str


def read_document(text: str) -> dict[str, Any]:
    """Read a rubric's text as plain tables, the way `write_rubric_text` takes them."""
    return tomllib.loads(text, parse_float=Decimal)


def write_rubric_text(document: Mapping[str, Any]) -> str:
    """Write a rubric's document, as `tomllib` reads it with `Decimal`, as TOML."""
    lines = [f"{key} = {_value(document.get(key, ''))}" for key in _SCALARS]
    lines += ["", "[dictionaries]"]
    for name, groups in document.get("dictionaries", {}).items():
        lines += [f"{_text(name)} = [", *(f"    {_value(group)}," for group in groups), "]"]
    for section, rows in _ROWS.items():
        for entry in document.get(section, ()):
            lines += ["", f"[[{section}]]", *_pairs(entry, rows)]
            for row in entry.get(rows, ()):
                lines += [f"[[{section}.{rows}]]", *_pairs(row, "")]
    return "\n".join(lines) + "\n"


def _pairs(entry: Mapping[str, Any], but: str) -> Iterable[str]:
    return (f"{_text(key)} = {_value(value)}" for key, value in entry.items() if key != but and value is not None)


def _text(text: str) -> str:
    # A JSON string is a TOML string, but for the one control character that JSON lets stand as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case _:
            return _text(str(value))


def check_rubric(document: Mapping[str, Any]) -> tuple[Rubric | None, list[Fault]]:
    """Read a document as a rubric, or say all that is wrong with its rows.

    The reader stops at the first fault; so each row at fault is left out and the rest is read again. What is said of
    the whole once a row is missing (that a maximum is not reached, say) would be no fault of its own, and is not told.
    """
    left = copy.deepcopy(dict(document))
    rows = {
        (section, place): list(range(len(entry.get(name, ()))))
        for section, name in _ROWS.items()
        for place, entry in enumerate(left.get(section, ()))
    }
    faults: list[Fault] = []
    while len(faults) < MOST_FAULTS:
        try:
            rubric = parse_rubric(write_rubric_text(left))
        except RubricError as error:
            fault, found = _locate(error, left, rows)
            if found is None:
                return None, faults if faults and not fault.setting else [*faults, fault]
            faults.append(fault)
            section, place, row = found
            del left[section][place][_ROWS[section]][row]
            del rows[section, place][row]
            if not left[section][place][_ROWS[section]]:
                return None, faults
        else:
            return (None if faults else rubric), faults
    return None, faults


def _locate(
    error: RubricError, document: Mapping[str, Any], rows: Mapping[tuple[str, int], list[int]]
) -> tuple[Fault, tuple[str, int, int] | None]:
    setting = error.setting or ""
    named = (error.field or "").partition("dictionaries.")[2]
    if error.criterion is None:
        section = "dictionaries" if (error.field or "").startswith("dictionaries") else ""
        names = list(document.get("dictionaries", {}))
        place = names.index(named) if named in names else None
        return Fault(section, place, None, setting, error.message_ko, error.message_en), None
    section, place = _find_entry(error, document)
    if place is None or error.rule is None:
        return Fault(section, place, None, setting, error.message_ko, error.message_en), None
    row = error.rule - 1
    fault = Fault(section, place, rows[section, place][row], setting, error.message_ko, error.message_en)
    return fault, (section, place, row)


def _find_entry(error: RubricError, document: Mapping[str, Any]) -> tuple[str, int | None]:
    """Find the last entry of the key whose rows are as many as the fault says: of two alike, the second is at fault."""
    for section, name in reversed(_ROWS.items()):
        for place, entry in reversed(list(enumerate(document.get(section, ())))):
            if entry.get("key") == error.criterion and len(entry.get(name, ())) >= (error.rule or 0):
                return section, place
    return "", None
