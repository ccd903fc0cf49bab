"""A copy of the demonstration in which everything that hangs on some applications carries a word of its own.

What hangs on an application is found by following foreign keys, so that a table added tomorrow is marked as well.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, ForeignKey, MetaData, String, Table, Text, Uuid, bindparam, select, text, update

import fundapp.cli.demo
import fundapp.jobs  # noqa: F401 - between them these know every table
from fundapp.core.orm import Base, Document, new_id
from fundapp.core.sessions import Database
from fundapp.intake.rules import STATES

AT = datetime(2026, 5, 20, tzinfo=UTC)
MARK = "ZQ"
OF_EVERYBODY = frozenset({"person", "call", "role", "company", "meeting", "plan", "pool", "interest"})
"""Tables that many applications share; a company is marked by itself."""
_CHOICE = re.compile(r"(\w+) IN \(")


@dataclass
class Marked:
    """The applications that are hidden, and what was hidden of them.

    Attributes:
        applications: Identifier by state.
        rows: Identifiers of the rows that hang on them, by table.
        numbers: Public numbers of such rows, by table.
        words: Canary words with the place that carries each: `table.column`.
    """

    applications: dict[str, uuid.UUID] = field(default_factory=dict)
    rows: dict[str, list[uuid.UUID]] = field(default_factory=lambda: defaultdict(list))
    numbers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    words: dict[str, str] = field(default_factory=dict)

    @cached_property
    def plain(self) -> list[str]:
        """The words that are not ours: identifiers and numbers as they are."""
        return [word for word in self.words if not word.startswith(MARK)]


def hide(database: Database, viewers: list[uuid.UUID]) -> Marked:
    """Mark one application of each state with canary words and recuse the viewers from them all."""
    metadata, marked = Base.metadata, Marked()
    with database.engine.connect().execution_options(writing=True) as connection, connection.begin():
        for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        marked.applications = _one_of_each_state(connection)
        held = {"application": list(marked.applications.values())}
        for table in metadata.sorted_tables:
            if table.name not in OF_EVERYBODY and table.name != "application":
                found = _hanging(connection, table, held)
                if found:
                    held[table.name] = found
        for name, keys in held.items():
            marked.rows[name] = keys
            _mark(connection, metadata.tables[name], keys, marked)
        companies = text("SELECT company_id FROM application WHERE id IN :keys").bindparams(
            bindparam("keys", [key.hex for key in held["application"]], expanding=True)
        )
        _mark(
            connection, metadata.tables["company"], [uuid.UUID(key) for (key,) in connection.execute(companies)], marked
        )
        _mark_mail(connection, marked)
        _recuse(connection, metadata, marked, viewers)
    return marked


def _one_of_each_state(connection: Connection) -> dict[str, uuid.UUID]:
    """Return an application of each state; states in which the demonstration leaves none are given to eligible ones."""
    rows = connection.execute(text("SELECT state, max(id) FROM application GROUP BY state")).all()
    found = {state: uuid.UUID(key) for state, key in rows}
    spare = connection.scalars(
        text("SELECT id FROM application WHERE state = 'eligible' AND id <> :kept ORDER BY number"),
        {"kept": found["eligible"].hex},
    ).all()
    for state, key in zip((state for state in STATES if state not in found), spare, strict=False):
        connection.execute(text("UPDATE application SET state = :state WHERE id = :key"), {"state": state, "key": key})
        found[state] = uuid.UUID(key)
    return found


def _hanging(connection: Connection, table: Table, held: dict[str, list[uuid.UUID]]) -> list[uuid.UUID]:
    """Return the rows of a table that refer to something that is held already."""
    if "id" not in table.c or not isinstance(table.c.id.type, Uuid):
        return []
    found: set[uuid.UUID] = set()
    for column in table.columns:
        for key in column.foreign_keys:
            if _parent(key) in held and key.column.name == "id":
                found |= set(connection.scalars(select(table.c.id).where(column.in_(held[_parent(key)]))))
    return sorted(found, key=lambda one: one.hex)


def _parent(key: ForeignKey) -> str:
    return key.column.table.name


def _mark(connection: Connection, table: Table, keys: list[uuid.UUID], marked: Marked) -> None:
    """Append a word to each free text of the rows; choices, keys and numbers stay what the product needs."""
    fixed = {match for one in table.constraints for match in _CHOICE.findall(str(getattr(one, "sqltext", "")))}
    fixed |= {column.name for one in table.constraints if hasattr(one, "columns") for column in one.columns}
    for key in keys:
        row = connection.execute(select(table).where(table.c.id == key)).one()._mapping
        if "number" in row and isinstance(row["number"], str):
            marked.numbers[table.name].append(row["number"])
            marked.words[row["number"]] = f"{table.name}.number"
        if "identifier" in row:
            marked.words[row["identifier"]] = f"{table.name}.identifier"
        marked.words[str(key)] = f"{table.name}.id"
        changed: dict[str, Any] = {}
        for column in table.columns:
            value = row[column.name]
            word = f"{MARK}{len(marked.words):04d}"
            if isinstance(column.type, Document):
                document, used = _marked_document(value, word)
                if used:
                    changed[column.name] = document
                    marked.words[word] = f"{table.name}.{column.name}"
            elif column.name == "name" or (_is_free(column.name, column.type, value) and column.name not in fixed):
                changed[column.name] = f"{value}{word}"
                marked.words[word] = f"{table.name}.{column.name}"
        if changed:
            connection.execute(update(table).where(table.c.id == key).values(**changed))


def _is_free(name: str, kind: object, value: object) -> bool:
    """Say whether a text is somebody's words: it has room for a sentence."""
    if not isinstance(value, str) or name.endswith(("sha256", "key", "account", "path", "email")):
        return False
    return isinstance(kind, Text) or (isinstance(kind, String) and (kind.length or 0) >= 80 and not name.endswith("by"))


def _marked_document(value: Any, word: str) -> tuple[Any, bool]:  # noqa: ANN401 - JSON
    """Append the word to every sentence in a JSON document; say whether there was one."""
    if isinstance(value, dict):
        parts = {key: _marked_document(one, word) for key, one in value.items()}
        return {key: one for key, (one, _) in parts.items()}, any(used for _, used in parts.values())
    if isinstance(value, list):
        items = [_marked_document(one, word) for one in value]
        return [one for one, _ in items], any(used for _, used in items)
    sentence = isinstance(value, str) and " " in value and not value.isascii()
    return (f"{value} {word}", True) if sentence else (value, False)


def _mark_mail(connection: Connection, marked: Marked) -> None:
    """Put one mail about each application into the outbox."""
    table = Base.metadata.tables["outbox_message"]
    for key in marked.applications.values():
        word = f"{MARK}{len(marked.words):04d}"
        marked.words[word] = "outbox_message.body"
        mail = {"id": new_id(), "dedupe_key": word, "recipient": "who@fund.example", "subject": word, "body": word}
        connection.execute(table.insert().values(**mail, about=[str(key)], state="waiting", attempts=0, created_at=AT))


def _recuse(connection: Connection, metadata: MetaData, marked: Marked, viewers: list[uuid.UUID]) -> None:
    """Recuse everybody from everything that is hidden, unless they are already."""
    table = metadata.tables["conflict"]
    known = set(connection.execute(select(table.c.application_id, table.c.person_id)))
    rows = [
        {"id": new_id(), "application_id": key, "person_id": person, "number": 1, "route": "self_recusal",
         "reason": "x", "declared_by": "t", "at": AT}
        for key in marked.applications.values()
        for person in viewers
        if (key, person) not in known
    ]  # fmt: skip
    connection.execute(table.insert(), rows)


def words_in(answer: str, marked: Marked, asked: str = "") -> list[str]:
    """Return the places whose words an answer shows, other than those that were asked with."""
    found = {word for word in re.findall(rf"{MARK}\d{{4}}", answer) if word in marked.words}
    found |= {word for word in marked.plain if word in answer and word not in asked}
    return sorted({marked.words[word] for word in found})
