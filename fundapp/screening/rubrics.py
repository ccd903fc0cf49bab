"""Rubric files: the text that scored is kept, so that every scorecard can be replayed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from fundapp.core.errors import InputFileError
from scoring import Rubric, RubricError, parse_rubric


@dataclass(frozen=True, slots=True)
class LoadedRubric:
    """A rubric and the TOML text it was read from."""

    rubric: Rubric
    text: str


def load_rubric_file(path: Path | None = None) -> LoadedRubric:
    """Read a rubric file; without a path, the one that ships with the product.

    Raises:
        InputFileError: if it cannot be opened or is no rubric.
    """
    if path is None:
        packaged = resources.files("scoring").joinpath("rubrics/default.toml")
        return read_rubric(packaged.read_text(encoding="utf-8"))
    try:
        return read_rubric(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError(
            reason_ko=f"기준표를 열 수 없습니다: {path.name}", reason_en=f"{path.name}: {error}"
        ) from error


@cache
def read_rubric(text: str) -> LoadedRubric:
    """Check a rubric's text.

    Raises:
        InputFileError: if it is no rubric, saying where the fault lies.
    """
    try:
        return LoadedRubric(parse_rubric(text), text)
    except RubricError as error:
        raise InputFileError(reason_ko=error.message_ko, reason_en=error.message_en) from error
