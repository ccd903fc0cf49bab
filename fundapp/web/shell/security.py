"""Flask-Security, CSRF and rate limits, set up strictly.

Flask-Security keeps the session (by an identifier that can be rotated away); its own pages stay off, so that
there is one sign-in page, with lockout and generic answers, and no second way in.
"""

from __future__ import annotations

from flask import Flask, current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_security import Security, SQLAlchemySessionUserDatastore
from flask_wtf import CSRFProtect
from sqlalchemy.orm import scoped_session, sessionmaker
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person, Role

csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address)


def configure(app: Flask, settings: Settings) -> None:
    """Translate our settings into those of Flask and its extensions."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        PUBLIC_URL=settings.public_url,
        MAIL_LEAVES=settings.smtp_url is not None,
        TRUSTED_HOSTS=list(settings.trusted_hosts),
        MAX_CONTENT_LENGTH=settings.max_upload_bytes,
        SESSION_COOKIE_NAME="__Host-session" if settings.cookie_secure else "session",
        SESSION_COOKIE_SECURE=settings.cookie_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        STAFF_IDLE=settings.staff_idle,
        APPLICANT_IDLE=settings.applicant_idle,
        SESSION_LENGTH=settings.session_length,
        # A form may stay open for hours while somebody writes; the token ends with the session.
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_STORAGE_URI=settings.limiter_storage,
        RATELIMIT_HEADERS_ENABLED=False,
        SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - an algorithm
        SECURITY_PASSWORD_SINGLE_HASH=True,
        SECURITY_PASSWORD_SALT=settings.secret_key,
        SECURITY_URL_PREFIX="/account",
        SECURITY_DEFAULT_REMEMBER_ME=False,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        BOOTSTRAP_SERVE_LOCAL=True,
    )
    if settings.proxy_count:
        count = settings.proxy_count
        wrapped = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
        app.wsgi_app = wrapped  # type: ignore[method-assign]


def init_security(app: Flask, database: Database) -> None:
    """Turn on CSRF checks, rate limits and sessions."""
    csrf.init_app(app)
    limiter.init_app(app)
    sessions = scoped_session(sessionmaker(database.engine, expire_on_commit=False))
    Security(app, SQLAlchemySessionUserDatastore(sessions, Person, Role), register_blueprint=False)

    @app.teardown_appcontext
    def release(_error: BaseException | None) -> None:
        sessions.remove()


def instance_secret() -> str:
    """Return the instance's secret, from which the keys of secret votes and of signatures are derived."""
    return str(current_app.config["SECRET_KEY"])
