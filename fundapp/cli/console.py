"""What all commands share: the instance they act on, how they answer, and which exit code an error has."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import update_wrapper
from typing import Any, Literal, NoReturn

import click
from sqlalchemy.exc import OperationalError

from config import Settings, SettingsError
from fundapp.core.errors import FundError
from fundapp.core.schema import current_revision, newest_revision
from fundapp.core.sessions import Database

OK, FAILED, WRONG_USAGE, PARTLY_REFUSED = 0, 1, 2, 3
"""Exit codes: all is well, operational failure, wrong usage (click's own), some input was refused."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command says: one JSON object, the same in plain lines, and an exit code."""

    document: dict[str, Any]
    lines: Sequence[str] = ()
    exit_code: int = OK


@dataclass(slots=True)
class Console:
    """The instance a command acts on, opened when first needed."""

    _settings: Settings | None = None
    _database: Database | None = field(default=None)

    @property
    def settings(self) -> Settings:
        """The settings of this instance."""
        if self._settings is None:
            self._settings = Settings.from_environment()
        return self._settings

    @property
    def raw_database(self) -> Database:
        """The database, whatever its schema."""
        if self._database is None:
            self._database = Database(self.settings.database_url)
        return self._database

    @property
    def database(self) -> Database:
        """The database at the schema this code expects.

        Raises:
            click.ClickException: if migrations are missing.
        """
        if current_revision(self.raw_database) != newest_revision():
            raise click.ClickException("the database is not up to date: run `fund init` first")
        return self.raw_database

    @property
    def locale(self) -> Literal["ko", "en"]:
        """The language of messages for people."""
        return "en" if self.settings.locale == "en" else "ko"

    def now(self) -> datetime:
        """Read the clock; only the edge does."""
        return datetime.now(UTC)

    def close(self) -> None:
        """Close the database if it was opened."""
        if self._database is not None:
            self._database.dispose()


Handler = Callable[..., Answer]


def command(name: str, *options: Callable[[Any], Any]) -> Callable[[Handler], click.Command]:
    """Make a handler a command: add `--json`, print its answer, turn errors into messages and exit codes."""

    def make(handler: Handler) -> click.Command:
        def run(context: click.Context, /, **values: Any) -> None:  # noqa: ANN401 - click passes what it parsed
            as_json = values.pop("as_json")
            answer = attempt(context.obj, lambda: handler(context.obj, **values), as_json=as_json)
            show(answer, as_json=as_json)
            context.exit(answer.exit_code)

        wrapped: Any = click.pass_context(update_wrapper(run, handler))
        for option in reversed(options):
            wrapped = option(wrapped)
        wrapped = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")(wrapped)
        made: click.Command = click.command(name, help=handler.__doc__)(wrapped)
        return made

    return make


def attempt(console: Console, work: Callable[[], Answer], *, as_json: bool) -> Answer:
    """Run a handler; turn what goes wrong into a message, a JSON object and exit code 1.

    Raises:
        click.exceptions.Exit: with exit code 1, after the message.
    """
    try:
        return work()
    except FundError as error:
        details = {key: str(value) for key, value in error.details.items()}
        fail(error.code, error.message(console.locale), details, as_json=as_json)
    except click.UsageError:
        raise
    except click.ClickException as error:
        fail("failed", error.message, {}, as_json=as_json)
    except (SettingsError, OperationalError, OSError) as error:
        fail("failed", str(error).splitlines()[0], {}, as_json=as_json)


def show(answer: Answer, *, as_json: bool) -> None:
    """Print an answer: the object, or its lines."""
    if as_json:
        print(json.dumps(answer.document, ensure_ascii=False, default=str))
        return
    for line in answer.lines or [f"{key}: {value}" for key, value in answer.document.items()]:
        print(line)


def fail(code: str, message: str, details: dict[str, str], *, as_json: bool) -> NoReturn:
    """Print an error for people (and for programs) and leave with exit code 1.

    Raises:
        click.exceptions.Exit: always.
    """
    if as_json:
        print(json.dumps({"error": code, "message": message, "details": details}, ensure_ascii=False))
    print(message, file=sys.stderr)
    raise click.exceptions.Exit(FAILED)


def say(text: str) -> None:
    """Tell progress on standard error, where it is in nobody's way."""
    print(text, file=sys.stderr, flush=True)


def later(name: str, what: str) -> click.Command:
    """Return a command of the public surface that this version does not have yet; it says so and fails."""

    @command(name, click.argument("arguments", nargs=-1))
    def absent(_console: Console, *, arguments: tuple[str, ...]) -> Answer:
        """Not in this version yet."""
        message = f"`fund {what}` is not in this version yet; nothing was done"
        say(message)
        return Answer({"error": "not_yet", "message": message, "arguments": list(arguments)}, [], FAILED)

    return absent
