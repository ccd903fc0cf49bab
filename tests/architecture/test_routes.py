"""Every route that changes something asks the policy, itself or through an action."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from reachable import reaches

from config import Settings
from fundapp import create_app
from fundapp.core import access
from fundapp.core.sessions import Database

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ACTIONS = re.compile(r"fundapp\.[a-z]+\.(actions|importing|usage)(\.|$)")
OPEN_TO_ALL = {"calls.check": "answers in, outcome out: nothing is kept but in the browser that asked"}
"""Endpoints that change nothing of the fund's, so that there is nothing to ask the policy about."""


def asks_the_policy(view: Callable[..., Any]) -> bool:
    """Say whether a view, or what it calls within the web rooms, reaches an action or the policy."""
    return reaches(view, is_an_action_or_the_policy, through=("fundapp.web", __name__))


def is_an_action_or_the_policy(found: object) -> bool:
    return found in (access.may, access.require) or bool(ACTIONS.match(getattr(found, "__module__", "") or ""))


def unsafe_views(app: Flask) -> dict[str, Callable[..., Any]]:
    return {
        rule.endpoint: app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        if UNSAFE & (rule.methods or set())
    }


@pytest.fixture
def app(sqlite_template: Any, tmp_path: Any) -> Iterator[Flask]:  # noqa: ANN401 - paths
    database = Database(f"sqlite:///{sqlite_template}")
    settings = Settings.from_environment({"FUND_HOME": str(tmp_path)})
    yield create_app(settings, database)
    database.dispose()


def test_every_unsafe_route_asks_the_policy_or_calls_an_action(app: Flask) -> None:
    silent = {endpoint for endpoint, view in unsafe_views(app).items() if not asks_the_policy(view)}
    assert silent == set(OPEN_TO_ALL)


def _writes_behind_its_back() -> str:
    return "saved"


def _asks_here() -> str:
    access.require(access.ANONYMOUS, access.Verb.EDIT, access.Thing(access.Kind.CALL))
    return "saved"


def _asks_through_a_helper() -> str:
    return _asks_here()


@pytest.mark.parametrize(
    ("view", "asks"), [(_writes_behind_its_back, False), (_asks_here, True), (_asks_through_a_helper, True)]
)
def test_a_route_that_asks_nobody_is_found(view: Callable[..., Any], asks: bool) -> None:  # noqa: FBT001
    planted = Flask("planted")
    planted.add_url_rule("/planted", "planted", view, methods=["POST"])
    assert {endpoint: asks_the_policy(found) for endpoint, found in unsafe_views(planted).items()} == {"planted": asks}
