from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from config import Settings
from fundapp import create_app
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person
from fundapp.identity.passwords import hash_password
from fundapp.web.shell import security

sys.path.insert(0, str(Path(__file__).parents[1] / "portfolio"))  # its scenes are told here, too

PASSWORD = "a long enough sentence"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"FUND_HOME": str(tmp_path / "home"), "FUND_METRICS": "on"})


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once for all tests of a worker, though each test has an application of its own."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(settings: Settings, db: Database, compiled_templates: FileSystemBytecodeCache) -> Iterator[Flask]:
    made = create_app(settings, db)
    made.jinja_env.bytecode_cache = compiled_templates
    yield made
    security.limiter.reset()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def person(db: Database, at: datetime, password_hash: str) -> Callable[..., str]:
    """Make somebody with the given roles; returns the address."""

    def make(*roles: str, name: str = "김도윤", investor: str | None = None) -> str:
        email = f"{'-'.join(roles)}@example.com"
        db.transaction(
            lambda session: create_person(
                session,
                actor=SYSTEM,
                at=at,
                email=email,
                name=name,
                roles=roles,
                password_hash=password_hash,
                investor=investor,
            )
        )
        return email

    return make


def token_in(page: str) -> str:
    """The CSRF token of the first form in a page."""
    found = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"|name="csrf_token" value="([^"]+)"', page)
    assert found is not None, "the page has no form"
    return found[1] or found[2]


@pytest.fixture
def post_form() -> Callable[..., TestResponse]:
    """Load a page, take its token, and post the form to the same address (or to `action`)."""

    def post(client: FlaskClient, path: str, fields: dict[str, str], action: str | None = None) -> TestResponse:
        token = token_in(client.get(path).text)
        return client.post(action or path, data={"csrf_token": token, **fields})

    return post


@pytest.fixture
def sign_in(post_form: Callable[..., TestResponse]) -> Callable[..., TestResponse]:
    """Sign in through the real form."""

    def enter(client: FlaskClient, email: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        return post_form(client, "/account/login", {"email": email, "password": password, **fields})

    return enter
