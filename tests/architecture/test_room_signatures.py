"""What actions take and what queries give back, read from the imported product."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import typing
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest
from reachable import reaches
from source_tree import BUSINESS_ROOMS, LOWER_ROOMS, module_of, room_files
from sqlalchemy.orm import Session

from fundapp.core import access
from fundapp.core.access import Viewer
from fundapp.core.errors import ForbiddenError
from fundapp.core.orm import Base
from fundapp.intake.tables import Call

ROOMS = (*BUSINESS_ROOMS, *LOWER_ROOMS)
FIRST = ("session", "db", "database")
UNUSUAL = {
    "ledger.post_many": "the entries are all it acts on",
    "intake.move_application": "application and verb are the step that rooms above take",
    "screening.screen_call": "a whole call, in many transactions of its own",
    "portfolio.record": "what the room's actions write to the audit record, in one line",
}
"""Actions that take more than their session without a name, and why that reads better."""

ASKS_ELSEWHERE = {
    "portfolio.record": "a step inside actions that have asked already",
    "portfolio.draw_overage": "likewise: what follows when hours arrive",
    "portfolio.move": "likewise: one movement of granted hours",
    "identity.confirm_email": "whoever holds the link of a mail may: the link is the permission",
    "identity.move_email": "likewise",
    "identity.end_passkeys": "a step inside those who have asked, or whose link is the permission",
    "identity.ask_recovery": "anybody may ask, and learns nothing by it",
    "identity.warn_holder": "likewise: a mail to the owner of an address",
}
"""Actions of business rooms without a check of their own, and why. Ledger and audit are books: those who write ask."""


def modules_of(room: str, part: str) -> list[ModuleType]:
    return [importlib.import_module(module_of(path)) for path in room_files(room, part)]


def public_functions(modules: list[ModuleType]) -> Iterator[FunctionType]:
    for module in modules:
        for name, value in vars(module).items():
            if not name.startswith("_") and isinstance(value, FunctionType) and value.__module__ == module.__name__:
                yield value


def classes_in(hint: object, seen: set[object] | None = None) -> set[type]:
    """Return the classes that a type hint names, those of dataclass fields included."""
    seen = seen if seen is not None else set()
    found: set[type] = set()
    if hint in seen:
        return found
    seen.add(hint)
    for argument in typing.get_args(hint):
        found |= classes_in(argument, seen) if not isinstance(argument, list | str) else set()
    if isinstance(hint, type) and not typing.get_args(hint):
        found.add(hint)
        if dataclasses.is_dataclass(hint):
            for value in typing.get_type_hints(hint).values():
                found |= classes_in(value, seen)
    return found


def mapped_results(function: Callable[..., Any]) -> list[str]:
    """Return the mapped classes that a function's return annotation reaches."""
    hint = typing.get_type_hints(function).get("return")
    return sorted(found.__name__ for found in classes_in(hint) if issubclass(found, Base))


def is_action(function: Callable[..., Any]) -> bool:
    """Say whether a function changes something: who and when are then explicit."""
    return {"actor", "at"} <= inspect.signature(function).parameters.keys()


def takes_more_than_one_in_place(function: Callable[..., Any]) -> bool:
    """Say whether anything but a session or database may be given without its name."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].name not in FIRST:
        return True
    return any(parameter.kind is not inspect.Parameter.KEYWORD_ONLY for parameter in parameters[1:])


@pytest.mark.parametrize("room", ROOMS)
def test_queries_never_return_mapped_objects(room: str) -> None:
    found = {
        f"{function.__module__}.{function.__name__}": mapped
        for function in public_functions(modules_of(room, "queries"))
        if (mapped := mapped_results(function))
    }
    assert found == {}


@pytest.mark.parametrize("room", ROOMS)
def test_rows_of_queries_are_frozen(room: str) -> None:
    thawed = [
        f"{module.__name__}.{name}"
        for module in modules_of(room, "queries")
        for name, value in vars(module).items()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and dataclasses.is_dataclass(value)
        and not value.__dataclass_params__.frozen  # type: ignore[attr-defined]
    ]
    assert thawed == []


@pytest.mark.parametrize("room", ROOMS)
def test_actions_take_a_session_first_and_all_else_by_name(room: str) -> None:
    found = {
        f"{room}.{function.__name__}"
        for function in public_functions(modules_of(room, "actions"))
        if is_action(function) and takes_more_than_one_in_place(function)
    }
    assert found == {name for name in UNUSUAL if name.startswith(f"{room}.")}


@dataclasses.dataclass(frozen=True)
class _Row:
    calls: list[Call | None]


def _leaks_in_a_list(session: Session) -> list[Call]:
    return list(session.query(Call))


def _leaks_in_a_row(session: Session) -> dict[str, tuple[_Row, ...]] | None:
    return {"": (_Row([session.query(Call).first()]),)}


def _gives_plain_values(session: Session) -> list[Viewer]:
    return [] if session.is_active else [access.ANONYMOUS]


@pytest.mark.parametrize(
    ("function", "mapped"), [(_leaks_in_a_list, ["Call"]), (_leaks_in_a_row, ["Call"]), (_gives_plain_values, [])]
)
def test_a_mapped_class_in_an_annotation_is_found(function: Callable[..., Any], mapped: list[str]) -> None:
    assert mapped_results(function) == mapped


@pytest.mark.parametrize("room", BUSINESS_ROOMS)
def test_actions_ask_the_policy_themselves(room: str) -> None:
    silent = {
        f"{room}.{function.__name__}"
        for function in public_functions(modules_of(room, "actions"))
        if is_action(function) and not reaches(function, is_the_policy, through=("fundapp.",))
    }
    assert silent == {name for name in ASKS_ELSEWHERE if name.startswith(f"{room}.")}


def is_the_policy(found: object) -> bool:
    return found in (access.may, access.require, ForbiddenError)


def test_every_room_has_actions_that_name_who_and_when() -> None:
    counted = {room: sum(map(is_action, public_functions(modules_of(room, "actions")))) for room in ROOMS}
    assert [room for room, count in counted.items() if not count] == []


def _positional(session: Session, name: str) -> None: ...


def _sessionless(*, name: str) -> None: ...


def _proper(session: Session, *, name: str) -> None: ...


@pytest.mark.parametrize(("function", "found"), [(_positional, True), (_sessionless, True), (_proper, False)])
def test_an_argument_without_its_name_is_found(function: Callable[..., Any], found: bool) -> None:  # noqa: FBT001
    assert takes_more_than_one_in_place(function) is found
