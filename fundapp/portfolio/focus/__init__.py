"""FOCUS usage files (1.0 to 1.3, CSV or Parquet) read into GPU-hours by company, SKU, region and UTC day."""

from .reader import FocusFile, read_focus
from .refusals import FocusFileError, Rejected
from .rows import FocusMapping, UsageRow, aggregate, load_mapping

__all__ = [
    "FocusFile",
    "FocusFileError",
    "FocusMapping",
    "Rejected",
    "UsageRow",
    "aggregate",
    "load_mapping",
    "read_focus",
]
