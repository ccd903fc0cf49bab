"""Rows reduced to totals, column by column.

What a value means is decided once for each distinct value, by the same functions that read single rows. Rows whose
values are all in order are summed together, exactly, in decimals; every other row is read by itself, which either
gives the same kind of figure or the reason why it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import reduce
from operator import or_
from typing import Any, Final

import polars as pl

from fundapp.portfolio.gpu_sizes import GpuSize

from .fields import instant, text_of
from .pieces import Place
from .refusals import RowRefusedError
from .rows import (
    MAX_GPU_HOURS,
    MAX_SPAN,
    SIZE_COLUMNS,
    UNKNOWN_REGION,
    Rules,
    UsageRow,
    bill_of,
    billing_month,
    clean,
    company_of,
    gpu_size,
    is_metered,
    read_row,
    require_known_currency,
    size_name,
    span_of,
    unit_hours,
)
from .statement import Line, Tally

_SPAN: Final = ("ChargePeriodStart", "ChargePeriodEnd")
_KIND: Final = ("ChargeCategory", "CommitmentDiscountStatus")
_TAGS: Final = ("Tags", "AllocatedMethodId", "AllocatedTags")
_BILL: Final = ("SubAccountId", "BillingPeriodStart")
_SIZE: Final = ("ChargePeriodStart", *SIZE_COLUMNS)
_KEYS: Final = (*_SPAN, *_BILL, "RegionId", "ConsumedUnit", *SIZE_COLUMNS)
_ORDINARY: Final = r"^[+-]?\d{1,15}(\.\d{0,18})?$|^$|^NULL$"
_SUMMABLE: Final = r"^-?\d{1,6}(\.\d{0,18})?$"
_LARGEST_SUMMABLE: Final = 10**6
_REMEMBERED: Final = 200_000
_DECIMAL: Final = pl.Decimal(38, 18)

Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one frame comes to.

    Attributes:
        sums: GPU rows that can be summed: quantity and number of rows, and everything that gives them their meaning.
        bills: Sub-account, billing period and, where that is unreadable, start of charge, as the file spells them.
        accounts: Billing accounts as the file spells them.
        singles: Rows that were read by themselves.
        refused: Position, reason and bill of each refused row.
    """

    sums: pl.DataFrame | None
    bills: frozenset[tuple[str, date]]
    accounts: frozenset[str]
    singles: tuple[UsageRow, ...]
    refused: tuple[tuple[int, RowRefusedError, tuple[str, date | None]], ...]


class Verdicts:
    """What the values of some columns mean, judged once each; forgets rather than grow on a file of ever new values."""

    def __init__(self, columns: Sequence[str], judge: Callable[..., Any], present: Collection[str]) -> None:
        self.columns, self._judge = tuple(columns), judge
        self._asked = [name for name in columns if name in present] or [columns[0]]
        self._known: dict[Values, Any] = {}
        self._refused: set[Values] = set()

    def ask(self, table: pl.LazyFrame) -> pl.LazyFrame:
        """Return the question for the distinct values of a table; what the file has no column for is not asked."""
        return table.select(self._asked).unique()

    def learn(self, answer: pl.DataFrame) -> list[Values]:
        """Judge what is new; return the distinct values."""
        absent = [pl.lit("").alias(name) for name in self.columns if name not in self._asked]
        values: list[Values] = (answer.select(*self._asked, *absent).select(self.columns) if absent else answer).rows()
        if len(self._known) > _REMEMBERED:
            self._known, self._refused = {}, set()
        known = self._known
        for value in set(values).difference(known):
            try:
                known[value] = self._judge(*value)
            except RowRefusedError as refusal:
                known[value] = refusal
                self._refused.add(value)
        return values

    def refused(self, values: Iterable[Values]) -> list[Values]:
        """Return the values that cannot be read."""
        return list(self._refused.intersection(values)) if self._refused else []

    def those(self, values: Iterable[Values], test: Callable[[Any], bool]) -> list[Values]:
        """Return the values whose verdict passes a test."""
        known = self._known
        return [value for value in values if test(known[value])]

    def __getitem__(self, value: Values) -> Any:  # noqa: ANN401 - whatever the judge returns
        """Return the verdict on a value that has been learnt."""
        return self._known[value]


class Companies:
    """Whom the tags of rows name. A file has thousands of them; those that are known never leave Polars."""

    def __init__(self, judge: Callable[[str, str, str], str | None], present: Collection[str]) -> None:
        self._judge = judge
        self._asked = [name for name in _TAGS if name in present] or [_TAGS[0]]
        self._nothing = pl.DataFrame(
            schema=dict.fromkeys((*self._asked, "company"), pl.String) | {"refused": pl.Boolean}
        )
        self._known = self._nothing

    def ask(self, table: pl.LazyFrame) -> pl.LazyFrame:
        """Return the question for the distinct tags of a table."""
        return table.select(self._asked).unique()

    def learn(self, answer: pl.DataFrame) -> None:
        """Judge what is new."""
        if self._known.height > _REMEMBERED:
            self._known = self._nothing
        new = answer.join(self._known, on=self._asked, how="anti")
        if not new.height:
            return
        said = [self._named(dict(zip(self._asked, cells, strict=True))) for cells in new.iter_rows()]
        verdicts = pl.DataFrame(said, schema={"company": pl.String, "refused": pl.Boolean}, orient="row")
        self._known = pl.concat([self._known, new.hstack(verdicts)])

    def _named(self, cells: dict[str, str]) -> tuple[str | None, bool]:
        try:
            return self._judge(*(cells.get(name, "") for name in _TAGS)), False
        except RowRefusedError:
            return None, True

    def refused(self, table: pl.DataFrame) -> pl.Series | None:
        """Return which rows of a table have tags that cannot be read; None when none has."""
        wrong = self._known.filter("refused").select(self._asked)
        return _match(table, wrong) if wrong.height else None

    def name(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return a table with the column `company`."""
        return table.join(self._known.drop("refused"), on=self._asked, how="left")


def _is_refusal(verdict: object) -> bool:
    return isinstance(verdict, RowRefusedError)


class Reducer:
    """Reduces the frames of one file under one set of rules.

    Args:
        rules: Tags, subscriptions, sizes and currencies.
        present: The columns that the file has.
    """

    def __init__(self, rules: Rules, present: Collection[str]) -> None:
        self.rules = rules
        self._absent = [pl.lit("").alias(name) for name in _ALL if name not in present]
        self._spans = Verdicts(_SPAN, span_of, present)
        self._kinds = Verdicts(_KIND, is_metered, present)
        self._tags = Companies(self._company, present)
        self._bills = Verdicts((*_BILL, "ChargePeriodStart"), _bill, present)
        self._short_bills = Verdicts(_BILL, _bill, present)
        self._machines = {
            column: Verdicts((column,), self._namer(column), present) for column in SIZE_COLUMNS if column in present
        }
        self._sizes = Verdicts(_SIZE, self._size, present)
        self._units = Verdicts(("ConsumedUnit",), unit_hours, present)
        self._currencies = Verdicts(("BillingCurrency",), self._money, present)

    def reduce(self, table: pl.DataFrame) -> Part:
        """Return what the rows of a frame come to."""
        table = table.with_columns(self._absent) if self._absent else table
        odd, gpu, accounts, bills = self._survey(table)
        if odd is None:
            candidates = table.filter(gpu) if gpu is not None else None
        else:
            candidates = table.filter(gpu & ~odd) if gpu is not None else None
        sums = None
        if candidates is not None and candidates.height:
            strange = self._strange(candidates)
            if strange is not None:
                odd = pl.repeat(value=False, n=table.height, dtype=pl.Boolean, eager=True) if odd is None else odd
                eligible = table.select((gpu & ~odd).alias("it"))["it"].arg_true()
                odd = odd.scatter(eligible.filter(strange), values=True)
                candidates = candidates.filter(~strange)
            sums = self._sum(candidates)
        if odd is None:
            return Part(sums, bills, accounts, (), ())
        singles, refused = self._one_by_one(table, odd)
        good = table.filter(~odd)
        _, _, accounts, bills = self._survey(good) if good.height else (None, None, frozenset[str](), frozenset())
        return Part(sums, bills, accounts, tuple(singles), tuple(refused))

    def _survey(
        self, table: pl.DataFrame
    ) -> tuple[pl.Series | None, pl.Expr | None, frozenset[str], frozenset[tuple[str, date]]]:
        """Return which rows must be read by themselves (None: none), which name a GPU machine, accounts and bills."""
        lazy = table.lazy()
        judged = (self._spans, self._kinds, *self._machines.values())
        answers = pl.collect_all(
            [
                *(verdicts.ask(lazy) for verdicts in judged),
                self._tags.ask(lazy),
                self._short_bills.ask(lazy),
                lazy.select(pl.col("BillingAccountId").unique()),
                lazy.select(pl.col("ConsumedQuantity").str.contains(_ORDINARY).all()),
            ]
        )
        values = [verdicts.learn(answer) for verdicts, answer in zip(judged, answers, strict=False)]
        self._tags.learn(answers[-4])
        wrong = [self._tags.refused(table)]
        if not answers[-1].item():
            wrong.append(~table["ConsumedQuantity"].str.contains(_ORDINARY))
        for verdicts, known in zip(judged[:2], values[:2], strict=True):
            if refused := verdicts.refused(known):
                wrong.append(_match(table, _frame(verdicts.columns, refused)))
        odd = reduce(or_, found) if (found := [one for one in wrong if one is not None]) else None
        bills = self._name_bills(table, answers[-3])
        return odd, self._gpu_rows(values), frozenset(answers[-2].to_series()), bills

    def _gpu_rows(self, values: Sequence[list[Values]]) -> pl.Expr | None:
        """Return which metered rows have a column that names a GPU machine or cannot be read; None when no row has."""
        named = None
        for (column, verdicts), known in zip(self._machines.items(), values[2:], strict=True):
            if wanted := verdicts.those(known, lambda verdict: verdict is not False):
                found = pl.col(column).is_in([text for (text,) in wanted])
                named = found if named is None else named | found
        if named is None:
            return None
        for category, commitment in self._kinds.those(values[1], lambda verdict: verdict is not True):
            named &= ~((pl.col("ChargeCategory") == category) & (pl.col("CommitmentDiscountStatus") == commitment))
        return named

    def _name_bills(self, table: pl.DataFrame, short: pl.DataFrame) -> frozenset[tuple[str, date]]:
        verdicts, values = self._short_bills, self._short_bills.learn(short)
        if verdicts.refused(values):  # some row names no billing period: the charge's own month counts
            verdicts = self._bills
            values = verdicts.learn(verdicts.ask(table.lazy()).collect())
        return frozenset(verdicts[value] for value in values if not _is_refusal(verdicts[value]))

    def _company(self, tags: str, method: str, allocated: str) -> str | None:
        return company_of({"Tags": tags, "AllocatedMethodId": method, "AllocatedTags": allocated}, self.rules.mapping)

    def _namer(self, column: str) -> Callable[[str], bool]:
        return lambda cell: self.rules.sizes.names(size_name(column, cell)[0])

    def _size(self, start: str, *cells: str) -> GpuSize | None:
        day = instant("ChargePeriodStart", start).date()
        return gpu_size(dict(zip(SIZE_COLUMNS, cells, strict=True)), day, self.rules.sizes)

    def _money(self, currency: str) -> bool:
        require_known_currency(currency, self.rules.currencies)
        return True

    def _strange(self, table: pl.DataFrame) -> pl.Series | None:
        """Return which of the rows that name a GPU machine cannot simply be summed; None when all can."""
        lazy = table.lazy()
        judged = (self._sizes, self._units, self._currencies, self._spans)
        answers = pl.collect_all(
            [
                *(verdicts.ask(lazy) for verdicts in judged),
                lazy.select(pl.col("ConsumedQuantity").str.contains(_SUMMABLE).all()),
            ]
        )
        sizes, units, currencies, spans = (
            verdicts.learn(answer) for verdicts, answer in zip(judged, answers, strict=False)
        )
        most = max((self._sizes[one].gpus for one in sizes if isinstance(self._sizes[one], GpuSize)), default=1)
        limit = Fraction(MAX_GPU_HOURS, _LARGEST_SUMMABLE) / most
        wrong = {
            _SIZE: self._sizes.those(sizes, lambda size: not isinstance(size, GpuSize)),
            ("ConsumedUnit",): self._units.those(units, lambda hours: _is_refusal(hours) or hours > limit),
            ("BillingCurrency",): self._currencies.refused(currencies),
            _SPAN: self._spans.those(spans, lambda span: span[1] - span[0] > MAX_SPAN),
        }
        if answers[-1].item() and not any(wrong.values()):
            return None
        strange = ~table["ConsumedQuantity"].str.contains(_SUMMABLE)
        for columns, values in wrong.items():
            if values:
                strange |= _match(table, _frame(columns, values))
        return strange

    def _sum(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return what the rows mean, and how much each states, ready to be summed.

        Texts become categories: nine numbers a row are grouped in half the time of nine texts.
        """
        return self._tags.name(table).select(
            *(pl.col(name).cast(pl.Categorical) for name in (*_KEYS, "company")),
            pl.col("ConsumedQuantity").cast(_DECIMAL).alias("hours"),
            pl.lit(1, dtype=pl.UInt32).alias("rows"),
        )

    def _one_by_one(
        self, table: pl.DataFrame, odd: pl.Series
    ) -> tuple[list[UsageRow], list[tuple[int, RowRefusedError, tuple[str, date | None]]]]:
        singles: list[UsageRow] = []
        refused: list[tuple[int, RowRefusedError, tuple[str, date | None]]] = []
        for position, cells in zip(odd.arg_true(), table.filter(odd).iter_rows(named=True), strict=True):
            try:
                singles.append(read_row(cells, self.rules))
            except RowRefusedError as refusal:
                refused.append((position, refusal, bill_of(cells)))
        return singles, refused


_ALL: Final = tuple(dict.fromkeys((*_KEYS, *_KIND, *_TAGS, "BillingAccountId", "BillingCurrency", "ConsumedQuantity")))


def _bill(sub_account: str, period: str, start: str = "") -> tuple[str, date]:
    month = billing_month(period) or billing_month(start)
    if month is None:
        raise RowRefusedError("BillingPeriodStart", "missing")
    return clean(sub_account), month


def _frame(columns: Sequence[str], values: Sequence[Values]) -> pl.DataFrame:
    return pl.DataFrame(values, schema=dict.fromkeys(columns, pl.String), orient="row")


def _match(table: pl.DataFrame, wanted: pl.DataFrame) -> pl.Series:
    """Return which rows have one of these combinations of values."""
    columns = wanted.columns
    return (
        table.select(columns)
        .join(wanted.with_columns(found=True), on=columns, how="left", maintain_order="left")["found"]
        .fill_null(value=False)
    )


class Gatherer:
    """Gathers the parts of one statement."""

    def __init__(self, rules: Rules, tally: Tally) -> None:
        self.rules, self.tally = rules, tally
        self._sums: list[pl.DataFrame] = []

    def add(self, place: Place, part: Part, refusal_of_length: Callable[[int], None]) -> None:
        """Add what one frame came to."""
        self.tally.read += place.height
        for number in place.refused:
            refusal_of_length(number)
        for position, refusal, bill in part.refused:
            self.tally.refuse(refusal.at(place.number(position)), bill)
        for row in part.singles:
            self.tally.add_row(row)
        self.tally.bills |= part.bills
        self.tally.accounts |= {account for account in map(clean, part.accounts) if account}
        if part.sums is not None:
            self._sums.append(part.sums)
            if sum(sums.height for sums in self._sums) > _REMEMBERED:
                self._sums = [_again(self._sums)]

    def finish(self) -> None:
        """Add the sums to the tally."""
        if self._sums:
            _tally(_again(self._sums), self.rules, self.tally)


def _again(sums: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(sums).group_by(*_KEYS, "company").agg(pl.col("hours").sum(), pl.col("rows").sum())


def _tally(sums: pl.DataFrame, rules: Rules, tally: Tally) -> None:
    spans: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    texts: dict[str, str] = {}
    months: dict[str, date | None] = {}
    meters: dict[tuple[str, ...], tuple[str, Fraction | int]] = {}
    named = rules.mapping.sub_accounts
    at_size = slice(6, 6 + len(SIZE_COLUMNS))
    # A decimal of the scale of quantities is so many 1e-18 of a unit.
    texts_and_units = sums.with_columns(pl.col(*_KEYS, "company").cast(pl.String), pl.col("hours").to_physical())
    for row in texts_and_units.iter_rows():
        start, end, account, period, region, unit = row[:6]
        span = spans.get((start, end)) or spans.setdefault((start, end), span_of(start, end))
        place = row[at_size]
        key = (start, unit, *place)
        sku, factor = meters.get(key) or meters.setdefault(key, _meter(place, unit, span[0].date(), rules))
        if period not in months:
            months[period] = billing_month(period)
        sub_account = texts.get(account) or texts.setdefault(account, clean(account))
        where = texts.get(region) or texts.setdefault(region, clean(region) or UNKNOWN_REGION)
        company, quantity, count = row[-3:]
        day = span[0].date()
        line = Line(
            company or named.get(sub_account), sub_account, months[period] or day.replace(day=1), sku, where, day
        )
        tally.add_hours(line, span[0], span[1], quantity * factor, count)


def _meter(cells: tuple[str, ...], unit: str, day: date, rules: Rules) -> tuple[str, Fraction | int]:
    """Return the SKU, and the GPU-hours in one unit of consumption."""
    size = gpu_size(dict(zip(SIZE_COLUMNS, cells, strict=True)), day, rules.sizes)
    if size is None:
        raise AssertionError(text_of(cells))
    factor = Fraction(unit_hours(unit) * size.gpus)
    return size.sku.lower(), factor.numerator if factor.denominator == 1 else factor
