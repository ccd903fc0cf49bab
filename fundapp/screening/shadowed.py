"""How long models have scored in the shadow: by the nights on record, so that a stopped clock adds nothing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.screening.learning_rules import weeks_of_nights
from fundapp.screening.tables import ShadowNight, ShadowScore


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A model's nights in the shadow and the Korean day of the last one."""

    nights: int = 0
    last: date | None = None

    @property
    def weeks(self) -> int:
        """Whole weeks of nights."""
        return weeks_of_nights(self.nights)


NEVER = Shadowed()


def shadowed_models(session: Session) -> dict[uuid.UUID, Shadowed]:
    """Return by model what is on record of its nights; a model without a night is absent."""
    query = select(ShadowNight.model_id, func.count(), func.max(ShadowNight.day)).group_by(ShadowNight.model_id)
    return {model_id: Shadowed(nights, last) for model_id, nights, last in session.execute(query)}


def count_shadow_scores(session: Session) -> dict[uuid.UUID, int]:
    """Return by model how many submissions it has scored in the shadow."""
    query = select(ShadowScore.model_id, func.count()).group_by(ShadowScore.model_id)
    return {row[0]: row[1] for row in session.execute(query)}
