"""When grants lapse, in which parts they are released, and what an hour of one kind is worth in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fundapp.core.errors import FundError, HeadroomExceededError
from fundapp.core.quarters import Quarter

CHANGE_KINDS = ("extension", "supplement", "transfer", "advance", "early_return")


class PoolMissingError(FundError):
    """A decision grants GPU time for which there is no pool."""

    code = "pool_missing"
    ko = "GPU 출자분이 없습니다: {sku} {region} {quarter}"
    en = "There is no pool: {sku} {region} {quarter}"


class PoolShortError(HeadroomExceededError):
    """A pool or grant has less than a change needs; says what is free and what can be done instead."""

    code = "pool_short"
    ko = "{account}에 남은 시간은 {free}시간입니다. 승인할 시간을 줄이거나 대기 명단에 올리세요."
    en = "{account} has {free} hours left. Approve fewer, or put the company on the waitlist."


class ChangeRefusedError(FundError):
    """The terms of the call or the state of a grant do not allow a change."""

    code = "change_refused"
    ko = "이 변경은 할 수 없습니다: {reason_ko}"
    en = "This change is not possible: {reason_en}"


def grant_expiry(quarter: Quarter, grace_days: int) -> date:
    """Return the last UTC day on which a grant stands: the end of its quarter plus the call's grace."""
    return quarter.last_day + timedelta(days=grace_days)


def latest_extension(quarter: Quarter, max_extension_days: int) -> date:
    """Return the last UTC day to which a grant of a quarter may be extended."""
    return quarter.last_day + timedelta(days=max_extension_days)


def split_release(hours_e4: int, release: str) -> tuple[int, int]:
    """Return the hours released on signing and those after the progress report; the odd unit comes first."""
    later = hours_e4 // 2 if release == "half" else 0
    return hours_e4 - later, later


@dataclass(frozen=True, slots=True)
class Exchange:
    """Hours of one kind for hours of another of the same value; all in ten-thousandths of an hour.

    Attributes:
        offered_e4: What was to be exchanged.
        given_e4: What arrives: floor(offered x rate from / rate to).
        taken_e4: What leaves: the least hours that are worth what arrives.
        kept_e4: What of the offer stays, because it is worth less than one unit of the other kind.
    """

    offered_e4: int
    rate_from_krw: int
    rate_to_krw: int
    given_e4: int
    taken_e4: int

    @property
    def kept_e4(self) -> int:
        """What stays where it was."""
        return self.offered_e4 - self.taken_e4


def exchange(offered_e4: int, rate_from_krw: int, rate_to_krw: int) -> Exchange:
    """Convert hours at the ratio of two rates, rounding down to the ledger's unit.

    The value that leaves is never less than the value that arrives and exceeds it by less than one unit's.

    Args:
        offered_e4: Ten-thousandths of an hour, not negative.
        rate_from_krw: Won an hour of what is given up.
        rate_to_krw: Won an hour of what is wanted.
    """
    given = offered_e4 * rate_from_krw // rate_to_krw
    return Exchange(offered_e4, rate_from_krw, rate_to_krw, given, -(-given * rate_to_krw // rate_from_krw))


def spread(total_e4: int | None, awarded: Sequence[int]) -> list[int | None]:
    """Divide what was asked for of one SKU and quarter over several grants of it, as awards fill it.

    Each grant but the last takes at most what it was awarded, and the last takes the rest, so that the parts add up
    to the whole.

    Args:
        total_e4: The whole, or None when it is not known.
        awarded: Hours awarded by grant, in order.
    """
    if total_e4 is None:
        return [None] * len(awarded)
    parts: list[int | None] = []
    left = total_e4
    for place, hours in enumerate(awarded, start=1):
        part = left if place == len(awarded) else min(hours, left)
        parts.append(part)
        left -= part
    return parts


def requested_by_slot(requests: Sequence[tuple[str, str, int]]) -> Mapping[tuple[str, str], int]:
    """Sum requests `(sku, quarter, hours)` by SKU in lower case and quarter."""
    sums: dict[tuple[str, str], int] = {}
    for sku, quarter, hours in requests:
        place = (sku.lower(), quarter)
        sums[place] = sums.get(place, 0) + hours
    return sums
