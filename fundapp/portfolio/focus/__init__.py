"""Usage files (FOCUS 1.0 to 1.3, or a plain list of hours) read into GPU-hours by company, SKU, region and UTC day."""

from .hours import SCOPE as HOURS_SCOPE
from .hours import TEMPLATE_EN, TEMPLATE_KO
from .reader import read_usage
from .refusals import FocusFileError, Rejected
from .rows import FocusMapping, Rules, load_mapping
from .statement import Line, Statement

__all__ = [
    "HOURS_SCOPE",
    "TEMPLATE_EN",
    "TEMPLATE_KO",
    "FocusFileError",
    "FocusMapping",
    "Line",
    "Rejected",
    "Rules",
    "Statement",
    "load_mapping",
    "read_usage",
]
