"""What a draft of a review may hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fundapp.committee.rules.reviews import HIGHEST, Criterion
from fundapp.core.errors import InvalidInputError

PRIVATE_NOTE = "private_note"
LONGEST_REASON = 2000
LONGEST_PRIVATE = 8000
ABSTAINED = "0"
_POINTS = frozenset({"", ABSTAINED, *(str(points) for points in range(1, HIGHEST + 1))})


def check_draft(fields: Mapping[str, str], criteria: Sequence[Criterion]) -> None:
    """Raise unless every field belongs to the rubric and is of a length that it can be filed with.

    Raises:
        InvalidInputError: naming the field at fault.
    """
    points = {f"{criterion.key}_points" for criterion in criteria}
    texts = {f"{criterion.key}_reason" for criterion in criteria} | {"note"}
    for name, text in fields.items():
        if name in points:
            if text not in _POINTS:
                raise InvalidInputError(field=name, reason_ko="0에서 5 사이여야 합니다", reason_en="must be 0 to 5")
            continue
        if name not in texts and name != PRIVATE_NOTE:
            raise InvalidInputError(field=name, reason_ko="없는 항목입니다", reason_en="there is no such field")
        longest = LONGEST_PRIVATE if name == PRIVATE_NOTE else LONGEST_REASON
        if len(text) > longest:
            raise InvalidInputError(
                field=name, reason_ko=f"{longest:,}자까지 적을 수 있습니다", reason_en=f"at most {longest:,} characters"
            )
