"""The picture of places: every application it names has lines and labels of its own."""

from __future__ import annotations

import uuid

from fundapp.committee.queries.calibration import CalibratedRow
from fundapp.committee.rules.calibration import Scores
from fundapp.web.committee.calibrated import draw_places


def row(ordinal: int, raw: int, trimmed: int, adjusted: int) -> CalibratedRow:
    return CalibratedRow(
        application_id=uuid.UUID(int=ordinal),
        number=f"AX-T-{ordinal:04d}",
        company=f"기업{ordinal}",
        state="eligible",
        reviews=3,
        scores=Scores(800, 800, 800),
        places={"raw": raw, "trimmed": trimmed, "adjusted": adjusted},
    )


def test_equal_and_far_places_are_drawn_one_below_the_other() -> None:
    # Three share the first place by the mean; two stand far down by one of the scores, one does by all three.
    rows = [row(1, 1, 1, 90), row(2, 1, 2, 3), row(3, 1, 3, 1), row(4, 77, 4, 80), row(5, 99, 99, 99)]
    plot = draw_places(rows)
    columns = [[slope.points[column][1] for slope in plot.slopes] for column in range(3)]
    steps = sorted(set(columns[0]))
    assert [[1 + steps.index(height) for height in column] for column in columns] == [
        [1, 2, 3, 4],
        [1, 2, 3, 4],
        [4, 2, 1, 3],
    ]
    assert plot.height > steps[-1]
