"""What part of a company the fund holds, and what it would hold after conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from fundapp.core.errors import InvalidInputError
from fundapp.portfolio.rules.instruments import WHOLE_BP, Scalar, conversion_ratio


@dataclass(frozen=True, slots=True)
class Round:
    """A financing round as closed.

    Attributes:
        price_krw: Of one new share.
        total_shares: Fully diluted, after the round.
        our_shares: Of them ours, after the round.
    """

    pre_money_krw: int
    new_money_krw: int
    price_krw: int
    total_shares: int
    our_shares: int

    @property
    def ownership(self) -> Fraction:
        """Our shares to all."""
        return Fraction(self.our_shares, self.total_shares)

    @property
    def post_money_krw(self) -> int:
        """Value before the round plus the new money."""
        return self.pre_money_krw + self.new_money_krw

    @property
    def difference_krw(self) -> int:
        """Price times all shares, less the value after the round; not 0 where classes of shares differ in price."""
        return self.price_krw * self.total_shares - self.post_money_krw


@dataclass(frozen=True, slots=True)
class Converted:
    """An estimate of what an instrument would be after conversion at the last round.

    Attributes:
        shares: Whole shares; fractions of one are paid in cash and left out.
        ownership: Those shares together with ours, to all shares and those.
        arithmetic: The sum, in figures, for the reader to check.
    """

    shares: int
    ownership: Fraction
    arithmetic: str


def require_round(one: Round) -> None:
    """Refuse a round that cannot be.

    Raises:
        InvalidInputError: naming the field.
    """
    for field in ("price_krw", "total_shares"):
        if getattr(one, field) <= 0:
            raise InvalidInputError(field=field, reason_ko="0보다 커야 합니다", reason_en="must be above zero")
    for field in ("pre_money_krw", "new_money_krw"):
        if getattr(one, field) < 0:
            raise InvalidInputError(field=field, reason_ko="0 이상이어야 합니다", reason_en="must not be below zero")
    if not 0 <= one.our_shares <= one.total_shares:
        raise InvalidInputError(
            field="our_shares", reason_ko="전체 주식 수보다 많을 수 없습니다", reason_en="more than all shares"
        )


def convert(instrument: str, terms: Mapping[str, Scalar], paid_krw: int, last: Round | None) -> Converted | None:
    """Estimate what a convertible bond, a SAFE or preferred shares would become at the last round.

    A bond converts its principal at the agreed price. A SAFE converts at the lower of the round's price less the
    discount and the cap divided by the shares before the round. Preferred shares convert by issue price over
    conversion price, in place of themselves.

    Args:
        instrument: `CB`, `SAFE` or `RCPS`; others do not convert.
        terms: As agreed.
        paid_krw: What has been paid for it, in won.
        last: The last round, with all shares after it; None before there was one.

    Returns:
        None where the terms or the rounds do not say.
    """
    if last is None:
        return None
    if instrument == "RCPS" and (ratio := conversion_ratio(terms)) is not None and ratio != 1:
        shares = int(last.our_shares * ratio)
        others = last.total_shares - last.our_shares
        text = f"{last.our_shares:,} × {ratio.numerator:,}/{ratio.denominator:,} = {shares:,}"
        return Converted(shares, Fraction(shares, others + shares), text)
    if instrument == "CB" and paid_krw:
        price = int(terms["conversion_price_krw"])
        return _added(paid_krw, Fraction(price), last, f"{paid_krw:,} ÷ {price:,}")
    if instrument == "SAFE" and paid_krw:
        found = _safe_price(terms, last)
        return None if found is None else _added(paid_krw, found[0], last, f"{paid_krw:,} ÷ {found[1]}")
    return None


def _safe_price(terms: Mapping[str, Scalar], last: Round) -> tuple[Fraction, str] | None:
    before = last.total_shares - last.new_money_krw // last.price_krw
    prices: list[tuple[Fraction, str]] = []
    if "valuation_cap_krw" in terms and before > 0:
        cap = int(terms["valuation_cap_krw"])
        prices.append((Fraction(cap, before), f"({cap:,} ÷ {before:,})"))
    discount = int(terms.get("discount_bp", 0))
    if discount:
        text = f"({last.price_krw:,} × {(WHOLE_BP - discount) / 100:g}%)"
        prices.append((Fraction(last.price_krw * (WHOLE_BP - discount), WHOLE_BP), text))
    return min(prices) if prices else None


def _added(paid_krw: int, price: Fraction, last: Round, text: str) -> Converted:
    shares = int(paid_krw / price)
    whole = last.total_shares + shares
    return Converted(shares, Fraction(last.our_shares + shares, whole), f"{text} = {shares:,}")
