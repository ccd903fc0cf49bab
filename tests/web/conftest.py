from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from form_tokens import token_in
from jinja2 import FileSystemBytecodeCache
from portal_people import Portal, make_portal
from werkzeug.test import TestResponse

from config import Settings
from fundapp import create_app
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person
from fundapp.web.shell import security

sys.path.insert(0, str(Path(__file__).parents[1] / "portfolio"))  # its scenes are told here, too

PASSWORD = "a long enough sentence"


Apps = Callable[[Settings, Database], Flask]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instance's folder; every test begins with an empty one at the same place."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def settings(home: Path) -> Iterator[Settings]:
    yield Settings.from_environment({"FUND_HOME": str(home), "FUND_SECRET_KEY": "of a test", "FUND_METRICS": "on"})
    for left in home.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once for all applications of a worker."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture(scope="session")
def apps(compiled_templates: FileSystemBytecodeCache) -> Apps:
    """Applications by what they are made of: compiling 185 addresses takes longer than most tests."""
    made: dict[tuple[str, int], Flask] = {}

    def find(settings: Settings, database: Database) -> Flask:
        key = (repr(settings), id(database))
        if key not in made:
            made[key] = create_app(settings, database)
            made[key].jinja_env.bytecode_cache = compiled_templates
        return made[key]

    return find


@pytest.fixture
def app(settings: Settings, db: Database, apps: Apps) -> Iterator[Flask]:
    """The application, which tests share: one that a test changes is `own_app`."""
    yield apps(settings, db)
    security.limiter.reset()


@pytest.fixture
def own_app(settings: Settings, db: Database, compiled_templates: FileSystemBytecodeCache) -> Iterator[Flask]:
    """An application of the test's own, to be changed."""
    made = create_app(settings, db)
    made.jinja_env.bytecode_cache = compiled_templates
    yield made
    security.limiter.reset()


@pytest.fixture
def portal(db: Database, app: Flask) -> Portal:
    """The applicants' side with the example call open."""
    return make_portal(db, app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of `PASSWORD` with the least work it can name: a thousand tests sign in, a few test that it is hard."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


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
