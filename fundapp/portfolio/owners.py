"""To whom use belongs: an award, or somebody the fund does not know."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.quarters import Quarter
from fundapp.intake.tables import Company
from fundapp.portfolio.focus.fields import packed
from fundapp.portfolio.rules import slug
from fundapp.portfolio.tables import Award, Grant, UsageOwner


@dataclass(frozen=True, slots=True)
class Owner:
    """An award by number, or a code for somebody without one."""

    code: str
    award_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """Whose a subscription or tag is, from a day to a day."""

    owner: Owner
    valid_from: date
    valid_to: date | None


class OwnerBook:
    """The awards, companies and recorded answers as they stand, for resolving many rows with a few statements."""

    def __init__(self, session: Session) -> None:
        awards = session.execute(
            select(Award.number, Award.id, Company.identifier)
            .join(Company, Company.id == Award.company_id)
            .order_by(Award.number)
        ).all()
        self._by_number = {number.lower(): Owner(number, award_id) for number, award_id, _ in awards}
        self._by_company: dict[str, list[Owner]] = defaultdict(list)
        for number, award_id, identifier in awards:
            self._by_company[packed(identifier)].append(Owner(number, award_id))
        self._grants: dict[tuple[uuid.UUID, str, str], list[tuple[date, date]]] = defaultdict(list)
        grants = select(Grant.award_id, Grant.sku, Grant.region, Grant.quarter, Grant.usable_until)
        for award_id, sku, region, quarter, usable_until in session.execute(grants):
            span = (Quarter.parse(quarter).first_day, usable_until)
            self._grants[award_id, sku.lower(), region].append(span)
        self._answers = _load_answers(session, {owner.award_id: owner for owner in self._by_number.values()})
        self._certain: dict[str | None, Owner] = {}
        self._resolved: dict[tuple[str | None, str, str, str, date], Owner] = {}

    def resolve(self, company: str | None, scope: str, sku: str, region: str, day: date) -> Owner:
        """Return whose use it is.

        Args:
            company: An award number or a company's identifier, as a tag or the operator's mapping names it.
            scope: The cloud account, for somebody whom nothing names.
            sku: GPU model.
            region: Region.
            day: UTC day.
        """
        found = self._certain.get(company)
        if found is not None:
            return found
        place = (company, scope, sku, region, day)
        found = self._resolved.get(place)
        if found is None:
            found = self._resolved[place] = self._find(company, scope, sku, region, day)
        return found

    def _find(self, company: str | None, scope: str, sku: str, region: str, day: date) -> Owner:
        if company is not None:
            award = self._by_number.get(company.strip().lower())
            owners = [award] if award is not None else self._by_company.get(packed(company), [])
            if len(owners) == 1:  # whatever the cloud account, the SKU and the day
                self._certain[company] = owners[0]
                return owners[0]
            if owners:
                # A company with two awards draws on the one that has a grant then; without any, the newest bears it.
                granted = [owner for owner in owners if self._has_grant(owner, sku, region, day)]
                return granted[0] if granted else owners[-1]
        code = owner_code(company, scope)
        answer = self._answers.get(code)
        if answer is not None and answer.valid_from <= day and (answer.valid_to is None or day <= answer.valid_to):
            return answer.owner
        return Owner(code, None)

    def _has_grant(self, owner: Owner, sku: str, region: str, day: date) -> bool:
        if owner.award_id is None:
            return False
        return any(first <= day <= last for first, last in self._grants.get((owner.award_id, sku, region), ()))


def _load_answers(session: Session, awards: Mapping[uuid.UUID | None, Owner]) -> dict[str, _Answer]:
    """Return the newest answer for each name that has one."""
    found: dict[str, _Answer] = {}
    for row in session.scalars(select(UsageOwner).order_by(UsageOwner.name, UsageOwner.version)):
        if row.award_id is None:
            found.pop(row.name, None)
        else:
            found[row.name] = _Answer(awards[row.award_id], row.valid_from, row.valid_to)
    return found


def owner_code(company: str | None, scope: str) -> str:
    """Return the code of somebody without an award: of the tag's value, else of the cloud account."""
    return slug(scope) if company is None else slug(packed(company))
