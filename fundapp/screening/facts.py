"""From a frozen submission to the facts that are scored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from fundapp.core.quantities import HOUR
from fundapp.core.quarters import kst_date
from fundapp.intake.answers import gpu_requests
from fundapp.intake.rules import age_basis
from fundapp.intake.tables import Call
from fundapp.screening.rules import age_in_months, average_revenue_krw, company_class
from scoring import Facts


def reference_date(call: Call, submitted_at: datetime) -> date:
    """Return the day in Seoul that a company's age is counted to: the closing, or in a rolling call the submission."""
    return age_basis(call.document.get("kind"), kst_date(call.closes_at), kst_date(submitted_at))


def derive_facts(answers: Mapping[str, Any], on: date) -> Facts:
    """Return the facts of frozen answers, with age, revenue, size class and total GPU-hours worked out.

    An answer that the catalogue cannot read counts as not given: it lowers the coverage and never the whole run.
    """
    return Facts.from_readable({**answers, **_derived(answers, on)})


def _derived(answers: Mapping[str, Any], on: date) -> dict[str, Any]:
    founded = date.fromisoformat(answers["founded_on"]) if answers.get("founded_on") else None
    average = average_revenue_krw(
        answers.get("revenue_krw_y1"), answers.get("revenue_krw_y2"), answers.get("revenue_krw_y3")
    )
    hours = sum(request.hours.minor for request in gpu_requests(answers)) // HOUR
    derived = {
        "company_age_months": None if founded is None else age_in_months(founded, on),
        "revenue_krw_avg": average,
        "gpu_hours_requested": hours or None,
        "company_class": company_class(
            assets_krw=answers.get("assets_krw"),
            average_krw=average,
            ksic=answers.get("ksic"),
            founded_on=founded,
            on=on,
        ),
    }
    return {key: value for key, value in derived.items() if value is not None}
