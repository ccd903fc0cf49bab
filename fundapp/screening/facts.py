"""From a frozen submission to the facts that are scored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from fundapp.core.quantities import HOUR
from fundapp.core.quarters import kst_date
from fundapp.intake.answers import gpu_requests
from fundapp.intake.rules import age_basis
from fundapp.intake.standing import UNSAID, Standing
from fundapp.intake.tables import Call
from fundapp.screening.rules import age_in_months
from fundapp.screening.size_rules import Figures, Sized, size_of
from scoring import Facts


def reference_date(call: Call, submitted_at: datetime) -> date:
    """Return the day in Seoul that a company's age is counted to: the closing, or in a rolling call the submission."""
    return age_basis(call.document.get("kind"), kst_date(call.closes_at), kst_date(submitted_at))


def derive_facts(answers: Mapping[str, Any], on: date, standing: Standing = UNSAID) -> Facts:
    """Return the facts of frozen answers, with age, revenue, size class and total GPU-hours worked out.

    An answer that the catalogue cannot read counts as not given: it lowers the coverage and never the whole run.

    Args:
        answers: As they were submitted.
        on: The day that age and size are judged for.
        standing: What the company said of itself by then.
    """
    return Facts.from_readable({**answers, **_derived(answers, on, standing)})


def size_from(answers: Mapping[str, Any], on: date, standing: Standing = UNSAID) -> Sized:
    """Return the size class that answers and statement give for a day, with its arithmetic.

    An answer of a draft that cannot be read counts as not given.
    """
    ksic = answers.get("ksic")
    figures = Figures(
        founded_on=_day(answers, "founded_on"),
        ksic=ksic if isinstance(ksic, str) and ksic else None,
        assets_krw=_whole(answers, "assets_krw"),
        years_krw=(
            _whole(answers, "revenue_krw_y1"),
            _whole(answers, "revenue_krw_y2"),
            _whole(answers, "revenue_krw_y3"),
        ),
    )
    return size_of(figures, on, standing)


def _day(answers: Mapping[str, Any], key: str) -> date | None:
    try:
        return date.fromisoformat(str(answers.get(key) or ""))
    except ValueError:
        return None


def _whole(answers: Mapping[str, Any], key: str) -> int | None:
    value = answers.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _derived(answers: Mapping[str, Any], on: date, standing: Standing) -> dict[str, Any]:
    sized = size_from(answers, on, standing)
    hours = sum(request.hours.minor for request in gpu_requests(answers)) // HOUR
    derived = {
        "company_age_months": None if sized.started_on is None else age_in_months(sized.started_on, on),
        "revenue_krw_avg": sized.own_average_krw,
        "gpu_hours_requested": hours or None,
        "company_class": sized.company_class,
    }
    return {key: value for key, value in derived.items() if value is not None}
