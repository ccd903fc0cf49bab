"""A small committee that can sign in, over the committee's own factory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person

sys.path.insert(0, str(Path(__file__).parents[1] / "committee"))

import committee_factory as factory

SECTIONS = [
    {
        "key": "solution",
        "title_ko": "솔루션",
        "title_en": "Solution",
        "questions": [{"key": "solution_title", "kind": "text", "label_ko": "솔루션명", "label_en": "Title"}],
    }
]


@dataclass
class Room:
    """The application with people who sign in through the real form."""

    app: Flask
    db: Database
    password_hash: str
    sign_in: Callable[..., object]

    def open(self) -> None:
        factory.do(self.db, self._open_call)

    @staticmethod
    def _open_call(session: Session) -> None:
        factory.open_call(session, sections=SECTIONS)

    def seat(self, name: str, role: str = "committee") -> Viewer:
        """Add somebody with a password and return them as the policy sees them."""
        person_id = factory.do(
            self.db,
            lambda s: create_person(
                s,
                actor=SYSTEM,
                at=factory.AT,
                email=f"{name.lower()}@example.com",
                name=name,
                roles=[role],
                password_hash=self.password_hash,
            ),
        )
        return factory.look(self.db, person_id)

    def enter(self, who: Viewer) -> FlaskClient:
        """Return a browser in which somebody is signed in."""
        client = self.app.test_client()
        self.sign_in(client, who.email)
        return client


def rubric(points: str = "4", reason: str = "근거를 확인함", **changes: str) -> dict[str, str]:
    """A filled-in rubric as the browser sends it."""
    keys = ("spc_fit", "korean_ai", "market", "gpu_case", "team")
    fields = {f"{key}_points": points for key in keys} | {f"{key}_reason": reason for key in keys}
    return fields | {"note": "", "key": "0" * 31 + "1"} | changes
