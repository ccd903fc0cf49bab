"""The confidential page of one company of a frozen report, as the file of company pages prints it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.reporting.actions import find_frozen_id
from fundapp.reporting.documents import from_document
from fundapp.reporting.sheets import Chapter, chapter_of
from fundapp.reporting.sight import require_sight
from fundapp.reporting.tables import FrozenQuarter
from reports.charts import Chart
from reports.figures import reckon
from reports.formats import Locale
from reports.sections.company import company_page


@dataclass(frozen=True, slots=True)
class CompanyPage:
    """One company in one version; `others` are all awards of its schedule, each with the company's name."""

    quarter: str
    version: int
    award: str
    chapter: Chapter
    chart: Chart | None
    others: tuple[tuple[str, str], ...]


def get_company_page(
    session: Session, viewer: Viewer, quarter: Quarter, version: int, award: str | None, *, locale: Locale
) -> CompanyPage:
    """Return the page of one award, or of the first in the schedule of investments; two statements.

    Raises:
        NotFoundError: if there is no such version or award, or the viewer may not see reports.
    """
    require_sight(session, viewer)
    frozen_id = find_frozen_id(session, quarter, version)
    if frozen_id is None:
        raise NotFoundError
    inputs = session.scalars(select(FrozenQuarter.inputs).where(FrozenQuarter.id == frozen_id)).one()
    figures = reckon(from_document(inputs))
    others = tuple((holding.award, holding.company_name) for holding in figures.rows.holdings)
    codes = [code for code, _ in others]
    if not codes or (award is not None and award not in codes):
        raise NotFoundError
    number = codes.index(award) + 1 if award else 1
    section, chart = company_page(figures, number, locale)
    return CompanyPage(str(quarter), version, codes[number - 1], chapter_of(section, locale), chart, others)
