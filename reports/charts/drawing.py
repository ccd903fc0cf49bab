"""What a chart is before it is drawn, and the words of its axes."""

from dataclasses import dataclass

from reports.charts.svg import Specification
from reports.formats import Locale, Scale


@dataclass(frozen=True, slots=True)
class Drawing:
    """A specification with its words; `table` is the key of the section table that holds the same rows."""

    title: str
    sentence: str
    note: str
    table: str
    specification: Specification


def axis_labels(scale: Scale, locale: Locale) -> str:
    """The expression that words an axis of money in a table's unit."""
    unit = {"억 원": "억", "만원": "만원"}.get(scale.label, "") if locale == "ko" else ""
    return f"replace(format(datum.value, ','), '\\u2212', '−') + '{unit}'"
