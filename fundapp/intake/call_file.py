"""Reading a call file: TOML, with the form and the eligibility check beside it merged in."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from fundapp.core.errors import InputFileError

_MOST_BYTES = 2_000_000
_BESIDE = ("form", "check_file")


@dataclass(frozen=True, slots=True)
class CallFile:
    """A call's document as JSON values, and the text that its hash is taken of."""

    document: dict[str, Any]
    text: str


def read_call_file(path: Path) -> CallFile:
    """Read a call and, where it says `form = "name.toml"` or `check_file = "name.toml"`, those in the same folder.

    What the call says itself wins over the files beside it.

    Raises:
        InputFileError: if a file is absent, too large, no UTF-8 or no TOML, or one of them lies in another folder.
    """
    text, document = _read(path)
    for key in _BESIDE:
        name = document.get(key)
        if not isinstance(name, str):
            continue
        if Path(name).name != name:
            raise InputFileError(
                reason_ko=f"양식 파일은 공모 파일과 같은 폴더에 있어야 합니다: {name}",
                reason_en=f"the form file must lie in the call file's folder: {name}",
            )
        more_text, more = _read(path.with_name(name))
        document = more | document
        text = f"{text}\n{more_text}"
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
