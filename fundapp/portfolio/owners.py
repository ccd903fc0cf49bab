"""To whom use belongs: an award, or somebody the fund does not know."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.quarters import Quarter
from fundapp.intake.tables import Company
from fundapp.portfolio.rules import slug
from fundapp.portfolio.tables import Award, Grant


@dataclass(frozen=True, slots=True)
class Owner:
    """An award by number, or a code for somebody without one."""

    code: str
    award_id: uuid.UUID | None


class OwnerBook:
    """The awards and companies as they stand, for resolving many rows with two statements."""

    def __init__(self, session: Session) -> None:
        awards = session.execute(
            select(Award.number, Award.id, Company.identifier)
            .join(Company, Company.id == Award.company_id)
            .order_by(Award.number)
        ).all()
        self._by_number = {number.lower(): Owner(number, award_id) for number, award_id, _ in awards}
        self._by_company: dict[str, list[Owner]] = defaultdict(list)
        for number, award_id, identifier in awards:
            self._by_company[_code(identifier)].append(Owner(number, award_id))
        grants = session.execute(select(Grant.award_id, Grant.sku, Grant.region, Grant.quarter))
        self._grants = {(award_id, sku.lower(), region, quarter) for award_id, sku, region, quarter in grants}

    def resolve(self, company: str | None, scope: str, sku: str, region: str, day: date) -> Owner:
        """Return whose use it is.

        Args:
            company: An award number or a company's identifier, as a tag or the operator's mapping names it.
            scope: The cloud account, for somebody whom nothing names.
            sku: GPU model.
            region: Region.
            day: UTC day.
        """
        if company is None:
            return Owner(slug(scope), None)
        award = self._by_number.get(company.strip().lower())
        if award is not None:
            return award
        owners = self._by_company.get(_code(company), [])
        if not owners:
            return Owner(slug(_code(company)), None)
        quarter = str(Quarter.of_date(day))
        # A company with two awards draws on the one that has this grant; without any, the newest bears the overage.
        granted = [owner for owner in owners if (owner.award_id, sku, region, quarter) in self._grants]
        return granted[0] if granted else owners[-1]


def _code(text: str) -> str:
    """Return an identifier without spaces; a number also without its hyphens, as in 123-45-67890."""
    packed = re.sub(r"\s", "", text).lower()
    return packed.replace("-", "") if re.fullmatch(r"[\d-]+", packed) else packed
