"""The docket: every application before the committee in one row, sealed figures kept sealed."""

from fundapp.committee.queries.docket.comparison import Compared, compare
from fundapp.committee.queries.docket.counts import VIEWS, Counts, View, docket_counts
from fundapp.committee.queries.docket.filters import DISPUTED_TENTHS, DocketFilter, OwnState, looked_up
from fundapp.committee.queries.docket.progress import Progress, my_progress
from fundapp.committee.queries.docket.rows import SORT_KEYS, DocketRow, SortKey, docket
from fundapp.committee.queries.docket.stages import docket_stages, docket_ways
from fundapp.committee.queries.docket.views import KeptView, count_each, kept_views

__all__ = [
    "DISPUTED_TENTHS",
    "SORT_KEYS",
    "VIEWS",
    "Compared",
    "Counts",
    "DocketFilter",
    "DocketRow",
    "KeptView",
    "OwnState",
    "Progress",
    "SortKey",
    "View",
    "compare",
    "count_each",
    "docket",
    "docket_counts",
    "docket_stages",
    "docket_ways",
    "kept_views",
    "looked_up",
    "my_progress",
]
