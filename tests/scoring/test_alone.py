from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scoring import FactError, Facts, LearnError, RowError, explain, score, train
from scoring.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "scoring.md"
EXAMPLES = ROOT / "examples" / "applications.csv"


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "azure_ready": ["운영", "planned", None],
            "데이터 국내 보관": ["예", "아니오", "모름"],
            "pilot_customers": [3, np.nan, 0],
            "workload_sheet": [True, False, None],
            "company_name": ["가", "나", "다"],
        },
        index=["A-1", "A-2", "A-3"],
    )


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_a_frame_is_scored_row_by_row_under_its_own_index() -> None:
    found = score(frame())
    assert list(found.index) == ["A-1", "A-2", "A-3"]
    one = score(
        Facts.from_answers(
            {"azure_ready": "running", "data_in_korea": "yes", "pilot_customers": 3, "workload_sheet": True}
        )
    )
    assert found.loc["A-1", "total"] == float(one.total)
    assert found.loc["A-1", "inputs_sha256"] == one.inputs_sha256
    assert found.loc["A-3", "total"] == 0.0
    assert found["model"].isna().all()


def test_an_explained_frame_adds_up_to_the_score() -> None:
    told = explain(frame())
    sums = (told["points"] * 10).round().groupby(level="application").sum()
    assert (sums == (score(frame())["total"] * 10).round()).all()
    assert told.loc[("A-1", "spc_fit"), "answer"] == "Azure 준비도: 운영 · 데이터 국내 보관: 예"


def test_a_scorecard_is_told_in_korean_and_english_lines() -> None:
    card = score(Facts.from_answers({"azure_ready": "running"}))
    assert explain(card).startswith("적합도 6.0/100 (응답률 6%, 가능 범위 6.0~100.0)")
    assert card.lines("en")[0] == "Fit 6.0/100 (answered 6%, possible 6.0 to 100.0)"
    assert any(line.startswith("What would add most: Korean model") for line in card.lines("en"))


def labelled(count: int = 120) -> pd.DataFrame:
    dice = np.random.default_rng(3)
    made = pd.DataFrame(
        {
            "azure_ready": dice.choice(["none", "planned", "partial", "running"], count),
            "korean_model": dice.choice(["none", "foreign", "open", "midm_or_sota"], count),
            "delivered_projects": dice.integers(0, 6, count),
            "size": dice.choice(["소기업", "중기업"], count),
            "decided": pd.date_range("2024-01-01", periods=count),
        }
    )
    made["fit"] = (dice.random(count) < 1 / (1 + np.exp(-(made["delivered_projects"] - 2.5)))).astype(int)
    return made


def test_a_model_learned_from_a_frame_scores_a_frame() -> None:
    rows = labelled()
    rows.loc[0, "fit"] = np.nan
    model = train(rows, "fit", groups=["size"], time="decided", version="f")
    assert model.training["rows"] == 119
    assert model.training["groups"] == {"size": rows["size"][1:].value_counts().sort_index().to_dict()}
    found = score(rows.drop(columns=["fit", "size", "decided"]), model=model)
    assert found["probability"].between(0, 1).all()
    assert (found["interval_low"] <= found["interval_high"]).all()
    assert (found["model"] == "f").all()


def test_a_frame_without_its_label_column_is_refused() -> None:
    with pytest.raises(LearnError) as caught:
        train(labelled(), "fits")
    assert caught.value.place == "fits"


@pytest.mark.parametrize(
    ("column", "cell", "row"),
    [("pilot_customers", np.inf, 2), ("pilot_customers", -1, 2), ("azure_ready", "soon", 2), ("workload_sheet", 3, 2)],
)
def test_a_cell_that_cannot_be_read_is_refused_by_row_and_field(column: str, cell: object, row: int) -> None:
    bad = frame().astype(object)
    bad.iloc[row - 1, bad.columns.get_loc(column)] = cell  # type: ignore[index]
    with pytest.raises(RowError) as caught:
        score(bad)
    assert (caught.value.row, caught.value.field) == (row, column)
    assert caught.value.message_ko.startswith(f"{row}행, ")
    assert caught.value.message_en.startswith(f"row {row}, ")


def test_a_column_that_nobody_knows_is_refused_with_what_was_meant() -> None:
    with pytest.raises(RowError, match="Did you mean 'azure_ready'"):
        score(frame().rename(columns={"azure_ready": "azure_redy"}))
    with pytest.raises(RowError, match="two columns are azure_ready"):
        score(frame().assign(**{"Azure 준비도": "운영"}))
    assert len(score(frame().rename(columns={"azure_ready": "memo"}), keep=["memo"])) == 3


def test_facts_alone_still_refuse_infinity() -> None:
    with pytest.raises(FactError):
        Facts.from_answers({"employees": float("inf")})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_a_csv_goes_in_and_a_scored_csv_comes_out(tmp_path: Path, encoding: str) -> None:
    source = write(tmp_path / "in.csv", "번호,azure_ready,데이터 국내 보관\nA-1,운영,예\nA-2,,\n", encoding)
    target = tmp_path / "out.csv"
    assert main([str(source), "--out", str(target), "--keep", "번호"]) == 0
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8-sig"))))
    assert [(row["번호"], row["total"], row["spc_fit"]) for row in rows] == [
        ("A-1", "10.0", "10.0"),
        ("A-2", "0.0", "0.0"),
    ]


def test_refused_rows_are_named_and_the_rest_is_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path / "in.csv", "azure_ready,requested_krw\n운영,100\n운영,5억쯤\n")
    target = tmp_path / "out.csv"
    assert main([str(source), "--out", str(target), "--json"]) == 3
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["read"], document["scored"]) == (2, 1)
    assert [(one["row"], one["field"]) for one in document["rejected"]] == [(2, "requested_krw")]
    assert printed.err.startswith("row 2, Cash requested (requested_krw): cannot read '5억쯤'")


def test_a_formula_is_written_as_text(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", "메모,azure_ready\n=1+1,운영\n")
    target = tmp_path / "out.csv"
    assert main([str(source), "--out", str(target), "--keep", "메모"]) == 0
    assert "'=1+1" in target.read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("text", "arguments", "code", "said"),
    [
        ("azure_redy\n운영\n", [], 2, "Did you mean 'azure_ready'"),
        ("azure_ready\n운영\n", ["--keep", "memo"], 2, "there is no such column"),
        ("azure_ready\n운영\n", ["--json"], 2, "--json needs --out"),
        ("azure_ready\n운영,예\n", [], 2, "row 1: it has another number of cells"),
        ("azure_ready,azure_ready\n운영,예\n", [], 2, "each once"),
        ("", [], 2, "must name the columns"),
        ('azure_ready\n"운영\n', [], 2, "line"),
    ],
)
def test_wrong_usage_is_answered_with_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, arguments: list[str], code: int, said: str
) -> None:
    assert main([str(write(tmp_path / "in.csv", text)), *arguments]) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('field = "azure_ready"', 'field = "azure_redy"', "criterion spc_fit, rule 1, field azure_redy: no such field"),
        ('value = "planned"', "value = 3", "criterion spc_fit, rule 1, field azure_ready"),
        ("maximum = 25\n", "maximum = -25\n", "criterion spc_fit"),
        ("maximum = 25\n", "maximum = nan\n", "criterion spc_fit"),
        ("points = 6\n", "points = inf\n", "criterion spc_fit, rule 3"),
        ("korean_ai = [", 'korean_ai = [\n    "@korean_ai",', "korean_ai → korean_ai"),
        ("version = ", "# " + "가" * 10_000_000 + "\nversion = ", "too long"),
    ],
)
def test_a_rubric_that_is_none_is_refused_by_the_command_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    default = (ROOT / "scoring" / "rubrics" / "default.toml").read_text(encoding="utf-8")
    assert old in default
    rubric = write(tmp_path / "rubric.toml", default.replace(old, new, 1))
    rows, target = write(tmp_path / "in.csv", "azure_ready\n운영\n"), tmp_path / "out.csv"
    assert main([str(rows), "--rubric", str(rubric), "--out", str(target)]) == 2
    assert said in capsys.readouterr().err
    assert not target.exists()


def test_a_file_that_is_not_there_is_a_failure_and_not_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err
    broken = write(tmp_path / "model.json", "{")
    assert main([str(write(tmp_path / "in.csv", "azure_ready\n운영\n")), "--model", str(broken)]) == 2
    assert "not valid JSON" in capsys.readouterr().err


def test_the_module_runs_as_a_command_with_help(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "scoring", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "3 some rows refused" in ran.stdout


def test_the_examples_of_the_document_run_and_print_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    blocks = re.findall(
        r"```python\n(.*?)```(?:\n+prints\n+```\n(.*?)```)?", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL
    )
    assert len(blocks) == 2
    for source, printed in blocks:
        exec(compile(source, DOCUMENT.name, "exec"), scope)  # noqa: S102 - our own document
        assert capsys.readouterr().out == printed


def test_the_command_of_the_document_scores_the_examples(tmp_path: Path) -> None:
    command = re.search(r"^python -m scoring (.+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert command is not None
    arguments = command[1].replace("scored.csv", str(tmp_path / "scored.csv")).split()
    assert main([str(ROOT / arguments[0]), *arguments[1:]]) == 3
    rows = list(csv.DictReader(io.StringIO((tmp_path / "scored.csv").read_text(encoding="utf-8-sig"))))
    assert len(rows) == 119
    with EXAMPLES.open(encoding="utf-8-sig", newline="") as file:
        assert rows[0]["회사명"] == next(csv.DictReader(file))["회사명"]
