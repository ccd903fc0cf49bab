"""The docket: every application before the committee in one row, sealed figures kept sealed."""

from fundapp.committee.queries.docket.counts import VIEWS, Counts, View, docket_counts
from fundapp.committee.queries.docket.filters import DISPUTED_TENTHS, DocketFilter, OwnState, looked_up
from fundapp.committee.queries.docket.progress import Progress, my_progress
from fundapp.committee.queries.docket.rows import SORT_KEYS, DocketRow, SortKey, docket

__all__ = [
    "DISPUTED_TENTHS",
    "SORT_KEYS",
    "VIEWS",
    "Counts",
    "DocketFilter",
    "DocketRow",
    "OwnState",
    "Progress",
    "SortKey",
    "View",
    "docket",
    "docket_counts",
    "looked_up",
    "my_progress",
]
