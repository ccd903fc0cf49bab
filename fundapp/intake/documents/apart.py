"""Opening strangers' files in a process of its own, and what its answers mean."""

from __future__ import annotations

import atexit
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fundapp.core.errors import InvalidInputError
from fundapp.intake.documents.content import LONGEST_SECONDS
from fundapp.intake.documents.kinds import Format
from fundapp.intake.rules import holds_resident_number

_STARTING_SECONDS = 20
_LAST_LINES = 300
_log = logging.getLogger(__name__)
REASONS: Mapping[str, tuple[str, str]] = {
    "empty": ("빈 파일입니다. 내용이 있는 파일을 골라 주세요", "the file is empty; choose one with something in it"),
    "too_large": (
        "20MB를 넘습니다. 그림을 줄이거나 여러 파일로 나누어 올려 주세요",
        "larger than 20 MB; make its pictures smaller or send it in parts",
    ),
    "unknown_format": (
        "PDF, PNG, JPEG, HWP, HWPX, DOCX, XLSX 가운데 어느 것도 아닙니다. 그중 하나로 저장해 올려 주세요",
        "not a PDF, PNG, JPEG, HWP, HWPX, DOCX or XLSX file; save it as one of these",
    ),
    "old_office": (
        "예전 형식(DOC, XLS, PPT)입니다. DOCX, XLSX, PDF로 저장해 주세요",
        "an old format (DOC, XLS, PPT); save it as DOCX, XLSX or PDF",
    ),
    "damaged": (
        "파일이 손상되어 열 수 없습니다. 원본 프로그램에서 다시 저장해 올려 주세요",
        "the file is damaged and cannot be opened; save it again with the programme that made it",
    ),
    "locked": ("암호가 걸려 있습니다. 암호를 풀고 올려 주세요", "it is protected by a password; remove it first"),
    "macro": ("매크로가 들어 있습니다. 매크로 없이 저장해 주세요", "it holds macros; save it without them"),
    "remote_template": (
        "바깥에서 서식이나 그림을 불러오는 문서입니다. PDF로 저장해 올려 주세요",
        "it loads a template or picture from elsewhere; save it as PDF",
    ),
    "embedded": (
        "다른 파일이 들어 있습니다. 빼고 저장하거나 PDF로 저장해 올려 주세요",
        "it holds another file; take it out, or save it as PDF",
    ),
    "bomb": (
        "펼치면 지나치게 커지는 파일입니다. PDF로 다시 저장해 올려 주세요",
        "it unpacks to far too much; save it again as PDF",
    ),
    "too_large_picture": (
        "그림이 너무 큽니다. 5천만 화소 이하로 줄여 올려 주세요",
        "the picture is too large; make it 50 million pixels at most",
    ),
    "too_many_pages": (
        "300쪽을 넘습니다. 줄이거나 나누어 올려 주세요",
        "it has more than 300 pages; shorten or divide it",
    ),
    "resident_number": (
        "주민등록번호로 보이는 숫자가 있습니다. 가리고 다시 올려 주세요",
        "it holds what looks like a resident registration number; cover it and upload again",
    ),
    "infected": (
        "악성 코드가 발견되었습니다. 컴퓨터를 검사하고 새로 만든 파일을 올려 주세요",
        "malware was found in it; check your computer and send a file made afresh",
    ),
    "unscanned": (
        "지금은 악성 코드 검사를 할 수 없어 받지 못합니다. 잠시 뒤 다시 올려 주세요",
        "it cannot be scanned for malware now, so it is not taken; try again later",
    ),
    "unreadable": (
        "안전하게 열 수 없는 파일입니다. PDF로 다시 저장해 올려 주세요",
        "the file cannot be opened safely; save it again as PDF",
    ),
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
    if any(holds_resident_number(found[where]) for where in ("text", "beside")):
        raise FileRefusedError("resident_number")
    return Examined(cast("Format", found["format"]), found["pages"], bool(found["text"].strip()), made)


def draw(content: bytes, page: int, width: int, masked: Sequence[str] = ()) -> bytes:
    """Return one page of a cleaned copy as PNG.

    Args:
        content: The cleaned copy.
        page: From 1.
        width: In pixels.
        masked: Regular expressions for what is painted over.

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
        (folder / "task.json").write_text(json.dumps({"verb": verb, **task}), encoding="utf-8")
        try:
            done = _OPENER.ask(name)
            found: dict[str, Any] = json.loads((folder / "found.json").read_text(encoding="utf-8")) if done else {}
        except (OSError, ValueError) as error:
            raise FileRefusedError("unreadable") from error
        if not done:
            # Killed for memory or time, or crashed: whatever it was, it is not taken. An operator can tell which.
            _log.warning("a file could not be opened: %s", _last_words(folder / "said"))
            raise FileRefusedError("unreadable")
        if "refused" in found:
            raise FileRefusedError(found["refused"])
        made = folder / "made"
        return found, made.read_bytes() if made.exists() else None


class _Opener:
    """The process that has loaded the libraries and forks for each file: one for each of ours, started when needed."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        atexit.register(self._end)

    def ask(self, folder: str) -> bool:
        """Have the task in a folder done; return whether it came to an end of its own."""
        # A file that was handed to a process about to die was never opened: once more, to another one.
        done, line = self._ask(folder)
        return done or (self._is_gone(line) and self._ask(folder)[0])

    def _ask(self, folder: str) -> tuple[bool, socket.socket]:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                line = self._hand_over(theirs)
            ours.settimeout(LONGEST_SECONDS + _STARTING_SECONDS)
            try:
                ours.sendall(folder.encode())
                return ours.recv(1) == b"1", line
            except ConnectionError:
                return False, line  # the other end was closed before anybody read there

    def _is_gone(self, line: socket.socket) -> bool:
        """Return whether nobody listens at the other end of a line, which says nothing as long as it is open."""
        with self._gate:
            if line is not self._line:
                return True
            try:
                return line.recv(1, socket.MSG_DONTWAIT) == b""
            except BlockingIOError:
                return False
            except ConnectionError:
                return True

    def _hand_over(self, end: socket.socket) -> socket.socket:
        with self._gate:
            # What a fork of ours inherited is its parent's.
            if self._line is not None and self._owner == os.getpid():
                try:
                    socket.send_fds(self._line, [b"1"], [end.fileno()])
                except OSError:
                    self._end()  # it is gone; another one comes
                else:
                    return self._line
            line = self._start()
            socket.send_fds(line, [b"1"], [end.fileno()])
            return line

    def _start(self) -> socket.socket:
        self._line, theirs = socket.socketpair()
        self._owner = os.getpid()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fundapp.intake.documents.worker"],
                env=_environment(),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        return self._line

    def _end(self) -> None:
        if self._line is None or self._process is None or self._owner != os.getpid():
            return
        self._line.close()  # which it takes for its end
        try:
            self._process.wait(_STARTING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None


_OPENER = _Opener()


def _last_words(said: Path) -> str:
    words = said.read_bytes()[-_LAST_LINES:].decode(errors="replace").strip() if said.exists() else ""
    return " ".join(words.split())


def _environment() -> dict[str, str]:
    """Return what the process needs to find its modules, and nothing that is secret."""
    return {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
