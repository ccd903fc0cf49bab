"""The page of demand against capacity, in words and drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fundapp.allocation.rules.outlook import Outlook
from fundapp.core.quantities import HOUR
from fundapp.portfolio.queries import CapacityOutlook
from fundapp.web.shell.formats import hours, percent, quarter
from fundapp.web.shell.language import current_locale, gettext


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page draws; hours in ten-thousandths.

    Attributes:
        finding: One sentence that says what matters.
        short: Whether something falls short.
        skus: Rows by SKU, in the order of quarters.
        most: The largest amount of a drawing, for one scale per SKU.
        share: The part of requests that decisions granted, in words.
    """

    finding: str
    short: bool
    skus: tuple[tuple[str, tuple[Outlook, ...], int], ...]
    share: str


def show_outlook(found: CapacityOutlook) -> Shown:
    """Lay the outlook out."""
    by_sku: dict[str, list[Outlook]] = {}
    for row in found.rows:
        by_sku.setdefault(row.sku, []).append(row)
    known = [row for row in found.rows if row.capacity]
    worst = min(known, key=lambda row: (row.spare, row.quarter, row.sku), default=None)
    silent = len(found.rows) - len(known)
    share = found.granted_share
    return Shown(
        finding=_finding(worst, silent),
        short=worst is not None and worst.spare < 0,
        skus=tuple((sku, tuple(rows), _most(rows)) for sku, rows in sorted(by_sku.items(), reverse=True)),
        share=gettext("아직 의결한 신청이 없어 신청한 시간을 모두 필요하다고 봅니다.")
        if share is None
        else gettext(
            "지금까지 의결한 신청은 신청한 시간의 %(share)s를 받았습니다.",
            share=percent(share.numerator, share.denominator, 0),
        ),
    )


def _most(rows: Sequence[Outlook]) -> int:
    return max((max(row.high, row.capacity) for row in rows), default=0) or 1


def _finding(worst: Outlook | None, silent: int) -> str:
    """Say what falls shortest of what is announced; where nothing is, there is nothing to fall short of yet."""
    if worst is None:
        return gettext("앞으로 네 분기에 대해 발표된 공급이 아직 없습니다.")
    said = gettext("발표된 공급은 모두 예상 수요보다 많습니다.") if worst.spare >= 0 else _shortest(worst)
    more = gettext("SKU와 분기 %(n)s곳은 아직 발표된 공급이 없습니다.", n=silent)
    return f"{said} {more}" if silent else said


def _shortest(worst: Outlook) -> str:
    locale = current_locale()
    return gettext(
        "%(quarter)s %(sku)s가 가장 모자랍니다. 예상 수요 %(need)s에 발표된 공급은 %(there)s입니다.",
        quarter=quarter(worst.quarter, locale),
        sku=worst.sku.upper(),
        need=hours(worst.expected * HOUR, locale),
        there=hours(worst.capacity * HOUR, locale),
    )
