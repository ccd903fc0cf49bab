"""An open call with the example applications in it, scored and not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from learning_cases import EXAMPLES, open_example_call
from scenes import Scenes

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.screening.actions import ScreenResult, screen_call


@pytest.fixture
def examples() -> Path:
    return EXAMPLES


@pytest.fixture
def call(db: Database, scenes: Scenes, at: datetime) -> str:
    """The code of an open call with 114 submitted applications."""
    return scenes.set(db, "applications", lambda: open_example_call(db, at))


@pytest.fixture
def scored(db: Database, scenes: Scenes, call: str, at: datetime) -> ScreenResult:
    """What came of scoring the call's applications."""
    return scenes.set(db, "scored", lambda: screen_call(db, call, actor=SYSTEM, at=at))
