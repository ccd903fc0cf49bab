"""The verbs of the ledger's machine, thrown by plain dice: what Hypothesis spends on drawing goes into operations.

Hypothesis draws, remembers and shrinks, which costs as much as the ledger itself. A long run needs none of that: the
number of its example says all that it did, and the machine, its model and its comparisons are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from ledger_machine import AMOUNTS, CODES, DAYS, MALFORMED, PATHS, WAYS, LedgerMachine

from fundapp.core.sessions import Database

STEPS: Final = 250
"""Of one example: opening accounts and adding everything up cost once an example."""

Draw = Callable[[Random], Any]


def one_of(values: Sequence[object]) -> Draw:
    return lambda dice: dice.choice(values)


def legs(dice: Random) -> list[tuple[str, str, str, int]]:
    return [(*dice.choice(WAYS), dice.choice(CODES), dice.choice(AMOUNTS)) for _ in range(dice.randint(1, 2))]


def number(dice: Random) -> int:
    return dice.randint(0, 11)


def batch(dice: Random) -> list[tuple[int, list[tuple[str, str, str, int]]]]:
    return [(number(dice), legs(dice)) for _ in range(dice.randint(1, 3))]


day, either = one_of(DAYS), one_of((False, True))

VERBS: Final[dict[str, dict[str, Draw]]] = {
    "open_account": {"path": one_of(PATHS[-2:]), "code": one_of(CODES)},
    "contribute": {"path": one_of(PATHS[1:-1]), "code": one_of(CODES), "day": day},
    "post": {"legs": legs, "day": day},
    "post_what_is_malformed": {"legs": one_of(MALFORMED), "day": day},
    "post_under_a_used_key": {"number": number, "legs": legs, "day": day},
    "post_again_word_for_word": {"number": number},
    "post_many": {"batch": batch, "day": day},
    "hold": {"legs": legs, "day": day, "days": one_of((None, 0, 20, 60)), "again": either},
    "post_a_whole_hold": {"number": number, "day": day, "again": either},
    "post_part_of_a_hold": {"number": number, "day": day, "share": one_of((1, 2, 3)), "key": number},
    "void_a_hold": {"number": number, "day": day, "again": either},
    "time_passes_and_holds_expire": {"days": one_of((1, 15, 45))},
    "reverse": {"number": number, "key": number, "day": day},
    "replace": {"number": number, "key": number, "legs": legs, "back": day, "day": day},
    "close_books": {"day": one_of(DAYS[:3]), "likely": number},
    "set_rate": {
        "code": one_of(("GPUH.H100",)),
        "day": day,
        "price": one_of((4200, 275)),
        "currency": one_of(("KRW", "USD")),
    },
    "set_fx": {"day": day, "rate": one_of(("1391.25", "1400", "1388.123456"))},
    "value": {"day": day, "minor": one_of((1, 12_345, 50_000))},
    "balances_on_a_day": {"day": day},
}


def play(machine: type[LedgerMachine], example: int) -> None:
    """Play one example.

    Raises:
        AssertionError: at the first difference, with the example and its last steps in its notes.
    """
    dice, names, steps = Random(example), sorted(VERBS), list[str]()  # noqa: S311 - a seeded run, not cryptography
    table = machine()
    try:
        try:
            table.found()
            for _ in range(STEPS):
                name = dice.choice(names)
                given = {argument: draw(dice) for argument, draw in VERBS[name].items()}
                steps.append(f"state.{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})")
                getattr(table, name)(**given)
                table.every_balance_is_the_models()
        finally:
            table.teardown()
    except Exception as error:
        error.add_note(f"example {example}, after {len(steps)} steps; all of them:")
        error.add_note("\n".join(steps))
        raise


def play_until(
    database: Database, *, operations: int, first_example: int = 1, tell: Callable[[int, int], None] = lambda *_: None
) -> int:
    """Play examples until `operations` are done; return how many were.

    Args:
        database: A migrated database with an empty ledger.
        operations: How many at least.
        first_example: Number of the first; every next one has the next number.
        tell: Is told after each example how many operations are done, and the number of the next example.

    Raises:
        AssertionError: at the first difference.
    """
    machine = type("Machine", (LedgerMachine,), {"database": database, "operations": 0})
    example = first_example
    while machine.operations < operations:
        play(machine, example)
        example += 1
        tell(machine.operations, example)
    return machine.operations
