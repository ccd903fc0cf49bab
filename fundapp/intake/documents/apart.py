"""Opening strangers' files in a process of its own, and what its answers mean."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fundapp.core.errors import InvalidInputError
from fundapp.intake.documents.kinds import Format
from fundapp.intake.rules import holds_resident_number

LONGEST_SECONDS = 40
_LAST_LINES = 300
_log = logging.getLogger(__name__)
REASONS: Mapping[str, tuple[str, str]] = {
    "empty": ("빈 파일입니다", "the file is empty"),
    "too_large": ("20MB를 넘습니다", "larger than 20 MB"),
    "unknown_format": (
        "PDF, PNG, JPEG, HWP, HWPX, DOCX, XLSX 가운데 어느 것도 아닙니다",
        "not a PDF, PNG, JPEG, HWP, HWPX, DOCX or XLSX file",
    ),
    "other_format": ("이 서류에 받지 않는 형식입니다", "this format is not taken for this document"),
    "old_office": (
        "예전 형식(DOC, XLS, PPT)입니다. DOCX, XLSX, PDF로 저장해 주세요",
        "an old format (DOC, XLS, PPT); save it as DOCX, XLSX or PDF",
    ),
    "damaged": ("파일이 손상되어 열 수 없습니다", "the file is damaged and cannot be opened"),
    "locked": ("암호가 걸려 있습니다. 암호를 풀고 올려 주세요", "it is protected by a password; remove it first"),
    "macro": ("매크로가 들어 있습니다. 매크로 없이 저장해 주세요", "it holds macros; save it without them"),
    "remote_template": ("바깥 서식을 불러오는 문서입니다", "it loads a template from elsewhere"),
    "bomb": ("펼치면 지나치게 커지는 파일입니다", "it unpacks to far too much"),
    "too_large_picture": ("그림이 너무 큽니다(5천만 화소까지)", "the picture is too large (50 million pixels at most)"),
    "too_many_pages": ("쪽수가 한도를 넘습니다", "it has more pages than are taken"),
    "resident_number": (
        "주민등록번호로 보이는 숫자가 있습니다. 가리고 다시 올려 주세요",
        "it holds what looks like a resident registration number; cover it and upload again",
    ),
    "infected": ("악성 코드가 발견되었습니다", "malware was found in it"),
    "unscanned": (
        "지금은 악성 코드 검사를 할 수 없어 받지 못합니다. 잠시 뒤 다시 올려 주세요",
        "it cannot be scanned for malware now, so it is not taken; try again later",
    ),
    "unreadable": ("안전하게 열 수 없는 파일입니다", "the file cannot be opened safely"),
    "no_such_page": ("그런 쪽이 없습니다", "there is no such page"),
    "cannot_mask": (
        "글자를 읽을 수 없어 이름을 가릴 수 없는 쪽입니다",
        "names cannot be hidden on a page without readable text",
    ),
}


class FileRefusedError(InvalidInputError):
    """A file is not taken, or a page of it cannot be shown; `reason` is a key of `REASONS`."""

    code = "file_refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        reason_ko, reason_en = REASONS[reason]
        super().__init__(field="file", reason=reason, reason_ko=reason_ko, reason_en=reason_en)


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that can be taken.

    Attributes:
        pages: None where the format does not say.
        text_read: Whether there was text to look through; a scan has none.
        cleaned: A copy without anything active; None for formats that cannot be cleaned.
    """

    format: Format
    pages: int | None
    text_read: bool
    cleaned: bytes | None


def examine(content: bytes, most_bytes: int) -> Examined:
    """Open a file and say what is in it.

    Raises:
        FileRefusedError: with the reason, a resident registration number in its text included.
    """
    if not content:
        raise FileRefusedError("empty")
    if len(content) > most_bytes:
        raise FileRefusedError("too_large")
    found, made = _apart("examine", content, {})
    if holds_resident_number(found["text"]):
        raise FileRefusedError("resident_number")
    return Examined(cast("Format", found["format"]), found["pages"], bool(found["text"].strip()), made)


def draw(content: bytes, page: int, width: int, masked: Sequence[str] = ()) -> bytes:
    """Return one page of a cleaned copy as PNG.

    Args:
        content: The cleaned copy.
        page: From 1.
        width: In pixels.
        masked: Words to paint over.

    Raises:
        FileRefusedError: if there is no such page, or names cannot be hidden on it.
    """
    _, made = _apart("draw", content, {"page": page, "width": width, "masked": list(masked)})
    if made is None:
        raise FileRefusedError("unreadable")
    return made


def _apart(verb: str, content: bytes, task: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    with tempfile.TemporaryDirectory(prefix="fund-document-") as name:
        folder = Path(name)
        (folder / "given").write_bytes(content)
        (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
        command = [sys.executable, "-m", "fundapp.intake.documents.worker", verb, name]
        try:
            subprocess.run(  # noqa: S603 - our own module, by our own interpreter
                command, env=_environment(), capture_output=True, timeout=LONGEST_SECONDS, check=True
            )
            found: dict[str, Any] = json.loads((folder / "found.json").read_text(encoding="utf-8"))
        except (subprocess.SubprocessError, OSError, ValueError) as error:
            # Killed for memory or time, or crashed: whatever it was, it is not taken. An operator can tell which.
            _log.warning("a file could not be opened: %s", _last_words(error))
            raise FileRefusedError("unreadable") from error
        if "refused" in found:
            raise FileRefusedError(found["refused"])
        made = folder / "made"
        return found, made.read_bytes() if made.exists() else None


def _last_words(error: Exception) -> str:
    said = error.stderr.decode(errors="replace") if isinstance(error, subprocess.CalledProcessError) else ""
    return f"{error} {said.strip()[-_LAST_LINES:]}"


def _environment() -> dict[str, str]:
    """Return what the process needs to find its modules, and nothing that is secret."""
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
