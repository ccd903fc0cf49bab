"""Which learned model serves now, with its newest calibration."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.errors import ModelRefusedError
from fundapp.screening.tables import FitModel, ModelActivation, ModelCalibration
from scoring import Calibration, LearnError, Model, Rubric, parse_model, read_calibration


@dataclass(frozen=True, slots=True)
class Serving:
    """What scores besides the rubric; nothing while no model has earned its place."""

    model: Model | None = None
    calibration: Calibration | None = None

    def fit_for(self, rubric: Rubric) -> Serving:
        """Return itself, or nothing where the model was learned on another rubric: its points would mean nothing."""
        return self if self.model is not None and self.model.rubric_sha256 == rubric.sha256 else NOTHING

    @property
    def fingerprint(self) -> tuple[str | None, str | None]:
        """What a scorecard records: the model's hash and the calibration's version."""
        return (
            None if self.model is None else self.model.sha256,
            None if self.calibration is None else self.calibration.version,
        )


NOTHING = Serving()


def active_model_id(session: Session) -> uuid.UUID | None:
    """Return the model that serves; None where the rubric stands alone."""
    return session.scalar(select(ModelActivation.model_id).order_by(ModelActivation.number.desc()).limit(1))


def load_serving(session: Session) -> Serving:
    """Return the model that two people activated last and that nobody took back, with its newest calibration."""
    model_id = active_model_id(session)
    if model_id is None:
        return NOTHING
    text = session.scalars(select(FitModel.text).where(FitModel.id == model_id)).one()
    calibration = session.scalar(
        select(ModelCalibration.document)
        .where(ModelCalibration.model_id == model_id)
        .order_by(ModelCalibration.fitted_at.desc(), ModelCalibration.id.desc())
        .limit(1)
    )
    return Serving(read_stored(text), None if calibration is None else read_calibration(calibration))


@lru_cache(maxsize=16)
def read_stored(text: str) -> Model:
    """Read a stored model; what is worked out for it is kept with it.

    Raises:
        ModelRefusedError: if the text is no model any more.
    """
    try:
        return parse_model(text)
    except LearnError as error:
        raise ModelRefusedError(reason_ko=error.message_ko, reason_en=error.message_en) from error
