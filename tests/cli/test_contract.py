"""Every command of the public surface, with the keys, exit codes and messages that scripts rely on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from beancount import loader
from beancount.core.number import D
from beancount.core.realization import RealAccount, realize
from click.testing import CliRunner, Result
from running import Demonstration
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parents[1] / "screening"))  # its cases are told here, too
from learning_cases import file_reviews, rate

from fundapp.audit.tables import AuditEvent
from fundapp.cli import main
from fundapp.core.sessions import Database
from fundapp.ledger.export import beancount_account, beancount_commodity
from fundapp.reporting.tables import MarketIndex
from fundapp.screening.dictionaries import load_dictionary_file
from fundapp.screening.tables import TextDictionary

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data"

EVERY_COMMAND = [
    "init", "demo", "serve", "clock", "jobs run", "user create", "call open", "applications import",
    "applications export", "score", "score show", "score replay", "model train", "model gate", "model activate",
    "model rollback", "pool add", "plan", "usage import", "ledger verify", "ledger balance", "ledger export",
    "report", "audit verify", "backup", "restore", "doctor",
]  # fmt: skip
REPLAYED = {"different": [], "other_versions": []}


class Shell:
    """The command line on one instance."""

    def __init__(self, home: Path, database_url: str | None = None) -> None:
        self.environment: dict[str, str | None] = {"FUND_HOME": str(home), "FUND_DATABASE_URL": database_url}
        self.environment |= {key: None for key in os.environ if key.startswith("FUND_") and key != "FUND_HOME"}
        self.environment["FUND_DATABASE_URL"] = database_url

    def run(self, *arguments: str, given: str | None = None) -> Result:
        return CliRunner(env=self.environment).invoke(main, list(arguments), input=given)

    def json(self, *arguments: str, code: int = 0, given: str | None = None) -> dict[str, Any]:
        result = self.run(*arguments, "--json", given=given)
        assert result.exit_code == code, result.output
        found: dict[str, Any] = json.loads(result.stdout)
        return found


@pytest.fixture
def shell(tmp_path: Path, db: Database, database_url: str) -> Shell:
    return Shell(tmp_path / "home", database_url)


@pytest.fixture
def open_shell(shell: Shell) -> Shell:
    shell.json("init")
    shell.json("call", "open", str(EXAMPLES / "calls" / "2026-1.toml"))
    return shell


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_every_command_of_the_contract_has_help(command: str) -> None:
    result = CliRunner().invoke(main, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_wrong_usage_leaves_with_two() -> None:
    for arguments in (["nothing"], ["applications", "import"], ["ledger", "export", "--out", "x.pdf"]):
        assert CliRunner(env={"FUND_HOME": "/nonexistent"}).invoke(main, arguments).exit_code == 2


def test_a_database_without_migrations_is_named_as_such(tmp_path: Path) -> None:
    result = Shell(tmp_path).run("ledger", "verify")
    assert (result.exit_code, "fund init" in result.stderr) == (1, True)


def test_init_says_what_it_made_and_is_safe_to_repeat(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    first, second = shell.json("init"), shell.json("init")
    assert (first["created"], second["created"]) == (True, False)
    assert first["revision"] == second["revision"]
    assert first["database"].startswith("sqlite:///")
    with Database(first["database"]).read() as session:
        assert session.scalars(select(TextDictionary.text)).all() == [load_dictionary_file().text]


def test_a_user_is_created_with_a_password_from_standard_input(shell: Shell) -> None:
    made = shell.json(
        "user", "create", "Who@Fund.example", "--role", "analyst", "--password-stdin", given="long secret 17\n"
    )
    assert (made["email"], made["role"], "password" in made) == ("who@fund.example", "analyst", False)
    again = shell.run("user", "create", "who@fund.example", "--role", "analyst")
    assert (again.exit_code, "email" in again.stderr) == (1, True)


def test_opening_the_same_call_twice_changes_nothing(shell: Shell) -> None:
    path = str(EXAMPLES / "calls" / "2026-1.toml")
    first, second = shell.json("call", "open", path), shell.json("call", "open", path)
    assert (first["call"], first["created"], second["created"]) == ("AX-2026-1", True, False)
    assert first["closes"] == second["closes"] == "2026-05-08T16:00:00+09:00"


def test_bad_rows_are_listed_good_ones_are_in_and_the_exit_code_is_three(open_shell: Shell) -> None:
    file = str(EXAMPLES / "applications.csv")
    answer = open_shell.json("applications", "import", file, "--call", "AX-2026-1", code=3)
    counts = {key: answer[key] for key in ("read", "created", "updated", "unchanged")}
    assert counts == {"read": 120, "created": 114, "updated": 1, "unchanged": 1}
    assert {(row["row"], row["field"]) for row in answer["rejected"]} == {
        (9, "founded_on"), (66, "contact_email"), (106, "business_number"), (116, "requested_krw"),
    }  # fmt: skip
    assert all(row["message"] and row["code"] for row in answer["rejected"])


def test_all_or_nothing_writes_nothing_when_one_row_is_bad(open_shell: Shell) -> None:
    file = str(EXAMPLES / "applications.csv")
    result = open_shell.run("applications", "import", file, "--call", "AX-2026-1", "--all-or-nothing")
    assert result.exit_code == 1
    out = open_shell.environment["FUND_HOME"] or ""
    assert open_shell.json("applications", "export", "--call", "AX-2026-1", "--out", f"{out}/x.csv")["rows"] == 0


def test_a_dry_run_counts_and_writes_nothing(open_shell: Shell) -> None:
    file = str(EXAMPLES / "applications.csv")
    dry = open_shell.json("applications", "import", file, "--call", "AX-2026-1", "--dry-run", code=3)
    wet = open_shell.json("applications", "import", file, "--call", "AX-2026-1", code=3)
    assert dry == wet


def test_an_export_is_on_record(open_shell: Shell, db: Database, tmp_path: Path) -> None:
    open_shell.json("applications", "export", "--call", "AX-2026-1", "--out", str(tmp_path / "out.csv"))
    with db.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.verb == "applications.exported")).one()
    assert (event.subject, event.details) == ("AX-2026-1", {"rows": 0, "file": "out.csv"})


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_an_export_can_be_imported_again_and_changes_nothing(open_shell: Shell, suffix: str, tmp_path: Path) -> None:
    open_shell.json("applications", "import", str(EXAMPLES / "applications.csv"), "--call", "AX-2026-1", code=3)
    out = tmp_path / f"out.{suffix}"
    assert open_shell.json("applications", "export", "--call", "AX-2026-1", "--out", str(out))["rows"] == 114
    if suffix == "parquet":
        return
    again = open_shell.json("applications", "import", str(out), "--call", "AX-2026-1")
    assert (again["read"], again["unchanged"], again["rejected"]) == (114, 114, [])


def test_scores_have_the_keys_that_scripts_read(open_shell: Shell) -> None:
    open_shell.json("applications", "import", str(EXAMPLES / "applications.csv"), "--call", "AX-2026-1", code=3)
    scored = open_shell.json("score", "--call", "AX-2026-1")
    assert (scored["scored"], set(scored) >= {"rubric", "model", "seconds"}) == (114, True)
    card = open_shell.json("score", "show", "AX-2026-1-0001")
    assert set(card) >= {
        "total", "probability", "interval", "knockouts", "criteria", "coverage", "rubric", "model", "inputs_sha256",
    }  # fmt: skip
    tenths = [round(item["points"] * 10) for item in card["criteria"]]
    assert sum(tenths) == round(card["total"] * 10)
    assert set(card["criteria"][0]) >= {"key", "answer", "rule_points", "model_points", "points", "max", "reason"}
    assert open_shell.json("score", "replay", "--all") == REPLAYED | {"replayed": 114, "identical": 114}


def test_models_say_why_there_is_none_yet(open_shell: Shell) -> None:
    refused = open_shell.json("model", "train", code=1)
    assert (refused["error"], "0" in refused["message"]) == ("model_refused", True)
    assert open_shell.json("model", "gate", code=1)["error"] == "not_found"
    assert open_shell.json("model", "gate", "2026-01-01.1", code=1)["error"] == "not_found"
    assert open_shell.json("model", "activate", "2026-01-01.1", "--by", "a@example.org", code=1)["error"] == "not_found"
    assert open_shell.json("model", "rollback", "--reason", "시험", code=1)["error"] == "model_refused"
    assert open_shell.run("model", "gate", "2026-01-01.1", "--explain", "group:region").exit_code == 2


def test_a_model_is_trained_judged_activated_by_two_people_and_taken_back(open_shell: Shell, db: Database) -> None:
    now = datetime.now(UTC)  # the commands read the clock themselves
    open_shell.json("applications", "import", str(EXAMPLES / "applications.csv"), "--call", "AX-2026-1", code=3)
    open_shell.json("score", "--call", "AX-2026-1")
    file_reviews(db, rate(db, now + timedelta(days=1)), now)
    trained = open_shell.json("model", "train")
    assert set(trained) == {"version", "method", "sha256", "labels", "smaller", "metrics"}
    version = trained["version"]
    for night in range(30, 1, -1):
        open_shell.json("jobs", "run", "shadow-scores", "--at", (now - timedelta(days=night)).isoformat())
    verdict = open_shell.json("model", "gate")
    assert (verdict["version"], verdict["verdict"], verdict["passed"]) == (version, "passed", True)
    assert all({"key", "passed", "value", "wanted", "reason", "reason_en"} == set(one) for one in verdict["checks"])
    for name in ("one", "two"):
        address = f"{name}@example.org"
        open_shell.json("user", "create", address, "--role", "analyst", given="a long enough sentence\n" * 2)
    one, two = ["--by", "one@example.org"], ["--by", "two@example.org"]
    steps = [[*one, "--reason", "더 낫습니다."], one, two]
    answers = [open_shell.run("model", "activate", version, *step, "--json") for step in steps]
    assert [(answer.exit_code, json.loads(answer.stdout).get("state")) for answer in answers] == [
        (0, "proposed"), (1, None), (0, "active"),
    ]  # fmt: skip
    assert open_shell.json("score", "--call", "AX-2026-1")["model"] == version
    assert open_shell.json("score", "replay", "--all") == REPLAYED | {"replayed": 228, "identical": 228}
    assert open_shell.json("model", "rollback", "--reason", "되돌립니다.") == {"version": None, "number": 2}


def test_an_unknown_application_is_not_found(open_shell: Shell) -> None:
    result = open_shell.run("score", "show", "AX-2026-1-9999")
    assert result.exit_code == 1


def test_what_later_versions_bring_says_so(shell: Shell) -> None:
    for command in (["backup", "x"], ["restore", "x"]):
        result = shell.run(*command)
        assert (result.exit_code, "not in this version yet" in result.stderr) == (1, True)


def test_a_job_runs_once_for_its_period(shell: Shell) -> None:
    command = ["jobs", "run", "expire-holds", "--at", "2026-10-01T00:10:00+09:00"]
    first, second = shell.json(*command), shell.json(*command)
    assert (first["run_key"], first["ran"], second["ran"]) == ("expire-holds:2026-10-01", True, False)


def test_real_listed_companies_are_imported_in_any_encoding_and_scored(open_shell: Shell, tmp_path: Path) -> None:
    source = REAL / "scoring" / "krx_products_2021.csv"
    if not source.exists():
        pytest.skip("needs ../shared/data/scoring/krx_products_2021.csv")
    mapping = ["--call", "AX-2026-1", "--mapping", str(EXAMPLES / "mappings" / "krx.toml")]
    first = open_shell.json("applications", "import", str(source), *mapping)
    assert (first["read"], first["created"], first["rejected"]) == (2391, 2391, [])
    other = tmp_path / "cp949.csv"
    other.write_bytes(source.read_text(encoding="utf-8-sig").encode("cp949"))
    second = open_shell.json("applications", "import", str(other), *mapping)
    assert (second["unchanged"], second["created"], second["updated"]) == (2391, 0, 0)
    assert open_shell.json("score", "--call", "AX-2026-1")["scored"] == 2391


def test_a_real_usage_export_without_gpu_machines_posts_nothing(shell: Shell) -> None:
    source = REAL / "focus" / "focus-1.0-sample" / "focus_sample.csv"
    if not source.exists():
        pytest.skip("needs ../shared/data/focus/focus-1.0-sample/focus_sample.csv")
    answer = shell.json("usage", "import", str(source))
    assert (answer["rows"], answer["usage_rows"], answer["posted"], answer["rejected"]) == (1000, 0, 0, [])
    assert answer["gpu_hours"] == {}


def test_a_usage_import_names_the_bills_it_did_not_lower_and_the_accounts_left_out(
    open_shell: Shell, tmp_path: Path
) -> None:
    head = (
        "ChargeCategory,ChargePeriodStart,ChargePeriodEnd,BillingPeriodStart,"
        "ConsumedQuantity,ConsumedUnit,ResourceType,SubAccountId\n"
    )
    day = "Usage,2026-08-03T00:00:00Z,2026-08-04T00:00:00Z,2026-08-01T00:00:00Z"
    machine = "Hours,Standard_NC40ads_H100_v5"
    first, again = tmp_path / "first.csv", tmp_path / "again.csv"
    first.write_text(f"{head}{day},10,{machine},one\n{day},4,{machine},two\n", encoding="utf-8")
    again.write_text(f"{head}{day},oops,{machine},one\n{day},1,{machine},one\n", encoding="utf-8")
    whole = open_shell.json("usage", "import", str(first))
    assert (whole["held_back"], whole["missing_scopes"]) == ([], [])
    partly = open_shell.json("usage", "import", str(again), code=3)
    assert (partly["posted"], partly["held_back"], partly["missing_scopes"]) == (0, ["one 2026-08"], ["two"])


def test_a_pool_takes_contributions_and_shows_them(shell: Shell) -> None:
    command = ["pool", "add", "--sku", "H100", "--region", "koreacentral", "--quarter", "2026Q1", "--hours", "1000"]
    unfounded = shell.run(*command, "--rate-krw", "5200")
    assert unfounded.exit_code == 1


def test_an_index_with_a_gap_is_refused_whole_and_says_where(open_shell: Shell, db: Database, tmp_path: Path) -> None:
    file = tmp_path / "kospi.csv"
    file.write_text("date,close\n2026-07-10,2500\n2026-07-24,2510\n2026-08-08,2520\n", encoding="utf-8")
    refused = open_shell.run("index", "load", str(file), "--name", "KOSPI", "--source", "KRX")
    assert refused.exit_code == 1
    assert "4행: 2026-07-24 다음 15일이 비어 있습니다" in refused.output
    with db.read() as session:
        assert session.scalars(select(MarketIndex)).all() == []


@pytest.fixture(scope="module")
def fund(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A copy of the demonstration."""
    home = tmp_path_factory.mktemp("cli") / "home"
    shutil.copytree(demonstration.home, home)
    return Shell(home)


class TestOnTheDemonstration:
    """What needs a fund with a history."""

    def test_beancount_agrees_with_every_balance(self, fund: Shell, tmp_path: Path) -> None:
        out = tmp_path / "fund.beancount"
        fund.json("ledger", "export", "--out", str(out))
        entries, errors, _options = loader.load_file(str(out))
        assert errors == []
        theirs: dict[tuple[str, str], Any] = {}
        for account, node in _leaves(realize(entries)):
            for position in node.balance:
                theirs[account, position.units.currency] = position.units.number
        ours = {}
        for row in fund.json("ledger", "balance")["balances"]:
            if D(row["amount"]) != 0:
                ours[beancount_account(row["account"]), beancount_commodity(row["commodity"])] = D(row["amount"])
        assert theirs == ours

    @pytest.mark.parametrize("suffix", ["csv", "parquet"])
    def test_the_ledger_exports_every_transfer(self, fund: Shell, tmp_path: Path, suffix: str) -> None:
        written = fund.json("ledger", "export", "--out", str(tmp_path / f"ledger.{suffix}"))
        assert written["rows"] == fund.json("ledger", "verify")["transfers"]

    def test_balances_as_of_a_day_before_the_fund_are_zero(self, fund: Shell) -> None:
        rows = fund.json("ledger", "balance", "--as-of", "2025-12-31")["balances"]
        assert {D(row["amount"]) for row in rows} == {D(0)}

    def test_recognition_changes_once_from_an_open_quarter_on_and_says_why_it_will_not(self, fund: Shell) -> None:
        asked = ["recognition", "at_grant", "--from", "2099Q1", "--reason", "협약을 고침"]
        assert fund.json(*asked) == {"change": 1, "policy": "at_grant", "from_quarter": "2099Q1"}
        for wrong, said, code in (
            (asked, "이미 쓰는 방식", 1),
            ([*asked[:3], "2026Q3", *asked[4:]], "확정하거나 마감한 분기", 1),
            ([*asked[:3], "soon", *asked[4:]], "--from", 2),
        ):
            result = fund.run(*wrong)
            assert (result.exit_code, said in result.stderr) == (code, True), result.output

    def test_a_plan_names_awards_prices_and_baselines(self, fund: Shell, tmp_path: Path) -> None:
        plan = fund.json("plan", "--call", "AX-2026-1", "--out", str(tmp_path / "plan.json"))
        assert set(plan) >= {"objective", "bound", "gap", "seconds", "instance_sha256", "awards", "prices", "baseline"}
        assert set(plan["baseline"]) == {"greedy", "minimum_first"}
        assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8")) == plan

    def test_more_hours_can_be_contributed_at_the_known_rate(self, fund: Shell) -> None:
        added = fund.json(
            "pool", "add", "--sku", "h100", "--region", "koreacentral", "--quarter", "2027Q2", "--hours", "1000.5"
        )
        assert (added["pool"], added["hours"]) == ("pool:microsoft:h100:koreacentral:2027Q2", "1000.5000")

    def test_the_same_usage_again_posts_nothing(self, fund: Shell) -> None:
        answer = fund.json("usage", "import", str(EXAMPLES / "usage" / "2026-09.csv"))
        assert (answer["posted"], answer["unchanged"] > 0) == (0, True)

    def test_a_report_is_rebuilt_from_its_frozen_inputs(
        self, fund: Shell, demonstration: Demonstration, tmp_path: Path
    ) -> None:
        built = fund.json("report", "2026Q3", "--out", str(tmp_path))
        assert (built["quarter"], built["version"]) == ("2026Q3", 1)
        assert built["inputs_sha256"] == demonstration.summary["report"]["inputs_sha256"]
        assert Path(built["files"]["json"]).read_bytes() == Path(demonstration.summary["report"]["json"]).read_bytes()
        assert Path(built["files"]["pdf"]).read_bytes()[:5] == b"%PDF-"

    def test_a_quarter_that_was_never_frozen_is_not_found(self, fund: Shell, tmp_path: Path) -> None:
        assert fund.run("report", "2025Q1", "--out", str(tmp_path)).exit_code == 1
        assert fund.run("report", "2025X1", "--out", str(tmp_path)).exit_code == 2

    def test_the_audit_chain_is_checked_against_a_checkpoint(self, fund: Shell, tmp_path: Path) -> None:
        head = fund.json("audit", "verify")
        mark = tmp_path / "checkpoint.json"
        mark.write_text(json.dumps({"events": head["events"], "head": head["head"]}), encoding="utf-8")
        assert fund.json("audit", "verify", "--checkpoint", str(mark))["ok"]
        mark.write_text(json.dumps({"events": head["events"] + 5, "head": "0" * 64}), encoding="utf-8")
        assert fund.json("audit", "verify", "--checkpoint", str(mark), code=1)["first_bad"] == head["events"] + 1


def _leaves(node: RealAccount) -> list[tuple[str, RealAccount]]:
    found = [(node.account, node)] if node.account else []
    for child in node.values():
        found += _leaves(child)
    return found


def test_help_names_every_command_in_its_own_words_and_loads_none_of_them() -> None:
    asked = "import sys; from fundapp.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    shown, loaded = said[: said.rindex("\n", 0, -1)], set(said.splitlines()[-1].split())
    assert not loaded & {"sqlalchemy", "flask", "polars", "scipy", "fundapp.core.sessions"}
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        assert f"{name} {command.get_short_help_str(1000)}" in " ".join(shown.split())


def test_an_unknown_command_is_named(shell: Shell) -> None:
    refused = shell.run("dance")
    assert (refused.exit_code, "No such command 'dance'" in refused.output) == (2, True)
