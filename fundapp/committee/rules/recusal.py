"""Who may not take part in a case, and by which of the three routes."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Literal

from fundapp.core.errors import ConflictOfInterestError

Route = Literal["disqualification", "challenge", "self_recusal"]

ROUTES: tuple[Route, ...] = ("disqualification", "challenge", "self_recusal")


def require_no_conflict(person_id: uuid.UUID, recused: Collection[uuid.UUID]) -> None:
    """Raise if the person is recused.

    Raises:
        ConflictOfInterestError: shown like an absent object.
    """
    if person_id in recused:
        raise ConflictOfInterestError
