"""Every verb of the ledger against a model in plain Python, by Hypothesis; `make soak` does the same for hours."""

from __future__ import annotations

from ledger_machine import agree

from fundapp.core.sessions import Database

OPERATIONS = 12_500
"""On each of the two databases; the seeds are the same in each run."""


def test_every_verb_does_what_the_model_in_plain_python_does(db: Database) -> None:
    assert agree(db, operations=OPERATIONS) >= OPERATIONS
