"""GPU usage: taking exports in, posting what they change, and saying whose it is."""

from fundapp.portfolio.usage.importing import UsageResult, import_usage
from fundapp.portfolio.usage.mapping import Mapped, forget_owner, map_owner
from fundapp.portfolio.usage.posting import Effect, Negative, open_day, redivide
from fundapp.portfolio.usage.sizes import SizeRow, add_size, list_sizes, load_sizes

__all__ = [
    "Effect",
    "Mapped",
    "Negative",
    "SizeRow",
    "UsageResult",
    "add_size",
    "forget_owner",
    "import_usage",
    "list_sizes",
    "load_sizes",
    "map_owner",
    "open_day",
    "redivide",
]
