"""An allocation plan as a PDF: from what a page shows of it to the rows that `reports` sets."""

from __future__ import annotations

from reports.formats import Locale
from reports.plan_rows import PlanLine, PlanRows, PlanSlot
from reports.plan_sheet import render_plan

__all__ = ["PlanLine", "PlanRows", "PlanSlot", "print_plan"]


def print_plan(rows: PlanRows, *, locale: Locale) -> bytes:
    """Return a plan as a tagged PDF; what the viewer may see was decided when the plan was asked for.

    Args:
        rows: The plan as the viewer's page has it.
        locale: The language of the sheet; words in the rows are in it already.
    """
    return render_plan(rows, locale)
