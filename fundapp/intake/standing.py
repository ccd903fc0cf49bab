"""What a company says of itself beside an application: legal form, business year, group, owners, related companies.

It decides, with the figures of the application, which size class the company is of. What is not said stays unsaid:
None everywhere means that nobody has answered, which is something else than "no".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

LEGAL_FORMS = ("corporation", "sole")
GROUPS = ("none", "disclosed", "restricted")
OWNERS = ("none", "large", "group_size")
OUTGROWN = ("never", "first", "again")
CLAIMS = ("small", "medium", "midsize", "large")
MOST_RELATED = 20
WHOLE_BP = 10_000
"""A share of all: shares are kept in hundredths of a percent."""
LARGEST_KRW = 10**15


@dataclass(frozen=True, slots=True)
class RelatedFirm:
    """A controlling or controlled company (관계기업).

    Attributes:
        name: What it is called.
        share_bp: The share that the controlling one holds of the other, in hundredths of a percent.
        average_krw: Its own average revenue in whole won; None while unknown.
        ksic: Its industry, which counts where its revenue is the larger one.
    """

    name: str
    share_bp: int
    average_krw: int | None = None
    ksic: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One statement of a company about itself; None is unanswered.

    Attributes:
        representative: Who represents it, as in the business registration.
        legal_form: `corporation` or `sole`.
        started_on: Day of registration of a corporation, or the opening day of a sole proprietor.
        closing_month: The month whose last day closes the business year.
        recent_krw: Revenue from `recent_from` to `recent_to`, asked of companies too young for a full business year.
        group: Whether it belongs to a business group that is subject to disclosure, or to limits on cross-shareholding.
        owner: Whether a company with assets of 500 billion won or more, or of the size of such a group, is its
            largest shareholder with 30 % or more.
        related: Related companies; empty if there are none.
        outgrown: Whether it has outgrown the limits of an SME before: never, for the first time, or again.
        outgrown_year: The business year in which the reason arose.
        claim: The class that the company takes itself to be of; kept, and never used.
    """

    representative: str | None = None
    legal_form: str | None = None
    started_on: date | None = None
    closing_month: int | None = None
    recent_krw: int | None = None
    recent_from: date | None = None
    recent_to: date | None = None
    group: str | None = None
    owner: str | None = None
    related: tuple[RelatedFirm, ...] | None = None
    outgrown: str | None = None
    outgrown_year: int | None = None
    claim: str | None = None

    def without_names(self) -> Standing:
        """Return the same with related companies by number: where nobody may know yet who applies."""
        related = tuple(replace(firm, name=str(place)) for place, firm in enumerate(self.related or (), start=1))
        return replace(self, related=None if self.related is None else related)

    def to_document(self) -> dict[str, Any]:
        """Return the statement as JSON, leaving out what is unsaid."""
        found = {key: value for key, value in asdict(self).items() if value is not None}
        return {key: value.isoformat() if isinstance(value, date) else value for key, value in found.items()}

    @classmethod
    def of_document(cls, document: Mapping[str, Any] | None) -> Standing:
        """Read what `to_document` wrote; nothing said yet is a statement that says nothing."""
        if document is None:
            return UNSAID
        fields = dict(document)
        for name in ("started_on", "recent_from", "recent_to"):
            if fields.get(name):
                fields[name] = date.fromisoformat(fields[name])
        if "related" in fields:
            fields["related"] = tuple(RelatedFirm(**firm) for firm in fields["related"])
        return cls(**fields)


UNSAID = Standing()
