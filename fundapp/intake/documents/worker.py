"""The process that opens what strangers send: none of our secrets in its environment, bounded in time and memory.

`python -m fundapp.intake.documents.worker` loads the libraries once. Over the socket on its standard input it is handed
one end of a pair of sockets for each file; a fork of it, which opens nothing else, reads a folder's name there, then
`given` and `task.json` in that folder, writes `found.json`, and `made` where there is something to keep, and answers
with one byte. It ends when that socket closes.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, Final

from fundapp.intake.documents.content import LONGEST_SECONDS, ContentRefusedError
from fundapp.intake.documents.inside import look_inside
from fundapp.intake.documents.pictures import draw_page

_MEMORY_BYTES: Final = 2 * 1024**3
_CPU_SECONDS: Final = 20
_MADE_BYTES: Final = 256 * 1024**2
_LONGEST_PATH: Final = 4096


def main() -> None:
    """Fork for each file, until whoever started this is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    gc.freeze()
    with socket.socket(fileno=sys.stdin.fileno()) as asked:
        while True:
            said, ends, _, _ = socket.recv_fds(asked, 1, 1)
            if not said:
                return
            if ends:
                with socket.socket(fileno=ends[0]) as line:
                    _fork(asked, line)


def _fork(asked: socket.socket, line: socket.socket) -> None:
    try:
        child = os.fork()
    except OSError:
        return  # no room for another process now: the line closes, and this file alone is not opened
    if child == 0:
        asked.close()  # or nobody would see that this process's parent is gone while the fork lives
        _open_one(line)


def _open_one(line: socket.socket) -> None:
    """Do one task and end the process, whatever happens."""
    try:
        signal.alarm(LONGEST_SECONDS)
        name = line.recv(_LONGEST_PATH).decode()
        if not name:
            return  # whoever asked is gone
        folder = Path(name)
        with (folder / "said").open("wb") as said:
            os.dup2(said.fileno(), sys.stderr.fileno())
        for limit, value in (
            (resource.RLIMIT_AS, _MEMORY_BYTES),
            (resource.RLIMIT_CPU, _CPU_SECONDS),
            (resource.RLIMIT_FSIZE, _MADE_BYTES),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(limit, (value, value))
        work(folder)
        line.sendall(b"1")
    except BaseException:  # noqa: BLE001 - a fork that went on would wait for files beside its parent
        traceback.print_exc()
    finally:
        os._exit(0)


def work(folder: Path) -> None:
    """Do the task that lies in a folder."""
    content = (folder / "given").read_bytes()
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    try:
        found = _examine(content, folder) if task["verb"] == "examine" else _draw(content, folder, task)
    except ContentRefusedError as refusal:
        found = {"refused": refusal.code}
    except MemoryError:
        found = {"refused": "bomb"}
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


def _examine(content: bytes, folder: Path) -> dict[str, Any]:
    inside = look_inside(content)
    if inside.cleaned is not None:
        (folder / "made").write_bytes(inside.cleaned)
    return {"format": inside.format, "pages": inside.pages, "text": inside.text, "beside": inside.beside}


def _draw(content: bytes, folder: Path, task: dict[str, Any]) -> dict[str, Any]:
    (folder / "made").write_bytes(draw_page(content, task["page"], task["width"], task["masked"]))
    return {}


if __name__ == "__main__":
    main()
