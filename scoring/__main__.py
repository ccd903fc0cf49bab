"""`python -m scoring`: a CSV of applications in, the same applications scored out."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scoring.alone import result_row
from scoring.canonical import Json, canonical_json
from scoring.learning.model import Model
from scoring.learning.problems import LearnError
from scoring.learning.reading import load_model
from scoring.rows import RowError, match_columns, read_rows
from scoring.rubric import Rubric, RubricError
from scoring.rubric_file import default_rubric, load_rubric
from scoring.score import score_facts

OK, FAILED, WRONG_USAGE, SOME_REFUSED = 0, 1, 2, 3
_ENCODINGS = ("utf-8-sig", "cp949")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _WrongUsageError(Exception):
    """What was asked for cannot be done; the message says why."""


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m scoring",
        description="Score a CSV of applications by a rubric, and by a trained model if there is one.",
        epilog="Exit codes: 0 all scored, 1 failed, 2 wrong usage, 3 some rows refused and the rest scored.",
    )
    parser.add_argument("applications", type=Path, help="CSV in UTF-8 or CP949; columns by key or by label")
    parser.add_argument("--out", type=Path, help="where the scored CSV goes (default: standard output)")
    parser.add_argument("--rubric", type=Path, help="rubric in TOML (default: the one that ships)")
    parser.add_argument("--model", type=Path, help="trained model in JSON (default: rules alone)")
    parser.add_argument("--keep", action="append", default=[], metavar="COLUMN", help="copy a column that is no field")
    parser.add_argument("--ignore-unknown", action="store_true", help="leave out columns that no score knows")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output; needs --out")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Read, score, write; return the exit code."""
    asked = _arguments(given)
    if asked.json and asked.out is None:
        _tell("--json needs --out: standard output holds the JSON object")
        return WRONG_USAGE
    try:
        return _run(asked)
    except (_WrongUsageError, RowError, RubricError, LearnError) as error:
        _tell(getattr(error, "message_en", str(error)))
        return WRONG_USAGE
    except OSError as error:
        _tell(f"{error.filename}: {error.strerror}")
        return FAILED


def _run(asked: argparse.Namespace) -> int:
    rubric = default_rubric() if asked.rubric is None else load_rubric(asked.rubric)
    model = None if asked.model is None else load_model(asked.model)
    headers, rows = _read(asked.applications)
    for name in asked.keep:
        if name not in headers:
            raise _WrongUsageError(f"--keep {name}: there is no such column")
    columns = _columns(headers, asked.keep, ignore=asked.ignore_unknown)
    facts, refusals = read_rows(rows, columns)
    scored = [
        {"row": number, **{name: rows[number - 1][name] for name in asked.keep}, **_result(one, rubric, model)}
        for number, one in enumerate(facts, 1)
        if one is not None
    ]
    _write(asked.out, scored)
    for refusal in refusals:
        _tell(f"row {refusal.row}, {refusal.message_en}")
    if asked.json:
        document: dict[str, Json] = {
            "read": len(rows),
            "scored": len(scored),
            "rubric": rubric.version,
            "model": None if model is None else model.version,
            "rejected": [refusal.to_document() for refusal in refusals],
        }
        sys.stdout.write(canonical_json(document) + "\n")
    return SOME_REFUSED if refusals else OK


def _result(facts: Any, rubric: Rubric, model: Model | None) -> dict[str, Any]:  # noqa: ANN401 - checked by the caller
    card = score_facts(facts, rubric, model)
    told = {"lifts": card.lifts, "gaps": card.gaps}
    moves = {
        name: "; ".join(f"{move.text_ko} ({move.points_tenths / 10})" for move in found) for name, found in told.items()
    }
    return result_row(card) | moves


def _columns(headers: Sequence[str], keep: Sequence[str], *, ignore: bool) -> dict[str, str]:
    if not ignore:
        return match_columns(headers, keep=keep)
    found: dict[str, str] = {}
    for header in headers:
        try:
            found |= match_columns([header], keep=keep)
        except RowError:
            continue
    return found


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    raw = path.read_bytes()
    for encoding in _ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        raise _WrongUsageError(f"{path}: the file is neither UTF-8 nor CP949")
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise _WrongUsageError(f"{path}, line {reader.line_num}: {error}") from error
    headers = list(reader.fieldnames or [])
    if not headers or len(set(headers)) < len(headers):
        raise _WrongUsageError(f"{path}: the first line must name the columns, each once")
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise _WrongUsageError(f"{path}, row {number}: it has another number of cells than the first line")
    return headers, rows


def _safe(cell: object) -> object:
    # A spreadsheet would run such a text as a formula.
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _write(path: Path | None, rows: Sequence[dict[str, Any]]) -> None:
    buffer = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([{name: _safe(cell) for name, cell in row.items()} for row in rows])
    if path is None:
        sys.stdout.write(buffer.getvalue())
    else:
        path.write_text(buffer.getvalue(), encoding="utf-8-sig", newline="")


def _tell(message: str) -> None:
    sys.stderr.write(message + "\n")


if __name__ == "__main__":
    sys.exit(main())
