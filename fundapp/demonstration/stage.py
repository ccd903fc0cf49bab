"""What every act of the demonstration shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.sessions import Database
from fundapp.demonstration.cast import as_viewer
from fundapp.demonstration.scenario import Scenario

T = TypeVar("T")


@dataclass(slots=True)
class Stage:
    """The database, the script, and the people as the policy sees them."""

    database: Database
    scenario: Scenario
    home: Path
    files_url: str
    locale: Literal["ko", "en"]
    tell: Callable[[str], None]
    secret_key: str = field(repr=False)
    _viewers: dict[str, Viewer] = field(default_factory=dict)

    def when(self, step: str) -> datetime:
        """Return the instant at which a step of the script happens."""
        return self.scenario.dates[step]

    def one(self, role: str, investor: str | None = None) -> Viewer:
        """Return the first person with a role, as the policy sees them."""
        return self.viewer(self.scenario.one(role, investor).email)

    def viewer(self, email: str) -> Viewer:
        """Return a person as the policy sees them; remembered until recusals change."""
        if email not in self._viewers:
            character = next(person for person in self.scenario.people if person.email == email)
            with self.database.read() as session:
                self._viewers[email] = as_viewer(session, character, self.when("import"))
        return self._viewers[email]

    def forget_viewers(self) -> None:
        """Load everybody again at the next use: somebody was recused or joined a company."""
        self._viewers.clear()

    def write(self, work: Callable[[Session], T]) -> T:
        """Run one transaction."""
        return self.database.transaction(work)
