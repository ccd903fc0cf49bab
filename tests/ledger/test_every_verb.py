"""Every verb of the ledger against a model in plain Python, by Hypothesis; `make soak` does the same for hours."""

from __future__ import annotations

from hypothesis.stateful import RULE_MARKER
from ledger_dice import VERBS, play_until
from ledger_machine import LedgerMachine, agree

from fundapp.core.sessions import Database

OPERATIONS = 12_500
"""On each of the two databases; the seeds are the same in each run."""


def test_every_verb_does_what_the_model_in_plain_python_does(db: Database) -> None:
    assert agree(db, operations=OPERATIONS) >= OPERATIONS


def test_the_dice_of_long_runs_know_every_verb_with_its_arguments() -> None:
    found = {
        name: set(getattr(method, RULE_MARKER).arguments)
        for name, method in vars(LedgerMachine).items()
        if hasattr(method, RULE_MARKER)
    }
    assert {name: set(arguments) for name, arguments in VERBS.items()} == found


def test_a_thrown_example_agrees_with_the_model(db: Database) -> None:
    told: list[tuple[int, int]] = []
    done = play_until(db, operations=1, first_example=7, tell=lambda *known: told.append(known))
    assert told == [(done, 8)]
