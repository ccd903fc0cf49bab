"""A rubric as rows of a form, and the form's rows as a rubric: nothing that was typed is lost on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from fundapp.screening.rubric_text import FIELDS, Fault
from fundapp.web.shell.language import current_locale, lazy, pick

MOST_ENTRIES, MOST_ROWS = 40, 60
SETTINGS = ("field", "operator", "value", "points", "cap", "reason_ko", "reason_en")
OPERATOR_WORDS: Mapping[str, Any] = {
    "eq": lazy("같음"),
    "ne": lazy("다름"),
    "in": lazy("이 가운데 하나"),
    "gte": lazy("이상"),
    "lte": lazy("이하"),
    "gt": lazy("초과"),
    "lt": lazy("미만"),
    "between": lazy("사이"),
    "is_true": lazy("예"),
    "is_false": lazy("아니오"),
    "contains_any": lazy("낱말이 있음"),
}
SECTION_WORDS: Mapping[str, Any] = {
    "company": lazy("기업"),
    "proposal": lazy("제안"),
    "answer": lazy("답변"),
    "check": lazy("확인"),
}
_HEADS = {
    "knockouts": ("key", "label_ko", "label_en", "reason_ko", "reason_en"),
    "criteria": ("key", "label_ko", "label_en", "maximum"),
}
_ROWS = {"knockouts": "requires", "criteria": "rules"}
_WHOLE = re.compile(r"\d{1,18}")
_DECIMAL = re.compile(r"\d{1,15}\.\d{1,6}")


@dataclass(slots=True)
class Row:
    """One rule or condition as it was typed; `prefix` begins the names of its inputs."""

    prefix: str
    typed: dict[str, str]
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Entry:
    """One criterion, knock-out or list of words as it was typed."""

    prefix: str
    typed: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def at_fault(self) -> bool:
        """Whether anything in it is wrong."""
        return bool(self.faults) or any(row.faults for row in self.rows)


@dataclass(slots=True)
class Sheet:
    """The whole form; `listed` is all that is wrong, each with the input to go to."""

    typed: dict[str, str]
    knockouts: list[Entry]
    criteria: list[Entry]
    dictionaries: list[Entry]
    faults: dict[str, str] = field(default_factory=dict)
    listed: list[tuple[str, str]] = field(default_factory=list)

    def section(self, name: str) -> list[Entry]:
        """Return a section by its name."""
        found: list[Entry] = getattr(self, name)
        return found


def field_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the catalogue for a select: by who supplies it, key and label."""
    return [
        (
            str(label),
            [(one.key, pick(one.label_ko, one.label_en)) for one in FIELDS.values() if one.section.value == section],
        )
        for section, label in SECTION_WORDS.items()
    ]


def sheet_of_document(document: Mapping[str, Any]) -> Sheet:
    """Lay a rubric out for editing."""
    sections: dict[str, list[Entry]] = {}
    for section, rows in _ROWS.items():
        sections[section] = [
            Entry(
                f"{section}-{place}",
                {name: str(entry.get(name, "")) for name in _HEADS[section]},
                [Row(f"{section}-{place}-{number}", _typed_row(row)) for number, row in enumerate(entry[rows])],
            )
            for place, entry in enumerate(document[section])
        ]
    words = [
        Entry(f"dictionaries-{place}", {"name": name, "terms": "\n".join(map(_typed_terms, groups))})
        for place, (name, groups) in enumerate(document.get("dictionaries", {}).items())
    ]
    head = {name: str(document[name]) for name in ("version", "title_ko", "title_en")}
    return Sheet(head, sections["knockouts"], sections["criteria"], words)


def _typed_row(row: Mapping[str, Any]) -> dict[str, str]:
    asked = FIELDS[row["field"]]
    value = row.get("terms", row.get("value", ""))
    parts = value if isinstance(value, list) else [value]
    shown = []
    for part in parts:
        choice = asked.find_choice(part) if isinstance(part, str) else None
        shown.append(pick(choice.label_ko, choice.label_en) if choice else str(part))
    typed = {name: str(row.get(name, "")) for name in SETTINGS}
    return typed | {"value": ", ".join(shown)}


def _typed_terms(group: object) -> str:
    return group if isinstance(group, str) else ", ".join(map(str, group if isinstance(group, list) else [group]))


def sheet_of_form(form: Mapping[str, str]) -> Sheet:
    """Read what was posted, word for word; rows ticked to be left out, and empty ones, are gone."""
    sections = {section: list(_entries(form, section)) for section in _ROWS}
    words = [
        Entry(f"dictionaries-{place}", {"name": form[f"{prefix}-name"], "terms": form.get(f"{prefix}-terms", "")})
        for place, prefix in enumerate(_prefixes(form, "dictionaries", "name", MOST_ENTRIES))
    ]
    head = {name: form.get(name, "").strip() for name in ("version", "title_ko", "title_en")}
    return Sheet(head, sections["knockouts"], sections["criteria"], words)


def _prefixes(form: Mapping[str, str], stem: str, name: str, most: int) -> Iterator[str]:
    return (f"{stem}-{place}" for place in range(most) if f"{stem}-{place}-{name}" in form)


def _entries(form: Mapping[str, str], section: str) -> Iterator[Entry]:
    kept = 0
    for prefix in _prefixes(form, section, "key", MOST_ENTRIES):
        if form.get(f"{prefix}-drop"):
            continue
        typed = {name: form.get(f"{prefix}-{name}", "").strip() for name in _HEADS[section]}
        entry = Entry(f"{section}-{kept}", typed)
        for old in _prefixes(form, prefix, "field", MOST_ROWS):
            row = {name: form.get(f"{old}-{name}", "").strip() for name in SETTINGS}
            if any(row.values()) and not form.get(f"{old}-drop"):
                entry.rows.append(Row(f"{entry.prefix}-{len(entry.rows)}", row))
        if any(typed.values()) or entry.rows:
            kept += 1
            yield entry


def add_rows(sheet: Sheet, wanted: str) -> None:
    """Add an empty row to an entry (`criteria-2`), or an empty entry to a section (`criteria`)."""
    section, _, place = wanted.partition("-")
    if len(getattr(sheet, section, ())) >= MOST_ENTRIES and not place:
        return
    if section == "dictionaries":
        prefix = f"dictionaries-{len(sheet.dictionaries)}"
        sheet.dictionaries.append(Entry(prefix, {"name": "", "terms": ""}))
    elif section in _ROWS and not place:
        entries = sheet.section(section)
        prefix = f"{section}-{len(entries)}"
        entries.append(Entry(prefix, dict.fromkeys(_HEADS[section], ""), [_empty_row(prefix, 0)]))
    elif section in _ROWS and place.isdecimal() and int(place) < len(sheet.section(section)):
        entry = sheet.section(section)[int(place)]
        if len(entry.rows) < MOST_ROWS:
            entry.rows.append(_empty_row(entry.prefix, len(entry.rows)))


def _empty_row(prefix: str, place: int) -> Row:
    return Row(f"{prefix}-{place}", dict.fromkeys(SETTINGS, ""))


def document_of(sheet: Sheet) -> dict[str, Any]:
    """Return the rubric that the form means. What is no number or date stays text, and the reader says so."""
    document: dict[str, Any] = dict(sheet.typed)
    document["dictionaries"] = {
        entry.typed["name"].strip(): list(_groups(entry.typed["terms"])) for entry in sheet.dictionaries
        if entry.typed["name"].strip() or entry.typed["terms"].strip()
    }  # fmt: skip
    document["knockouts"] = [
        {**_heads(entry), "requires": [_condition(row.typed) for row in entry.rows]} for entry in sheet.knockouts
    ]
    document["criteria"] = [
        {**_heads(entry), "maximum": _number(entry.typed["maximum"]), "rules": [_rule(row.typed) for row in entry.rows]}
        for entry in sheet.criteria
    ]
    return document


def _heads(entry: Entry) -> dict[str, Any]:
    return dict(entry.typed)


def _groups(text: str) -> Iterator[str | list[str]]:
    for line in text.splitlines():
        if line.strip().startswith("@"):
            yield line.strip()
        elif line.strip():
            yield [term.strip() for term in line.split(",") if term.strip()]


def _condition(typed: Mapping[str, str]) -> dict[str, Any]:
    condition: dict[str, Any] = {"field": typed["field"], "operator": typed["operator"]}
    if typed["value"]:
        condition["value"] = _operand(typed)
    return condition


def _rule(typed: Mapping[str, str]) -> dict[str, Any]:
    rule = _condition(typed)
    if typed["operator"] == "contains_any":
        rule.pop("value", None)
        rule["terms"] = typed["value"]
    rule["points"] = _number(typed["points"])
    if typed["cap"]:
        rule["cap"] = _number(typed["cap"])
    return rule | {"reason_ko": typed["reason_ko"], "reason_en": typed["reason_en"]}


def _number(text: str) -> int | Decimal | str:
    plain = text.replace(",", "").replace("_", "")
    if _WHOLE.fullmatch(plain):
        return int(plain)
    return Decimal(plain) if _DECIMAL.fullmatch(plain) else text


def _operand(typed: Mapping[str, str]) -> Any:  # noqa: ANN401 - one value or several, of any kind
    if typed["operator"] in {"in", "between"}:
        return [_one(typed["field"], part.strip()) for part in re.split(r"[,~]", typed["value"]) if part.strip()]
    return _one(typed["field"], typed["value"])


def _one(key: str, text: str) -> Any:  # noqa: ANN401 - of the field's kind
    asked = FIELDS.get(key)
    for choice in asked.choices if asked else ():
        if text.casefold() in {choice.code, choice.label_ko.casefold(), choice.label_en.casefold()}:
            return choice.code
    if asked is not None and asked.kind.value == "date":
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text if asked is not None and asked.choices else _number(text)


def double_lists(sheet: Sheet) -> list[Fault]:
    """Return a fault for each list of words whose name another one has: one of the two would be lost."""
    seen: set[str] = set()
    faults = []
    for place, entry in enumerate(sheet.dictionaries):
        name = entry.typed["name"].strip()
        if name in seen:
            korean, english = f"사전 {name}이(가) 두 번 있습니다.", f"the list {name!r} stands twice."
            faults.append(Fault("dictionaries", place, None, "name", korean, english))
        seen.add(name)
    return faults


def place_faults(sheet: Sheet, faults: Sequence[Fault]) -> None:
    """Put each fault beside the input it concerns, and all of them in the list above the form."""
    for fault in faults:
        text = fault.message_en if current_locale() == "en" else fault.message_ko
        at = ""
        if fault.section and fault.place is not None:
            entry = sheet.section(fault.section)[fault.place]
            if fault.row is None:
                known = fault.setting if fault.setting in entry.typed else next(iter(entry.typed))
                entry.faults[known] = text
                at = f"{entry.prefix}-{known}"
            else:
                setting = "value" if fault.setting == "terms" else fault.setting
                row = entry.rows[fault.row]
                known = setting if setting in row.typed else "value"
                row.faults[known] = text
                at = f"{row.prefix}-{known}"
        elif fault.setting in sheet.typed:
            at = fault.setting
            sheet.faults[at] = text
        sheet.listed.append((at or "version", text))
