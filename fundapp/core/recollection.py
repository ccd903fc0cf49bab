"""What was found out from the database, kept for as long as nobody has committed anything to it.

A page is opened far more often than the fund changes. Both databases say for the price of a word whether anything has
been committed since: `present_state` goes into the statement that every request sends anyway. As long as it says the
same, an earlier answer is still the answer, and there is nothing to invalidate and nothing that could be forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

CONNECTION_NUMBER = "connection_number"
"""The function that each of our SQLite connections answers with a number of its own."""
_KEPT = 128


class present_state(FunctionElement[str]):  # noqa: N801 - a function of SQL, written as these are
    """A word that differs as soon as a transaction has been committed that the asking one did not see.

    PostgreSQL: the snapshot, that is which transactions are over. Equal snapshots see the same rows
    (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT).

    SQLite: which connection asks, what others have committed as this one has noticed, and what it has changed itself
    (https://www.sqlite.org/pragma.html#pragma_data_version, https://www.sqlite.org/lang_corefunc.html#total_changes).
    The first two only count for the connection that was asked.
    """

    type = String()
    inherit_cache = True
    name = "present_state"


@compiles(present_state, "sqlite")
def _of_sqlite(_element: object, _compiler: SQLCompiler, **_options: object) -> str:
    return f"({CONNECTION_NUMBER}() || ':' || (SELECT data_version FROM pragma_data_version) || ':' || total_changes())"


@compiles(present_state, "postgresql")
def _of_postgresql(_element: object, _compiler: SQLCompiler, **_options: object) -> str:
    return "CAST(pg_current_snapshot() AS TEXT)"


class Recollection:
    """Answers by state and question, the least asked given up first.

    What is kept is shared between threads and requests: nobody may change it.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def recall(self, state: str, question: Hashable) -> Any | None:  # noqa: ANN401 - whatever was kept
        """Return what was kept for a question at this state, or None.

        Args:
            state: `present_state`, read **before** anything that an answer is made of: what is read later is at least
                as new, and whoever sees the same state afterwards sees the same rows.
            question: All that the answer depends on beside the database: who asks, for what, in which language.
        """
        key = (state, question)
        with self._lock:
            if key not in self._answers:
                return None
            self._answers.move_to_end(key)
            return self._answers[key]

    def keep(self, state: str, question: Hashable, answer: object) -> None:
        """Keep an answer."""
        with self._lock:
            self._answers[state, question] = answer
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
