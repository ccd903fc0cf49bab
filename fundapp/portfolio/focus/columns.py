"""The header of a usage file: which column is which, which version of FOCUS it speaks, and what it is if it is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from .refusals import FocusFileError

#: The columns that are read, by their FOCUS names; anything else in a file is left alone.
COLUMNS: Final = (
    "AllocatedMethodId",
    "AllocatedTags",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountStatus",
    "ConsumedQuantity",
    "ConsumedUnit",
    "RegionId",
    "ResourceType",
    "SkuMeter",
    "SkuPriceDetails",
    "SubAccountId",
    "Tags",
    "x_SkuDetails",
    "x_SkuDetails.ServiceType",
)
REQUIRED: Final = ("ChargeCategory", "ChargePeriodEnd", "ChargePeriodStart")

#: Columns that a version was the first to have, newest version first.
_NEW_IN: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("1.3", frozenset({"serviceprovidername", "hostprovidername", "allocatedmethodid", "contractapplied"})),
    ("1.2", frozenset({"billingaccounttype", "subaccounttype", "invoiceid", "pricingcurrency"})),
    (
        "1.1",
        frozenset({"capacityreservationid", "commitmentdiscountquantity", "servicesubcategory", "skupricedetails"}),
    ),
)
_OTHER_DELIMITERS: Final = {";": "세미콜론(;)", "\t": "탭", "|": "세로줄(|)"}


def match_columns(header: Sequence[str], renamed: Mapping[str, str]) -> dict[str, int]:
    """Return FOCUS column → position; headers are matched without regard to case.

    Args:
        header: Titles as the file has them.
        renamed: Title in the file → FOCUS column, for exporters that have their own names.

    Raises:
        FocusFileError: if a column appears twice, a required one is missing, or another delimiter was used.
    """
    known = {name.lower(): name for name in COLUMNS}
    theirs = {title.strip().lower(): ours for title, ours in renamed.items()}
    found: dict[str, int] = {}
    for position, title in enumerate(header):
        key = title.strip().lower()
        name = theirs.get(key) or known.get(key)
        if name is None:
            continue
        if name in found:
            raise FocusFileError("columns", f"열이 두 번 있습니다: {name}", f"a column appears twice: {name}")
        found[name] = position
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        _complain(header, missing)
    return found


def _complain(header: Sequence[str], missing: Sequence[str]) -> None:
    for delimiter, word in _OTHER_DELIMITERS.items():
        titles = {title.strip().strip('"').lower() for title in ",".join(header).split(delimiter)}
        if all(name.lower() in titles for name in REQUIRED):
            raise FocusFileError(
                "delimiter",
                f"1행: 열을 쉼표가 아니라 {word}(으)로 나눈 파일입니다. 쉼표로 나눈 CSV로 다시 내려받으세요",
                f"row 1: the columns are separated by {delimiter!r} instead of commas; export as comma-separated CSV",
            )
    names = ", ".join(missing)
    raise FocusFileError("columns", f"필수 열이 없습니다: {names}", f"required columns are missing: {names}")


def version_of(header: Iterable[str]) -> str:
    """Return the version of FOCUS whose columns a file has; 1.0r2 has those of 1.0 and only a manifest tells them."""
    titles = {title.strip().lower() for title in header}
    return next((version for version, new in _NEW_IN if titles & new), "1.0")
