"""The ledger in plain Python: dictionaries and sums, no database. What the real one is compared with."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

Leg = tuple[str, str, str, int]
"""Debit path, credit path, commodity, minor units."""

SEOUL = timedelta(hours=9)
DONE, REPLAYED, SHORT, REFUSED, CONFLICT = "done", "replayed", "headroom", "refused", "conflict"


class Outcome(Exception):  # noqa: N818 - an answer that ends an operation early
    """How an operation ended without writing anything."""


@dataclass
class Hold:
    legs: list[Leg]
    kind: str
    expires_at: datetime | None
    open: bool = True


@dataclass
class Model:
    """Every verb either changes this model and returns an outcome, or raises one and changes nothing."""

    floors: dict[tuple[str, str], int | None] = field(default_factory=dict)
    requests: dict[str, tuple[object, ...]] = field(default_factory=dict)
    posted: dict[str, list[Leg]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    moved: list[tuple[date, Leg]] = field(default_factory=list)
    holds: dict[str, Hold] = field(default_factory=dict)
    reversed_by: dict[str, str] = field(default_factory=dict)
    reversals: set[str] = field(default_factory=set)
    closed: date | None = None
    rates: dict[str, list[tuple[date, int, str]]] = field(default_factory=lambda: defaultdict(list))
    fx: list[tuple[date, Decimal]] = field(default_factory=list)

    # ---- reading ----

    def balance(self, path: str, code: str, *, as_of: date = date.max) -> int:
        total = 0
        for day, (debit, credit, commodity, amount) in self.moved:
            if commodity == code and day <= as_of:
                total += amount * ((credit == path) - (debit == path))
        return total

    def held(self, path: str, code: str) -> int:
        legs = [leg for hold in self.holds.values() if hold.open for leg in hold.legs]
        return sum(amount for debit, _, commodity, amount in legs if (debit, commodity) == (path, code))

    def balances(self) -> dict[tuple[str, str], tuple[int, int]]:
        return {account: (self.balance(*account), self.held(*account)) for account in self.floors}

    def balances_on(self, day: date) -> dict[tuple[str, str], int]:
        return {account: self.balance(*account, as_of=day) for account in self.floors}

    def count(self, path: str) -> int:
        return sum(path in leg[:2] for _, leg in self.moved)

    def value(self, code: str, minor: int, day: date) -> Decimal | None:
        """Return the value in won: None where a price or an exchange rate is missing."""
        priced = [line for line in self.rates[code] if line[0] <= day]
        if not priced:
            return None
        newest = max(line[0] for line in priced)
        _, price, currency = [line for line in priced if line[0] == newest][-1]
        hours = Decimal(minor) / 10_000
        if currency == "KRW":
            return hours * price
        published = [line for line in self.fx if line[0] <= day]
        if not published:
            return None
        newest = max(line[0] for line in published)
        rate = [line for line in published if line[0] == newest][-1][1]
        return (hours * price / 100 * rate).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)

    # ---- writing ----

    def open_account(self, path: str, code: str, floor: int | None) -> str:
        self.floors.setdefault((path, code), floor)
        return DONE

    def post(self, key: str, legs: list[Leg], day: date, kind: str = "move") -> str:
        self._require_sound(legs)
        return self._record(key, ("post", kind, tuple(legs), day), legs, day, kind)

    def post_many(self, entries: list[tuple[str, list[Leg], date]]) -> int:
        requests: dict[str, tuple[object, ...]] = {}
        for _, legs, _ in entries:
            self._require_sound(legs)
        for key, legs, day in entries:
            request = ("post", "move", tuple(legs), day)
            if requests.setdefault(key, request) != request:
                raise Outcome(CONFLICT)
        for key, request in requests.items():
            if self.requests.get(key, request) != request:
                raise Outcome(CONFLICT)
        fresh = {key: (legs, day) for key, legs, day in entries if key not in self.requests}
        if not fresh:
            return 0
        self._require_open(min(day for _, day in fresh.values()))
        self._require_room([leg for legs, _ in fresh.values() for leg in legs])
        for key, (legs, day) in fresh.items():
            self.requests[key] = requests[key]
            self._move(key, legs, day, "move")
        return len(fresh)

    def hold(self, key: str, legs: list[Leg], day: date, expires_at: datetime | None) -> str:
        self._require_sound(legs)
        if self._known(key, ("hold", "keep", tuple(legs), day)):
            return REPLAYED
        self._require_open(day)
        self._require_room(legs, counts_credits=False)
        self.requests[key] = ("hold", "keep", tuple(legs), day)
        self.holds[key] = Hold(legs, "keep", expires_at)
        return DONE

    def end_hold(self, hold_key: str, key: str, legs: list[Leg] | None, day: date, at: datetime) -> str:
        """Post `legs` of a hold, or void it with None."""
        hold = self.holds[hold_key]
        if legs is not None:
            self._require_sound(legs)
            slots: dict[tuple[str, str, str], int] = defaultdict(int)
            for debit, credit, code, amount in hold.legs:
                slots[debit, credit, code] += amount
            for debit, credit, code, amount in legs:
                slots[debit, credit, code] -= amount
            if min(slots.values()) < 0:
                raise Outcome(REFUSED)
        request = ("void" if legs is None else "post", hold_key, tuple(legs or ()), day)
        if self._known(key, request):
            return REPLAYED
        self._require_open(day)
        if not hold.open or (legs is not None and hold.expires_at is not None and at >= hold.expires_at):
            raise Outcome(REFUSED)
        hold.open = False
        self.requests[key] = request
        if legs is not None:
            self._move(key, legs, day, hold.kind)
        return DONE

    def expire_holds(self, at: datetime) -> int:
        due = [key for key, hold in self.holds.items() if hold.open and hold.expires_at and hold.expires_at <= at]
        for key in due:
            day = (at + SEOUL).date()
            if self.closed is not None:
                day = max(day, self.closed + timedelta(days=1))
            self.end_hold(key, f"expire:{key}", None, day, at)
        return len(due)

    def reverse(self, txn_key: str, key: str, day: date) -> str:
        if txn_key not in self.posted or txn_key in self.reversals:
            raise Outcome(REFUSED)
        if self.reversed_by.get(txn_key, key) != key:
            raise Outcome(REFUSED)
        legs = [(credit, debit, code, amount) for debit, credit, code, amount in self.posted[txn_key]]
        kind = f"{self.kinds[txn_key]}_reversal"
        outcome = self._record(key, ("reverse", txn_key, tuple(legs), day), legs, day, kind)
        self.reversed_by[txn_key] = key
        self.reversals.add(key)
        return outcome

    def replace(self, txn_key: str, key: str, legs: list[Leg], reversed_on: date, day: date) -> str:
        mirror = f"reverse:{txn_key}"
        if txn_key not in self.posted or txn_key in self.reversals:
            raise Outcome(REFUSED)
        if self.reversed_by.get(txn_key, mirror) != mirror:
            raise Outcome(REFUSED)
        self._require_sound(legs)
        back = [(credit, debit, code, amount) for debit, credit, code, amount in self.posted[txn_key]]
        wanted = {
            mirror: ("reverse", txn_key, tuple(back), reversed_on),
            key: ("replace", txn_key, tuple(legs), day),
        }
        known = [self._known(one, request) for one, request in wanted.items()]
        if all(known):
            return REPLAYED
        if any(known):
            raise Outcome(REFUSED)
        self._require_open(min(reversed_on, day))
        self._require_room(back + legs)
        self.requests |= wanted
        self._move(mirror, back, reversed_on, f"{self.kinds[txn_key]}_reversal")
        self._move(key, legs, day, self.kinds[txn_key])
        self.reversed_by[txn_key] = mirror
        self.reversals.add(mirror)
        return DONE

    def close_books(self, through: date) -> str:
        self.closed = through if self.closed is None else max(self.closed, through)
        return DONE

    # ---- how ----

    def _record(self, key: str, request: tuple[object, ...], legs: list[Leg], day: date, kind: str) -> str:
        if self._known(key, request):
            return REPLAYED
        self._require_open(day)
        self._require_room(legs)
        self.requests[key] = request
        self._move(key, legs, day, kind)
        return DONE

    def _known(self, key: str, request: tuple[object, ...]) -> bool:
        if key in self.requests and self.requests[key] != request:
            raise Outcome(CONFLICT)
        return key in self.requests

    def _move(self, key: str, legs: list[Leg], day: date, kind: str) -> None:
        self.posted[key] = legs
        self.kinds[key] = kind
        self.moved += [(day, leg) for leg in legs]

    def _require_sound(self, legs: list[Leg]) -> None:
        if not legs or any(amount <= 0 or debit == credit for debit, credit, _, amount in legs):
            raise Outcome(REFUSED)

    def _require_open(self, day: date) -> None:
        if self.closed is not None and day <= self.closed:
            raise Outcome(REFUSED)

    def _require_room(self, legs: list[Leg], *, counts_credits: bool = True) -> None:
        change: dict[tuple[str, str], int] = defaultdict(int)
        for debit, credit, code, amount in legs:
            if (debit, code) not in self.floors or (credit, code) not in self.floors:
                raise Outcome(REFUSED)
            change[debit, code] -= amount
            change[credit, code] += amount * counts_credits
        for account, amount in change.items():
            floor = self.floors[account]
            if floor is not None and self.balance(*account) - self.held(*account) + amount < floor:
                raise Outcome(SHORT)
