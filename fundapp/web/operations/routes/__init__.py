"""The staff's pages: load, authorise, form, one action, redirect or render."""

from fundapp.web.operations.door import blueprint
from fundapp.web.operations.routes import (
    applications,
    conditions,
    ledger,
    people,
    pipeline,
    plans,
    pools,
    portfolio,
    records,
    usage,
)

__all__ = [
    "applications",
    "blueprint",
    "conditions",
    "ledger",
    "people",
    "pipeline",
    "plans",
    "pools",
    "portfolio",
    "records",
    "usage",
]
