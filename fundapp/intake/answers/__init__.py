"""Reading answers: the words of a form, a file or an API in, canonical values or problems out.

Canonical values are plain JSON: text in NFC, whole numbers, booleans, dates as `YYYY-MM-DD`, choices by key, GPU hours
as decimal text. A blank answer has no entry at all, so that unknown is never 0 or no.
"""

from fundapp.intake.answers.checking import INCOMPLETE, add_up, find_missing, validate_answers
from fundapp.intake.answers.gpu import GpuRequest, gpu_requests
from fundapp.intake.answers.problems import NEVER_STORED, problem
from fundapp.intake.answers.reading import Reading, read_answers

__all__ = [
    "INCOMPLETE",
    "NEVER_STORED",
    "GpuRequest",
    "Reading",
    "add_up",
    "find_missing",
    "gpu_requests",
    "problem",
    "read_answers",
    "validate_answers",
]
