"""What a company has been told of."""

from __future__ import annotations

from sqlalchemy import ColumnElement, true


def decision_told() -> ColumnElement[bool]:
    """Return the condition under which the company of a row's `Decision` and `Application` knows of the decision."""
    return true()
