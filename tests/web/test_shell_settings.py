from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from config import Settings, SettingsError


def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    settings = Settings.from_environment({"FUND_HOME": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/fund.sqlite3"
    assert settings.files_url == str(tmp_path / "files")
    assert (settings.locale, settings.metrics_enabled, settings.cookie_secure) == ("ko", False, False)
    assert settings.staff_idle == timedelta(minutes=15)


def test_the_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first = Settings.from_environment({"FUND_HOME": str(tmp_path)})
    second = Settings.from_environment({"FUND_HOME": str(tmp_path)})
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) == 64
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def test_a_given_secret_key_writes_no_file(tmp_path: Path) -> None:
    assert Settings.from_environment({"FUND_HOME": str(tmp_path), "FUND_SECRET_KEY": "k"}).secret_key == "k"
    assert list(tmp_path.iterdir()) == []


def test_an_https_address_makes_cookies_secure_and_its_host_trusted(tmp_path: Path) -> None:
    settings = Settings.from_environment({"FUND_HOME": str(tmp_path), "FUND_PUBLIC_URL": "https://fund.example/"})
    assert settings.cookie_secure
    assert settings.public_url == "https://fund.example"
    assert settings.trusted_hosts == ("localhost", "127.0.0.1", "[::1]", "fund.example")


@pytest.mark.parametrize(
    ("name", "value"), [("FUND_LOCALE", "fr"), ("FUND_PROXY_COUNT", "-1"), ("FUND_METRICS", "maybe")]
)
def test_a_value_that_cannot_be_used_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({"FUND_HOME": str(tmp_path), name: value})
