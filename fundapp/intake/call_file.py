"""Reading a call file: TOML, with the form beside it merged in."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from fundapp.core.errors import InputFileError

_MOST_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class CallFile:
    """A call's document as JSON values, and the text that its hash is taken of."""

    document: dict[str, Any]
    text: str


def read_call_file(path: Path) -> CallFile:
    """Read a call and, where it says `form = "name.toml"`, the form in the same folder.

    What the call says itself wins over the form file.

    Raises:
        InputFileError: if a file is absent, too large, no UTF-8 or no TOML, or the form lies in another folder.
    """
    text, document = _read(path)
    form = document.get("form")
    if isinstance(form, str):
        if Path(form).name != form:
            raise InputFileError(
                reason_ko=f"양식 파일은 공모 파일과 같은 폴더에 있어야 합니다: {form}",
                reason_en=f"the form file must lie in the call file's folder: {form}",
            )
        form_text, questions = _read(path.with_name(form))
        document = questions | document
        text = f"{text}\n{form_text}"
    return CallFile(_plain(document), text)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputFileError(reason_ko=f"너무 큽니다: {path.name}", reason_en=f"{path.name} is too large")
        text = path.read_text(encoding="utf-8-sig")
        return text, tomllib.loads(text)
    except OSError as error:
        raise InputFileError(
            reason_ko=f"열 수 없습니다: {path.name}", reason_en=f"cannot open {path.name}: {error.strerror}"
        ) from error
    except UnicodeDecodeError as error:
        raise InputFileError(
            reason_ko=f"UTF-8이 아닙니다: {path.name}", reason_en=f"{path.name} is not UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InputFileError(
            reason_ko=f"TOML 문법에 맞지 않습니다: {path.name}: {error}", reason_en=f"{path.name}: {error}"
        ) from error


def _plain(value: Any) -> Any:  # noqa: ANN401 - TOML in, JSON out
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value
