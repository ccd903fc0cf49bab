"""Settings: one frozen class, and the only reader of the environment."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
_LOCALES = frozenset({"ko", "en"})
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_KEY_FILE = "secret-key"
_METERING = "FUND_METERING_SECRET_"
_REGISTRY = "https://api.odcloud.kr/api/nts-businessman/v1"


class SettingsError(ValueError):
    """An environment variable holds a value that cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that an instance of the product can be told from outside.

    Attributes:
        home: Folder of the instance. `FUND_HOME`, default `./instance`.
        database_url: SQLAlchemy URL. `FUND_DATABASE_URL`, default SQLite in `home`.
        files_url: fsspec URL of documents and artefacts. `FUND_FILES_URL`, default a folder in `home`.
        secret_key: Signs sessions and forms. `FUND_SECRET_KEY`; made and kept (mode 0600) in `home`
            when absent.
        locale: Language of first choice, `ko` or `en`. `FUND_LOCALE`, default `ko`.
        public_url: Where people reach the product; used in mail. `FUND_PUBLIC_URL`, default
            `http://127.0.0.1:8000`.
        trusted_hosts: Host names that requests may name. `FUND_TRUSTED_HOSTS`, comma separated; default this
            machine and the host of `public_url`.
        proxy_count: How many proxies in front set `X-Forwarded-*`. `FUND_PROXY_COUNT`, default 0:
            such headers are then ignored, so that nobody can forge an address.
        cookie_secure: Whether cookies travel over TLS only and carry the `__Host-` prefix.
            `FUND_COOKIE_SECURE`, default yes when `public_url` is https.
        staff_idle: Staff are signed out after so long without a request. `FUND_STAFF_IDLE_MINUTES`,
            default 15.
        applicant_idle: The same for applicants. `FUND_APPLICANT_IDLE_MINUTES`, default 60.
        session_length: Everybody signs in again after so long. `FUND_SESSION_HOURS`, default 12.
        limiter_storage: Where attempts are counted. `FUND_LIMITER_URL`, default `memory://` (each process
            counts for itself).
        metrics_enabled: Whether `/metrics` answers. `FUND_METRICS`, default off.
        smtp_url: `smtp://user:password@host:port` or `smtps://…`. `FUND_SMTP_URL`; without it mail stays in
            the outbox.
        mail_from: Sender of mail. `FUND_MAIL_FROM`, default `no-reply@localhost`.
        max_upload_bytes: Largest request body. `FUND_MAX_UPLOAD_MB`, default 50.
        clamd: Where ClamAV listens, `unix:/run/clamav/clamd.ctl` or `tcp://host:3310`. `FUND_CLAMD`; without it
            documents are taken unscanned, and said to be.
        metering_secrets: Secrets of the servers that measure GPU use, by name: `FUND_METERING_SECRET_<NAME>` holds a
            bearer token or `user:password`. The name CA_FILE holds a file of certificates to trust instead.
        registry_url: The tax office's business status service. `FUND_NTS_URL`, default its address on data.go.kr.
        registry_key: Key of that service. `FUND_NTS_KEY`; without it companies stay unchecked, and pages say so.
    """

    home: Path
    database_url: str
    files_url: str
    secret_key: str
    locale: str = "ko"
    public_url: str = "http://127.0.0.1:8000"
    trusted_hosts: tuple[str, ...] = _LOCAL_HOSTS
    proxy_count: int = 0
    cookie_secure: bool = False
    staff_idle: timedelta = timedelta(minutes=15)
    applicant_idle: timedelta = timedelta(minutes=60)
    session_length: timedelta = timedelta(hours=12)
    limiter_storage: str = "memory://"
    metrics_enabled: bool = False
    smtp_url: str | None = None
    mail_from: str = "no-reply@localhost"
    max_upload_bytes: int = 50 * 1024 * 1024
    clamd: str | None = None
    metering_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    registry_url: str = _REGISTRY
    registry_key: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the environment, or the mapping given in its place.

        Creates the home folder, and the secret key in it, when they are absent.

        Raises:
            SettingsError: if a variable holds a value that cannot be used.
        """
        values = os.environ if environment is None else environment
        home = Path(values.get("FUND_HOME") or "instance").resolve()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        public_url = (values.get("FUND_PUBLIC_URL") or "http://127.0.0.1:8000").rstrip("/")
        locale = values.get("FUND_LOCALE") or "ko"
        if locale not in _LOCALES:
            raise SettingsError(f"FUND_LOCALE must be ko or en, not {locale!r}")
        return cls(
            home=home,
            database_url=values.get("FUND_DATABASE_URL") or f"sqlite:///{home / 'fund.sqlite3'}",
            files_url=values.get("FUND_FILES_URL") or str(home / "files"),
            secret_key=values.get("FUND_SECRET_KEY") or _kept_key(home),
            locale=locale,
            public_url=public_url,
            trusted_hosts=_hosts(values.get("FUND_TRUSTED_HOSTS", ""), public_url),
            proxy_count=_number(values, "FUND_PROXY_COUNT", 0),
            cookie_secure=_flag(values, "FUND_COOKIE_SECURE", default=public_url.startswith("https://")),
            staff_idle=timedelta(minutes=_number(values, "FUND_STAFF_IDLE_MINUTES", 15)),
            applicant_idle=timedelta(minutes=_number(values, "FUND_APPLICANT_IDLE_MINUTES", 60)),
            session_length=timedelta(hours=_number(values, "FUND_SESSION_HOURS", 12)),
            limiter_storage=values.get("FUND_LIMITER_URL") or "memory://",
            metrics_enabled=_flag(values, "FUND_METRICS", default=False),
            smtp_url=values.get("FUND_SMTP_URL") or None,
            mail_from=values.get("FUND_MAIL_FROM") or "no-reply@localhost",
            max_upload_bytes=_number(values, "FUND_MAX_UPLOAD_MB", 50) * 1024 * 1024,
            clamd=_scanner(values.get("FUND_CLAMD")),
            metering_secrets={
                name.removeprefix(_METERING): value for name, value in values.items() if name.startswith(_METERING)
            },
            registry_url=_web_address(values, "FUND_NTS_URL", _REGISTRY),
            registry_key=values.get("FUND_NTS_KEY") or None,
        )


def _kept_key(home: Path) -> str:
    """Return the instance's own key, making it first when absent. Two processes at once agree on one key."""
    path = home / _KEY_FILE
    draft = home / f"{_KEY_FILE}.{os.getpid()}"
    if not path.exists():
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(draft, path)  # unlike a rename, fails when a rival was first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def _hosts(text: str, public_url: str) -> tuple[str, ...]:
    named = tuple(host.strip() for host in text.split(",") if host.strip())
    if named:
        return named
    public = urlsplit(public_url).hostname
    return tuple(dict.fromkeys((*_LOCAL_HOSTS, public))) if public else _LOCAL_HOSTS


def _scanner(text: str | None) -> str | None:
    if not text:
        return None
    if text.startswith(("unix:/", "tcp://")):
        return text
    raise SettingsError(f"FUND_CLAMD must be unix:/path or tcp://host:port, not {text!r}")


def _web_address(values: Mapping[str, str], name: str, default: str) -> str:
    text = (values.get(name) or default).rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(f"{name} must be an http or https address, not {text!r}")
    return text


def _number(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name) or str(default)
    if not text.isdecimal():
        raise SettingsError(f"{name} must be a whole number, not {text!r}")
    return int(text)


def _flag(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = values.get(name)
    if text is None:
        return default
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise SettingsError(f"{name} must be on or off, not {text!r}")


def training_environment() -> dict[str, str]:
    """Return the environment of a process that trains: one thread, the same modules, none of our secrets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FUND_")}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return kept | threads | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
