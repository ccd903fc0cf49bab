"""Commands about meters: which servers say how busy GPUs are, and what they say."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from fundapp.cli.console import FAILED, OK, PARTLY_REFUSED, Answer, Console, command
from fundapp.core.access import SYSTEM
from fundapp.core.errors import InputFileError
from fundapp.portfolio.actions import PullResult, SourceDefinition, keep_source, pull_utilisation, remove_source
from fundapp.portfolio.queries import SourceRow, list_sources

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_KEYS = frozenset(SourceDefinition.__dataclass_fields__)


@command(
    "utilisation",
    click.option("--source", "name", help="One source; default all."),
    click.option("--from", "first_day", type=_DAY, help="First UTC day; default the day after the last one read."),
    click.option("--to", "last_day", type=_DAY, help="Last UTC day; default yesterday."),
)
def utilisation(console: Console, *, name: str | None, first_day: datetime | None, last_day: datetime | None) -> Answer:
    """Read GPU utilisation from Prometheus; without a source it says so and verifies nothing."""
    results = pull_utilisation(
        console.database,
        find_secret=console.settings.metering_secrets.get,
        actor=SYSTEM,
        at=console.now(),
        source=name,
        first_day=_day(first_day),
        last_day=_day(last_day),
    )
    if not results:
        text = "not configured: no source of utilisation is known, so use is unverified (`fund usage source add`)"
        return Answer({"state": "not configured", "sources": []}, [text])
    failed = sum(one.error is not None for one in results)
    code = OK if not failed else FAILED if failed == len(results) else PARTLY_REFUSED
    document = {"state": "read" if code == OK else "failing", "sources": [_pulled(one) for one in results]}
    return Answer(document, [_said(one) for one in results], code)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


def _pulled(one: PullResult) -> dict[str, Any]:
    return {
        "source": one.source,
        "state": one.state,
        "days": one.days,
        "through": one.through.isoformat() if one.through else None,
        "unknown": list(one.unknown),
        "warnings": list(one.warnings),
        "error": one.error,
    }


def _said(one: PullResult) -> str:
    if one.error is not None:
        return f"{one.source}: {one.state}: {one.error}"
    unknown = f", {len(one.unknown)} owners unknown" if one.unknown else ""
    return f"{one.source}: {one.state}, {one.days} rows through {one.through}{unknown}"


@command("add", click.argument("file", type=_FILE))
def add(console: Console, *, file: Path) -> Answer:
    """Add or change a source by a TOML file: name, base_url, query, award_label, [awards], auth, secret_name."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputFileError(reason_ko=f"TOML이 아닙니다: {error}", reason_en=f"not TOML: {error}") from error
    name = str(document.pop("name", ""))
    wrong_keys = sorted(key for key, value in document.items() if not _fits(key, value))
    if wrong_keys or "base_url" not in document:
        wrong = ", ".join(wrong_keys) or "base_url"
        raise InputFileError(reason_ko=f"항목을 확인해 주세요: {wrong}", reason_en=f"check these keys: {wrong}")
    definition = SourceDefinition(**document)
    at = console.now()
    console.database.transaction(lambda s: keep_source(s, name=name, definition=definition, actor=SYSTEM, at=at))
    secret = definition.secret_name
    lines = [f"{name}: kept, unverified until it is reached"]
    if secret and secret not in console.settings.metering_secrets:
        lines.append(f"set FUND_METERING_SECRET_{secret} in the environment of the clock")
    return Answer({"source": name, "state": "unverified"}, lines)


def _fits(key: str, value: object) -> bool:
    """Return whether a key is known and its value of the right type: texts, one number, two tables of texts."""
    if key not in _KEYS:
        return False
    if key in {"awards", "models"}:
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return isinstance(value, int if key == "step_seconds" else str)


@command("remove", click.argument("name"))
def remove(console: Console, *, name: str) -> Answer:
    """Forget a source and what it reported."""
    at = console.now()
    console.database.transaction(lambda s: remove_source(s, name=name, actor=SYSTEM, at=at))
    return Answer({"source": name, "state": "removed"}, [f"{name}: removed"])


@command("list")
def list_(console: Console) -> Answer:
    """List the sources and whether they have been reached."""
    with console.database.read() as session:
        rows = list_sources(session, SYSTEM)
    lines = [f"{row.name}: {row.state} {row.base_url}" for row in rows] or ["not configured"]
    return Answer({"sources": [_listed(row) for row in rows]}, lines)


def _listed(row: SourceRow) -> dict[str, Any]:
    return {
        "source": row.name,
        "base_url": row.base_url,
        "state": row.state,
        "reached_at": row.reached_at.isoformat() if row.reached_at else None,
        "through": row.pulled_through.isoformat() if row.pulled_through else None,
        "error": row.last_error,
    }


@click.group("source")
def source() -> None:
    """Servers that say how busy GPUs are."""


for _made in (add, remove, list_):
    source.add_command(_made)
