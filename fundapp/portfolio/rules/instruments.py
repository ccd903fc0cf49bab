"""Terms of each instrument: which there are, which are needed, and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from fundapp.core.errors import InvalidInputError

TermKind = Literal["won", "count", "bp", "date", "flag"]
Scalar = int | str | bool
LARGEST = 10**15
LARGEST_BP = 1_000_000
WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class Term:
    """One term of an instrument.

    Attributes:
        kind: won, count of shares, basis points, date or yes/no.
        least: Least number allowed.
        most: Greatest number allowed.
    """

    name: str
    kind: TermKind
    ko: str
    en: str
    needed: bool = False
    least: int = 0
    most: int = LARGEST


_PRICE = Term("price_krw", "won", "주당 가격", "Price per share", needed=True, least=1)
_SHARES = Term("shares", "count", "주식 수", "Shares", needed=True, least=1)
TERMS: dict[str, tuple[Term, ...]] = {
    "RCPS": (
        _PRICE,
        _SHARES,
        Term("conversion_price_krw", "won", "전환가액", "Conversion price", least=1),
        Term("redemption_from", "date", "상환 청구 시작일", "Redeemable from"),
        Term("redemption_interest_bp", "bp", "상환 이자율", "Redemption interest", most=WHOLE_BP),
        Term("liquidation_bp", "bp", "잔여재산 우선 비율", "Liquidation preference", most=LARGEST_BP),
        Term("dividend_bp", "bp", "우선 배당률", "Preferred dividend", most=WHOLE_BP),
    ),
    "CB": (
        Term("principal_krw", "won", "사채 원금", "Principal", needed=True, least=1),
        Term("coupon_bp", "bp", "표면 이자율", "Coupon", needed=True, most=WHOLE_BP),
        Term("ytm_bp", "bp", "만기 보장 수익률", "Yield to maturity", most=WHOLE_BP),
        Term("maturity", "date", "만기일", "Maturity", needed=True),
        Term("conversion_price_krw", "won", "전환가액", "Conversion price", needed=True, least=1),
        Term("refixing_floor_bp", "bp", "전환가액 조정 하한", "Refixing floor", least=1, most=WHOLE_BP),
    ),
    "common": (_PRICE, _SHARES),
    "SAFE": (
        Term("valuation_cap_krw", "won", "기업가치 상한", "Valuation cap", least=1),
        Term("discount_bp", "bp", "할인율", "Discount", most=WHOLE_BP - 1),
        Term("mfn", "flag", "최혜 조건(MFN)", "Most favoured nation"),
    ),
    "none": (),
}
"""Terms by instrument; basis points are hundredths of a percent, a multiple of one is 10,000."""

TERM_NAMES = tuple(dict.fromkeys(term.name for terms in TERMS.values() for term in terms))


@dataclass(frozen=True, slots=True)
class CheckedTerms:
    """Terms in order.

    Attributes:
        terms: Only those that were given.
        bought_krw: What the terms say was bought: shares times price, or principal; None where they do not say.
        difference_krw: That amount less the commitment; None likewise.
    """

    terms: dict[str, Scalar]
    bought_krw: int | None
    difference_krw: int | None


def check_terms(
    instrument: str, given: Mapping[str, object], *, committed_krw: int, signed_on: date, note: str = ""
) -> CheckedTerms:
    """Check the terms of an instrument.

    Args:
        instrument: One of `INSTRUMENTS`.
        given: By name; None and empty text count as not given. Dates as `date` or ISO text.
        committed_krw: What the fund has committed.
        signed_on: Day of the agreement; terms dated earlier are refused.
        note: Has to say why, when the terms buy another amount than the commitment.

    Raises:
        InvalidInputError: for a term that the instrument does not have (a SAFE has neither maturity nor interest), a
            missing or impossible one, or an unexplained difference.
    """
    asked = {name: value for name, value in given.items() if value is not None and value is not False and value != ""}
    known = {term.name: term for term in TERMS[instrument]}
    for name in asked:
        if name not in known:
            raise _foreign(instrument, name)
    terms = {name: _clean(known[name], value, signed_on) for name, value in asked.items()}
    for term in known.values():
        if term.needed and term.name not in terms:
            raise InvalidInputError(
                field=term.name, reason_ko=f"{term.ko}: 값이 필요합니다", reason_en=f"{term.en} is needed"
            )
    if instrument == "SAFE" and not terms:
        raise InvalidInputError(
            field="valuation_cap_krw",
            reason_ko="기업가치 상한, 할인율, 최혜 조건 가운데 하나는 있어야 합니다",
            reason_en="a cap, a discount or most-favoured-nation treatment is needed",
        )
    bought = _bought(terms)
    difference = None if bought is None else bought - committed_krw
    if difference and not note.strip():
        raise InvalidInputError(
            field="note",
            reason_ko=f"조건대로면 {bought:,}원으로 약정과 {difference:+,}원 차이가 납니다. 이유를 적어 주세요",
            reason_en=f"the terms buy {bought:,} won, {difference:+,} from the commitment: say why",
        )
    return CheckedTerms(terms, bought, difference)


def _foreign(instrument: str, name: str) -> InvalidInputError:
    if instrument == "SAFE" and name in {
        "maturity",
        "coupon_bp",
        "ytm_bp",
        "redemption_from",
        "redemption_interest_bp",
    }:
        return InvalidInputError(
            field=name,
            reason_ko="조건부지분인수계약(SAFE)에는 상환일도 이자도 없습니다",
            reason_en="a SAFE has neither a repayment date nor interest",
        )
    return InvalidInputError(
        field=name, reason_ko=f"{instrument}에 없는 조건입니다", reason_en=f"not a term of {instrument}"
    )


def _clean(term: Term, value: object, signed_on: date) -> Scalar:
    wrong = InvalidInputError(field=term.name, reason_ko="값을 확인해 주세요", reason_en="check the value")
    if term.kind == "flag":
        return bool(value)
    if term.kind == "date":
        try:
            day = value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError as error:
            raise wrong from error
        if day <= signed_on:
            raise InvalidInputError(
                field=term.name, reason_ko="협약일보다 뒤여야 합니다", reason_en="must be after the agreement"
            )
        return day.isoformat()
    if isinstance(value, bool) or not isinstance(value, int) or not term.least <= value <= term.most:
        raise wrong
    return value


def _bought(terms: Mapping[str, Scalar]) -> int | None:
    if "principal_krw" in terms:
        return int(terms["principal_krw"])
    if "shares" in terms:
        return int(terms["shares"]) * int(terms["price_krw"])
    return None


def conversion_ratio(terms: Mapping[str, Scalar]) -> Fraction | None:
    """Return common shares for one preferred share: issue price over conversion price; None where not agreed."""
    if "price_krw" not in terms:
        return None
    price = int(terms["price_krw"])
    return Fraction(price, int(terms.get("conversion_price_krw", price)))


def require_option(krw: int | None, until: date | None, signed_on: date) -> None:
    """Refuse a right to invest more that lacks its amount or its end, or had ended before the agreement.

    Raises:
        InvalidInputError: naming the field.
    """
    if (krw is None) != (until is None):
        raise InvalidInputError(
            field="option_krw",
            reason_ko="선택권은 금액과 기한이 모두 필요합니다",
            reason_en="amount and end are both needed",
        )
    if krw is not None and until is not None and (krw <= 0 or until <= signed_on):
        raise InvalidInputError(
            field="option_until",
            reason_ko="금액은 0보다, 기한은 협약일보다 뒤여야 합니다",
            reason_en="check amount and end",
        )
