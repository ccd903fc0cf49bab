"""Hypothesis drives every verb of the ledger and its model side by side; any difference is a failure.

An example is one database transaction that is rolled back at its end, so that each begins with an empty ledger and
open books. A refusal must leave nothing behind and the transaction usable: nothing here rolls it back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from ledger_model import CONFLICT, REFUSED, REPLAYED, SHORT, Leg, Model, Outcome
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.errors import HeadroomExceededError, IdempotencyConflictError, LedgerRefusedError
from fundapp.core.quantities import Quantity
from fundapp.core.sessions import Database
from fundapp.ledger import actions, queries, rules

CODES = ("KRW", "GPUH.H100")
PATHS = ("investor:a", "pool:a", "pool:b", "grant:a", "used:a")
SOURCES = {"investor:a"}
LATER = ("used:a", "KRW")
"""Opened by a rule only, so that postings also meet an account that is missing."""

START = datetime(2026, 6, 20, 16, 0, tzinfo=UTC)
DAYS = [date(2026, 6, 10) + timedelta(days=30 * n) for n in range(8)]

AMOUNTS = (1, 7, 40, 100, 300)
WAYS = [(debit, credit) for debit in PATHS for credit in PATHS if debit != credit]
MALFORMED = (
    [],
    [("pool:a", "pool:a", "KRW", 5)],
    [("pool:a", "grant:a", "KRW", 0)],
    [("pool:a", "grant:a", "KRW", -5)],
)

some_leg = st.builds(
    lambda way, code, amount: (*way, code, amount),
    st.sampled_from(WAYS),
    st.sampled_from(CODES),
    st.sampled_from(AMOUNTS),
)
some_legs = st.lists(some_leg, min_size=1, max_size=2)
some_day = st.sampled_from(DAYS)
some_number = st.integers(min_value=0, max_value=11)


class LedgerMachine(RuleBasedStateMachine):
    """One example. `database` is set by whoever runs it; `operations` counts over all examples."""

    database: ClassVar[Database]
    operations: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        options: dict[str, object] = (
            {"writing": True} if self.database.is_sqlite else {"isolation_level": "READ COMMITTED"}
        )
        self.connection = self.database.engine.connect().execution_options(**options)
        self.session = Session(self.connection, expire_on_commit=False)
        self.model = Model()
        self.made = 0
        self.steps = 0
        self.keys: list[str] = []
        self.now = START

    @initialize()
    def found(self) -> None:
        for code in CODES:
            for path in PATHS:
                if (path, code) != LATER:
                    self._both(*self._opening(path, code))
            self._post(self._key(), [("investor:a", "pool:a", code, 1000)], DAYS[0])

    def teardown(self) -> None:
        try:
            self._compare_everything()
        finally:  # an example left open would keep its locks, and the next one waiting
            self.session.close()
            self.connection.close()

    def _compare_everything(self) -> None:
        self._compare_balances()
        assert queries.verify(self.session).problems == []
        found = {(row.account, row.commodity): row.posted for row in queries.balances(self.session, as_of=DAYS[3])}
        assert found == self.model.balances_on(DAYS[3])
        counts = {path: queries.count_transfers(self.session, account=path) for path in PATHS}
        assert counts == {path: self.model.count(path) for path in PATHS}

    # ---- the two sides ----

    def _both(self, modelled: Callable[[], object], real: Callable[[], object]) -> None:
        type(self).operations += 1
        try:
            expected = modelled()
        except Outcome as outcome:
            expected = outcome.args[0]
        try:
            found = real()
        except HeadroomExceededError:
            found = SHORT
        except LedgerRefusedError:
            found = REFUSED
        except IdempotencyConflictError:
            found = CONFLICT
        assert found == expected

    def _opening(self, path: str, code: str) -> tuple[Callable[[], object], Callable[[], object]]:
        floor = None if path in SOURCES else 0

        def real() -> str:
            actions.open_account(self.session, path, code, on=DAYS[0], floor=floor)
            return "done"

        return lambda: self.model.open_account(path, code, floor), real

    def _key(self) -> str:
        self.made += 1
        self.keys.append(f"k{self.made}")
        return self.keys[-1]

    def _old_key(self, number: int) -> str:
        return self.keys[-1 - number % len(self.keys)] if self.keys else self._key()

    def _a_hold(self, number: int) -> str | None:
        opened = [key for key, hold in self.model.holds.items() if hold.open]
        holds = opened if opened and number < 10 else list(self.model.holds)
        return holds[-1 - number % len(holds)] if holds else None

    @invariant()
    def every_balance_is_the_models(self) -> None:
        self.steps += 1
        if not self.steps % 5:
            self._compare_balances()

    def _compare_balances(self) -> None:
        found = {(row.account, row.commodity): (row.posted, row.held) for row in queries.balances(self.session)}
        assert found == self.model.balances()

    # ---- verbs ----

    @rule(path=st.sampled_from(PATHS[-2:]), code=st.sampled_from(CODES))
    def open_account(self, path: str, code: str) -> None:
        self._both(*self._opening(path, code))

    @rule(path=st.sampled_from(PATHS[1:-1]), code=st.sampled_from(CODES), day=some_day)
    def contribute(self, path: str, code: str, day: date) -> None:
        self._post(self._key(), [("investor:a", path, code, 600)], day)

    @rule(legs=some_legs, day=some_day)
    def post(self, legs: list[Leg], day: date) -> None:
        self._post(self._key(), legs, day)

    @rule(legs=st.sampled_from(MALFORMED), day=some_day)
    def post_what_is_malformed(self, legs: list[Leg], day: date) -> None:
        self._post(self._key(), legs, day)

    @rule(number=some_number, legs=some_legs, day=some_day)
    def post_under_a_used_key(self, number: int, legs: list[Leg], day: date) -> None:
        self._post(self._old_key(number), legs, day)

    @rule(number=some_number)
    def post_again_word_for_word(self, number: int) -> None:
        key = self._old_key(number)
        request = self.model.requests.get(key)
        if request is not None and request[:2] == ("post", "move"):
            self._post(key, list(request[2]), request[3])  # type: ignore[arg-type,call-overload]

    def _post(self, key: str, legs: list[Leg], day: date) -> None:
        def real() -> str:
            posting = actions.post(
                self.session, key=key, kind="move", legs=given(legs), effective_on=day, actor=SYSTEM, at=self.now
            )
            return said(posting)

        self._both(lambda: self.model.post(key, legs, day), real)

    @rule(batch=st.lists(st.tuples(some_number, some_legs), min_size=1, max_size=3), day=some_day)
    def post_many(self, batch: list[tuple[int, list[Leg]]], day: date) -> None:
        keys = [self._key() if number else self._old_key(3) for number, _ in batch]
        entries = [(key, legs, day) for key, (_, legs) in zip(keys, batch, strict=True)]
        wanted = [rules.Entry(key, "move", tuple(given(legs)), day) for key, legs, day in entries]
        self._both(
            lambda: self.model.post_many(entries),
            lambda: actions.post_many(self.session, wanted, actor=SYSTEM, at=self.now),
        )

    @rule(legs=some_legs, day=some_day, days=st.sampled_from((None, 0, 20, 60)), again=st.booleans())
    def hold(self, legs: list[Leg], day: date, days: int | None, *, again: bool) -> None:
        key = self._key()
        expires_at = None if days is None else self.now + timedelta(days=days)

        def real() -> str:
            posting = actions.hold(
                self.session,
                key=key,
                kind="keep",
                legs=given(legs),
                effective_on=day,
                actor=SYSTEM,
                at=self.now,
                expires_at=expires_at,
            )
            return said(posting)

        for _ in range(1 + again):
            self._both(lambda: self.model.hold(key, legs, day, expires_at), real)

    @rule(number=some_number, day=some_day, again=st.booleans())
    def post_a_whole_hold(self, number: int, day: date, *, again: bool) -> None:
        hold_key = self._a_hold(number)
        if hold_key is not None:
            self._end(hold_key, self._key(), self.model.holds[hold_key].legs, day, again=again, whole=True)

    @rule(number=some_number, day=some_day, share=st.sampled_from((1, 2, 3)), key=some_number)
    def post_part_of_a_hold(self, number: int, day: date, share: int, key: int) -> None:
        hold_key = self._a_hold(number)
        if hold_key is not None:
            legs = [(*leg[:3], leg[3] * share // 2) for leg in self.model.holds[hold_key].legs]
            self._end(hold_key, self._key() if key else self._old_key(number), legs, day)

    @rule(number=some_number, day=some_day, again=st.booleans())
    def void_a_hold(self, number: int, day: date, *, again: bool) -> None:
        hold_key = self._a_hold(number)
        if hold_key is not None:
            self._end(hold_key, self._key(), None, day, again=again)

    def _end(
        self, hold_key: str, key: str, legs: list[Leg] | None, day: date, *, again: bool = False, whole: bool = False
    ) -> None:
        asked = {"hold_key": hold_key, "key": key, "effective_on": day, "actor": SYSTEM, "at": self.now}

        def real() -> str:
            if legs is None:
                return said(actions.void_hold(self.session, **asked))  # type: ignore[arg-type]
            return said(actions.post_hold(self.session, **asked, legs=None if whole else given(legs)))  # type: ignore[arg-type]

        for _ in range(1 + again):
            self._both(lambda: self.model.end_hold(hold_key, key, legs, day, self.now), real)

    @rule(days=st.sampled_from((1, 15, 45)))
    def time_passes_and_holds_expire(self, days: int) -> None:
        self.now += timedelta(days=days)
        self._both(
            lambda: self.model.expire_holds(self.now),
            lambda: actions.expire_holds(self.session, actor=SYSTEM, at=self.now),
        )

    @rule(number=some_number, key=some_number, day=some_day)
    def reverse(self, number: int, key: int, day: date) -> None:
        txn_key, own = self._old_key(number), self._key() if key < 9 else self._old_key(key)

        def real() -> str:
            posting = actions.reverse(
                self.session, txn_key=txn_key, key=own, effective_on=day, actor=SYSTEM, at=self.now
            )
            return said(posting)

        self._both(lambda: self.model.reverse(txn_key, own, day), real)

    @rule(number=some_number, key=some_number, legs=some_legs, back=some_day, day=some_day)
    def replace(self, number: int, key: int, legs: list[Leg], back: date, day: date) -> None:
        txn_key, own = self._old_key(number), self._key() if key < 9 else self._old_key(key)

        def real() -> str:
            posting = actions.replace(
                self.session,
                txn_key=txn_key,
                reversed_on=back,
                key=own,
                legs=given(legs),
                effective_on=day,
                actor=SYSTEM,
                at=self.now,
            )
            return said(posting)

        self._both(lambda: self.model.replace(txn_key, own, legs, back, day), real)

    @rule(day=st.sampled_from(DAYS[:3]), likely=some_number)
    def close_books(self, day: date, likely: int) -> None:
        if likely:
            return  # books never reopen: close seldom, or nothing more can be posted

        def real() -> str:
            actions.close_books(self.session, through=day, actor=SYSTEM, at=self.now)
            return "done"

        self._both(lambda: self.model.close_books(day), real)
        assert queries.find_closed_through(self.session) == self.model.closed

    @rule(
        code=st.just("GPUH.H100"),
        day=some_day,
        price=st.sampled_from((4200, 275)),
        currency=st.sampled_from(("KRW", "USD")),
    )
    def set_rate(self, code: str, day: date, price: int, currency: str) -> None:
        line = (day, price, currency)
        same_day = [known for known in self.model.rates[code] if known[0] == day]
        type(self).operations += 1
        actions.set_rate(
            self.session, commodity=code, valid_from=day, unit_price=price, source="test", currency=currency
        )
        if same_day[-1:] != [line]:
            self.model.rates[code].append(line)

    @rule(day=some_day, rate=st.sampled_from(("1391.25", "1400", "1388.123456")))
    def set_fx(self, day: date, rate: str) -> None:
        type(self).operations += 1
        actions.set_fx(self.session, pair="USDKRW", day=day, rate=rate, source="test")
        same_day = [known for known in self.model.fx if known[0] == day]
        if same_day[-1:] != [(day, Decimal(rate))]:
            self.model.fx.append((day, Decimal(rate)))

    # ---- reads ----

    @rule(day=some_day, minor=st.sampled_from((1, 12_345, 50_000)))
    def value(self, day: date, minor: int) -> None:
        def real() -> object:
            return queries.value_of(self.session, Quantity(minor, "GPUH.H100"), day).decimal

        def modelled() -> object:
            value = self.model.value("GPUH.H100", minor, day)
            return REFUSED if value is None else value

        self._both(modelled, real)

    @rule(day=some_day)
    def balances_on_a_day(self, day: date) -> None:
        type(self).operations += 1
        found = {(row.account, row.commodity): row.posted for row in queries.balances(self.session, as_of=day)}
        assert found == self.model.balances_on(day)


def given(legs: list[Leg]) -> list[rules.Leg]:
    return [rules.Leg(debit, credit, Quantity(amount, code)) for debit, credit, code, amount in legs]


def said(posting: actions.Posting) -> str:
    return REPLAYED if posting.replayed else "done"


def agree(
    database: Database, *, operations: int, first_seed: int = 1, tell: Callable[[int], None] = lambda _: None
) -> int:
    """Run examples, so many to a seed, until `operations` are done; return how many were.

    Raises:
        AssertionError: at the first difference, with the steps that lead to it in its notes.
    """
    rules_of_play = settings(
        max_examples=10,
        stateful_step_count=250,  # opening accounts and adding everything up cost once an example
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    done, number = 0, first_seed
    while done < operations:
        machine = type("Machine", (LedgerMachine,), {"database": database, "operations": 0})
        run_state_machine_as_test(seed(number)(machine), settings=rules_of_play)
        done, number = done + machine.operations, number + 1
        tell(done)
    return done
