"""A refused step names the state and the step in the reader's language, whatever thing refused it."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator

import pytest
from source_tree import BUSINESS_ROOMS, module_of, name_of, product_files, room_files
from sqlalchemy import CheckConstraint

from fundapp.core.errors import TransitionRefusedError
from fundapp.core.orm import Base
from fundapp.core.wording import STATES, VERBS
from fundapp.intake.rules import ARROWS
from fundapp.intake.rules import STATES as APPLICATION_STATES

for _room in BUSINESS_ROOMS:
    for _path in room_files(_room, "tables"):
        importlib.import_module(module_of(_path))

TABLES = {
    "decision": "decision",
    "condition": "condition",
    "rubric": "rubric_draft",
    "tranche": "tranche",
    "tranche_condition": "tranche_condition",
    "call": "capital_call",
    "movement": "cash_movement",
    "payment": "payment_correction",
    "valuation": "valuation_draft",
    "change": "change_request",
    "report": "progress_report",
    "notice": "reclaim_notice",
    "waitlist": "waitlist_entry",
    "offer": "waitlist_offer",
    "block": "block_request",
    "charge": "overage_charge",
}
"""Where the database itself lists the states of a thing."""
LATIN = re.compile(r"[A-Za-z_]")
PAIRS = [(thing, state) for thing, states in STATES.items() for state in states]


def refusals() -> Iterator[tuple[str, ast.Module, ast.Call]]:
    for path in product_files():
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "TransitionRefusedError":
                yield name_of(path), tree, node


def detail(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)


def literals(value: ast.AST | None) -> set[str]:
    """Return the words an expression may be, as far as it says so itself."""
    if isinstance(value, ast.IfExp):
        return literals(value.body) | literals(value.orelse)
    return {value.value} if isinstance(value, ast.Constant) and isinstance(value.value, str) else set()


def passed_on(tree: ast.Module, verb: ast.expr | None) -> set[str]:
    """Return the words that a module hands to the parameter a verb is read from, or as the `state=` of a change."""
    named = verb.id if isinstance(verb, ast.Name) else "state"
    found: set[str] = set()
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        places = [one.arg for one in (*function.args.args, *function.args.kwonlyargs)]
        if not any(node is verb for node in ast.walk(function)):
            continue
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if getattr(call.func, "id", "") != function.name:
                continue
            found |= literals(detail(call, named))
            if named in places and places.index(named) < len(call.args):
                found |= literals(call.args[places.index(named)])
    return found


def states_in_database(table: str) -> set[str]:
    listed = [
        str(one.sqltext)
        for one in Base.metadata.tables[table].constraints
        if isinstance(one, CheckConstraint) and re.match(r"(state|outcome) IN", str(one.sqltext))
    ]
    return set(re.findall(r"'(\w+)'", listed[0]))


@pytest.mark.parametrize(("thing", "state"), PAIRS)
@pytest.mark.parametrize("verb", ["approve", "withdraw"])
def test_a_refusal_in_korean_is_korean_to_the_last_word(thing: str, state: str, verb: str) -> None:
    message = TransitionRefusedError(thing=thing, state=state, verb=verb).message("ko")
    assert LATIN.search(message) is None


@pytest.mark.parametrize(("thing", "state"), PAIRS)
def test_a_refusal_in_english_is_english_to_the_last_word(thing: str, state: str) -> None:
    message = TransitionRefusedError(thing=thing, state=state, verb="approve").message("en")
    assert message.isascii()
    assert "_" not in message


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_step_has_a_korean_and_an_english_name(verb: str) -> None:
    korean, english = VERBS[verb]
    assert LATIN.search(korean) is None
    assert english.isascii()


def test_programs_still_read_the_words_of_the_code() -> None:
    error = TransitionRefusedError(thing="tranche", state="planned", verb="disbursed")
    assert error.details == {"thing": "tranche", "state": "planned", "verb": "disbursed"}
    assert error.message("ko") == "지금 상태(예정)에서는 할 수 없습니다: 집행"


@pytest.mark.parametrize("thing", sorted(TABLES))
def test_every_state_the_database_knows_has_a_name(thing: str) -> None:
    assert states_in_database(TABLES[thing]) - set(STATES[thing]) == set()


def test_every_refusal_says_of_what_and_in_named_words() -> None:
    unnamed = []
    for place, tree, call in refusals():
        things = literals(detail(call, "thing"))
        verb = detail(call, "verb")
        verbs = literals(verb) or passed_on(tree, verb)
        states = literals(detail(call, "state"))
        known = {state for thing in things for state in STATES.get(thing, {})}
        if not things or things - set(STATES) or states - known or verbs - set(VERBS):
            unnamed.append((place, call.lineno))
    assert unnamed == []


def test_every_core_stage_of_an_application_has_a_name() -> None:
    assert set(APPLICATION_STATES) == set(STATES["application"])


def test_every_arrow_of_an_application_has_a_name() -> None:
    assert {arrow.verb for arrow in ARROWS} - set(VERBS) == set()


def test_a_verb_that_is_passed_on_is_found() -> None:
    tree = ast.parse('def _end(row, state):\n    raise TransitionRefusedError(verb=state)\n_end(1, "gone")\n')
    call = next(node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.keywords)
    assert passed_on(tree, detail(call, "verb")) == {"gone"}
