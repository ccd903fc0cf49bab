"""Whether probabilities came true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoring.canonical import Json
from scoring.learning.measures import ReliabilityBin, auc, bins_for, brier, calibration_error, log_loss, reliability
from scoring.learning.problems import LearnError

_PLACES = 6


@dataclass(frozen=True, slots=True)
class CalibrationTable:
    """Predicted and observed shares side by side, for rows whose outcome is known.

    Attributes:
        bins: Rows of like probability, lowest first.
        error: Expected calibration error over these bins.
        auc: None if only one kind of outcome is known.
    """

    rows: int
    fits: int
    bins: tuple[ReliabilityBin, ...]
    error: float
    brier: float
    log_loss: float
    auc: float | None

    def to_document(self) -> dict[str, Json]:
        """Give the table as plain JSON values."""
        return {
            "rows": self.rows,
            "fits": self.fits,
            "error": self.error,
            "brier": self.brier,
            "log_loss": self.log_loss,
            "auc": self.auc,
            "bins": [
                {
                    "rows": one.rows,
                    "lowest": one.lowest,
                    "highest": one.highest,
                    "predicted": one.predicted,
                    "observed": one.observed,
                }
                for one in self.bins
            ],
        }


def tabulate_calibration(
    probabilities: Sequence[float], outcomes: Sequence[int], *, bins: int | None = None
) -> CalibrationTable:
    """Compare probabilities with outcomes.

    Args:
        probabilities: One for each row, 0 to 1.
        outcomes: 1 where the application turned out to fit, else 0.
        bins: How many bins; by default 64 rows to a bin, 2 to 10 bins.

    Raises:
        LearnError: If there are no rows, or a probability or outcome is out of its range.
    """
    if not probabilities or len(probabilities) != len(outcomes):
        raise LearnError("확률과 결과의 수가 같아야 합니다.", "as many outcomes as probabilities are needed.")
    for row, (chance, outcome) in enumerate(zip(probabilities, outcomes, strict=True), 1):
        if not (math.isfinite(chance) and 0 <= chance <= 1):
            raise LearnError("확률은 0~1입니다.", "must be 0 to 1.", place="probability", row=row)
        if outcome not in (0, 1):
            raise LearnError("결과는 0 또는 1입니다.", "must be 0 or 1.", place="outcome", row=row)
    chances, fits = np.array(probabilities, dtype=np.float64), np.array(outcomes, dtype=np.int64)
    wanted = bins or bins_for(len(fits))
    both = 0 < int(fits.sum()) < len(fits)
    return CalibrationTable(
        rows=len(fits),
        fits=int(fits.sum()),
        bins=reliability(fits, chances, wanted),
        error=round(calibration_error(fits, chances, wanted), _PLACES),
        brier=round(brier(fits, chances), _PLACES),
        log_loss=round(log_loss(fits, chances), _PLACES),
        auc=round(auc(fits, chances), _PLACES) if both else None,
    )
