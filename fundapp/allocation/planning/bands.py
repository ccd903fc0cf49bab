"""Between which scores a company's own may lie: what the picture of the cut-off is drawn from."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import JSON, Text, cast, select, type_coerce
from sqlalchemy.orm import Session

from fundapp.allocation.rules import FULL_SCORE_TENTHS
from fundapp.screening.tables import Scorecard

BandBasis = Literal["reviews", "scorecard", "call"]
_ENDS = 2


@dataclass(frozen=True, slots=True)
class Band:
    """Scores that are as credible as the one that counts.

    Attributes:
        low: The lowest, in tenths.
        high: The highest.
        basis: `reviews`: a standard deviation of the filed reviews to either side; `scorecard`: as far from it as the
            middle 90 % of the bootstrap refits lie from the machine's score; `call`: what the call says.
    """

    low: int
    high: int
    basis: BandBasis


def find_band(score: int, spread: int | None, reach: tuple[int, int] | None, default: int) -> Band:
    """Return the band of a score in tenths.

    Args:
        score: The score that counts.
        spread: Standard deviation of the reviews it comes from; None where fewer than two speak.
        reach: How far below and above the machine's score its refits lie; None where no model with refits scored.
        default: What the call says about a score that nothing else is known of.
    """
    basis: BandBasis
    if spread is not None:
        below, above, basis = spread, spread, "reviews"
    elif reach is not None:
        (below, above), basis = reach, "scorecard"
    else:
        below, above, basis = default, default, "call"
    return Band(max(0, score - below), min(FULL_SCORE_TENTHS, score + above), basis)


def scorecard_reaches(session: Session, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, tuple[int, int]]:
    """Return by application how far below and above its newest score, in tenths, the refits of the model lie.

    Applications whose newest scorecard has no such interval are left out: rules alone, or a model without refits.
    """
    text = type_coerce(Scorecard.document, Text)  # kept as JSON text on both databases
    whole: Any = cast(text, JSON) if session.get_bind().dialect.name == "postgresql" else type_coerce(text, JSON)
    rows = session.execute(
        select(Scorecard.application_id, Scorecard.total_tenths, whole["band"].label("band"))
        .where(Scorecard.application_id.in_(ids))
        .order_by(Scorecard.scored_at, Scorecard.id)
    )
    found: dict[uuid.UUID, tuple[int, int]] = {}
    for row in rows:  # later scorecards win
        found.pop(row.application_id, None)
        if isinstance(row.band, list) and len(row.band) == _ENDS:
            low, high = (round(end * 10) for end in row.band)
            found[row.application_id] = max(0, row.total_tenths - low), max(0, high - row.total_tenths)
    return found
