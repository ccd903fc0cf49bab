from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from running import Demonstration

RUN = Path(__file__).parents[2] / "bench" / "run.py"
LOANS = RUN.parents[2] / "shared" / "data" / "scoring" / "sba_case_ca_2101.csv"
"""Public loans that are no part of the product; without them beside the checkout, training is not measured."""
FIELDS = {
    "what",
    "store",
    "n",
    "median",
    "unit",
    "against",
    "floor",
    "ratio",
    "spread",
    "samples",
    "floor_samples",
}


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run keeps its databases; also proves that it leaves nothing there."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def done(
    demonstration: Demonstration, scratch: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str]:
    """The results of a quick run, and the table that it printed."""
    output = tmp_path_factory.mktemp("bench") / "results.json"
    command = [sys.executable, str(RUN), "--quick", "--instance", str(demonstration.home), "--output", str(output)]
    environment = os.environ | {"TMPDIR": str(scratch)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(output.read_text(encoding="utf-8")), ran.stdout


@pytest.fixture(scope="module")
def rows(done: tuple[dict[str, Any], str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done[0]["rows"]
    return found


def test_every_row_has_all_fields(rows: list[dict[str, Any]]) -> None:
    assert [set(row) for row in rows] == [FIELDS] * len(rows)


def test_every_part_of_the_product_is_measured_beside_its_floors(rows: list[dict[str, Any]]) -> None:
    assert [(row["what"], row["store"], row["unit"], row["against"]) for row in rows] == [
        ("import applications", "sqlite", "rows/s", "csv parse"),
        ("import applications", "postgresql", "rows/s", "csv parse"),
        ("score a call", "sqlite", "rows/s", "score in memory"),
        *(
            ("score a call again, stored and ranked", store, "s", f"the same rows, {way}")
            for store in ("sqlite", "postgresql")
            for way in ("SQLAlchemy core", "driver alone")
        ),
        ("score and explain, rules", "", "rows/s", "the same points in a bare loop"),
        ("score and explain, rules and model", "", "rows/s", "the same points in a bare loop"),
        ("score many again, no text", "", "s", "one after the other"),
        ("points of many applications", "", "rows/s", "NumPy look-up and sum"),
        *([("train, 5×2 folds, 50 refits", "", "s", "scikit-learn's fits alone")] if LOANS.exists() else []),
        ("post, one a commit", "sqlite", "rows/s", "driver alone, same statements"),
        ("post, one a commit", "sqlite", "rows/s", "driver alone, rows only"),
        ("post, one a commit", "sqlite", "rows/s", "bare commits"),
        ("post, 10 a commit", "sqlite", "rows/s", "driver alone, same statements"),
        ("post, 10 a commit", "sqlite", "rows/s", "driver alone, rows only"),
        ("post, one a commit", "postgresql", "rows/s", "driver alone, same statements"),
        ("post, one a commit", "postgresql", "rows/s", "driver alone, rows only"),
        ("post, one a commit", "postgresql", "rows/s", "bare commits"),
        ("post, 10 a commit", "postgresql", "rows/s", "driver alone, same statements"),
        ("post, 10 a commit", "postgresql", "rows/s", "driver alone, rows only"),
        ("balance of a pool on a day", "sqlite", "ms", "driver alone, snapshot query"),
        ("balance of a pool on a day", "sqlite", "ms", "driver alone, all its transfers"),
        ("what an account's page asks", "sqlite", "ms", "the same of 200 transfers"),
        ("check and balance the books", "sqlite", "s", "Beancount loading the export"),
        ("balance of a pool on a day", "postgresql", "ms", "driver alone, snapshot query"),
        ("balance of a pool on a day", "postgresql", "ms", "driver alone, all its transfers"),
        ("what an account's page asks", "postgresql", "ms", "the same of 200 transfers"),
        ("plan for 20 applicants", "", "s", "HiGHS on the same matrices"),
        ("worth of a plan for 20", "", "points", "greedy by score"),
        ("worth of a plan for 20", "", "points", "minimum first"),
        ("2 draws of scores for 20", "", "s", "one solve"),
        ("price of the quotas for 20", "", "s", "one solve"),
        ("why not us for 20", "", "s", "one solve"),
        ("smallest conflict for 20", "", "s", "one solve"),
        ("check a plan for 20", "", "ms", "adding up its hours"),
        *(
            (what, store, "ms", against)
            for store in ("sqlite", "postgresql")
            for what, against in (
                ("docket", "a bare page"),
                ("docket", "the same of 5"),
                ("docket, filtered and sorted", "a bare page"),
                ("docket, filtered and sorted", "the same of 5"),
                ("docket, searched", "the same of 5"),
                ("docket again", "a bare page"),
                ("docket again", "the same of 5"),
                ("file a review", "a bare insert"),
            )
        ),
        *(
            (what, store, "ms", "a bare route")
            for store in ("sqlite", "postgresql")
            for what in ("open the task list", "save while typing")
        ),
        ("build a quarterly report", "", "s", "typst compile"),
        ("build a large report", "", "s", "typst and XlsxWriter alone"),
        ("rates of return, 26 flows each", "", "s", "pyxirr alone, no guards"),
        ("partners' dashboard, 95th percentile", "sqlite", "ms", "a bare page, as many statements"),
        ("dashboard again, 95th percentile", "sqlite", "ms", "a bare page, as many statements"),
        ("import usage", "sqlite", "rows/s", "csv parse"),
        ("import a large export", "sqlite", "s", "polars reads"),
        ("import a large export", "sqlite", "s", "pyarrow reads"),
        ("import a large export", "sqlite", "s", "duckdb reads"),
        ("import a large export", "postgresql", "s", "polars reads"),
        ("import a large export", "postgresql", "s", "pyarrow reads"),
        ("import a large export", "postgresql", "s", "duckdb reads"),
        ("grant list", "sqlite", "ms", "/healthz"),
        ("grant list again", "sqlite", "ms", "/healthz"),
        ("grant page", "sqlite", "ms", "/healthz"),
        ("grant page again", "sqlite", "ms", "/healthz"),
        ("peak memory of that import", "sqlite", "MiB", "1 GiB"),
        ("a sending in a rush, 95th percentile", "postgresql", "ms", "the idle server's"),
    ]


def test_every_floor_is_above_zero(rows: list[dict[str, Any]]) -> None:
    assert [row["what"] for row in rows if row["floor"] <= 0] == []


def test_every_ratio_is_the_measured_value_over_its_floor(rows: list[dict[str, Any]]) -> None:
    assert [row["ratio"] for row in rows] == [row["median"] / row["floor"] for row in rows]


def test_values_are_the_middle_of_their_samples_in_the_unit_that_the_row_names(rows: list[dict[str, Any]]) -> None:
    def middle(samples: list[float]) -> float:
        ordered = sorted(samples)
        return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2

    for row in rows:
        for value, samples in ((row["median"], row["samples"]), (row["floor"], row["floor_samples"])):
            seconds = middle(samples)
            wanted = {"rows/s": row["n"] / seconds, "ms": seconds * 1000} | dict.fromkeys(
                ("s", "MiB", "points"), seconds
            )
            assert value == pytest.approx(wanted[row["unit"]], rel=1e-12)


def test_a_thing_and_its_floors_are_run_equally_often(rows: list[dict[str, Any]]) -> None:
    assert [len(row["samples"]) for row in rows] == [len(row["floor_samples"]) for row in rows]


def test_in_a_rush_before_a_deadline_every_sending_has_a_receipt_and_nothing_is_lost_or_doubled(
    rows: list[dict[str, Any]],
) -> None:
    """The run stops if the database lacks a receipt's words, holds a submission too many, or a page failed."""
    assert [row["n"] for row in rows if "rush" in row["what"]] == [12]


def test_the_table_names_everything_that_was_measured(done: tuple[dict[str, Any], str]) -> None:
    results, printed = done
    assert [row["what"] for row in results["rows"] if row["what"] not in printed] == []


def test_a_quick_run_says_that_it_was_quick(done: tuple[dict[str, Any], str]) -> None:
    assert done[0]["quick"] is True


def test_nothing_is_left_behind(done: tuple[dict[str, Any], str], scratch: Path) -> None:
    assert done[0]["rows"]
    assert list(scratch.iterdir()) == []
