"""`fund demo` as a newcomer meets it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from running import FUND, Demonstration, PostgresServer, build_demonstration, environment, run_fund

from fundapp.core.errors import InputFileError
from fundapp.demonstration.scenario import read_scenario

EXAMPLES = Path(__file__).parents[2] / "examples"


def report_bytes(run: Demonstration) -> bytes:
    return Path(run.summary["report"]["json"]).read_bytes()


def ledger_lines(home: Path, database_url: str | None = None) -> list[dict[str, str]]:
    done = run_fund(home, "ledger", "balance", "--json", database_url=database_url)
    lines: list[dict[str, str]] = json.loads(done.stdout)["balances"]
    return lines


def test_it_carries_the_call_from_application_to_report(demonstration: Demonstration) -> None:
    summary = demonstration.summary
    assert (summary["read"], summary["applications"], summary["scored"]) == (120, 114, 114)
    assert summary["decided"] > summary["awards"] > 20
    assert 0 < summary["committed_krw"] <= 6_000_000_000
    assert summary["usage_rows"] > 1000
    for kind in ("pdf", "xlsx", "json"):
        assert Path(summary["report"][kind]).stat().st_size > 10_000
    assert {who["role"] for who in summary["accounts"]} == {
        "applicant", "analyst", "committee", "chair", "finance", "partner", "auditor", "admin",
    }  # fmt: skip


def test_every_check_of_the_instance_is_good(demonstration: Demonstration) -> None:
    for command in (["doctor"], ["ledger", "verify"], ["audit", "verify"], ["score", "replay", "--all"]):
        done = run_fund(demonstration.home, *command, "--json")
        assert done.returncode == 0, done.stdout


def test_running_it_again_changes_nothing(demonstration: Demonstration, tmp_path: Path) -> None:
    home = tmp_path / "again"
    shutil.copytree(demonstration.home, home)
    again = build_demonstration(home)
    assert json.dumps(again.summary).replace(str(home), str(demonstration.home)) == json.dumps(demonstration.summary)
    assert ledger_lines(home) == ledger_lines(demonstration.home)


def test_another_seed_gives_other_decisions(demonstration: Demonstration, tmp_path: Path) -> None:
    done = run_fund(tmp_path, "demo", "--no-serve", "--json", "--seed", "7")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["inputs_sha256"] != demonstration.summary["report"]["inputs_sha256"]


def test_killed_at_any_point_and_started_again_on_postgresql_it_ends_as_on_sqlite_byte_for_byte(
    demonstration: Demonstration, postgres: PostgresServer, tmp_path: Path
) -> None:
    home, url = tmp_path / "killed", postgres.address(postgres.create(None))
    for seconds in (2.5, 5.0, 8.0):
        process = subprocess.Popen(
            [str(FUND), "demo", "--no-serve", "--json"],
            env=environment(home, url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    finished = build_demonstration(home, url)
    if report_bytes(finished) == report_bytes(demonstration):
        assert ledger_lines(home, url) == ledger_lines(demonstration.home)
        return
    url = postgres.address(postgres.create(None))
    undisturbed = build_demonstration(tmp_path / "undisturbed", url)
    assert report_bytes(undisturbed) == report_bytes(demonstration), "PostgreSQL ends otherwise, killed or not"
    assert report_bytes(finished) == report_bytes(undisturbed), "killed, it ends otherwise"


def test_a_script_whose_fund_changes_its_currency_is_refused(tmp_path: Path) -> None:
    script = (EXAMPLES / "scenario.toml").read_text(encoding="utf-8")
    (tmp_path / "scenario.toml").write_text(script.replace('currency = "KRW"', 'currency = "USD"'), encoding="utf-8")
    with pytest.raises(InputFileError) as refused:
        read_scenario(tmp_path)
    assert "펀드의 장부는 원(KRW)으로만 적습니다. USD 펀드는 열 수 없습니다" in refused.value.message("ko")
    assert "books in won (KRW); one in USD cannot be founded" in refused.value.message("en")
