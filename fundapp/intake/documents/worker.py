"""The process that opens what strangers send: none of our secrets in its environment, bounded in time and memory.

`python -m fundapp.intake.documents.worker examine|draw FOLDER` reads `given` and `task.json` in the folder and writes
`found.json`, and `made` where there is something to keep.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any, Final

from fundapp.intake.documents.inside import ContentRefusedError, look_inside
from fundapp.intake.documents.pictures import draw_page

_MEMORY_BYTES: Final = 2 * 1024**3
_CPU_SECONDS: Final = 20
_MADE_BYTES: Final = 256 * 1024**2


def main() -> None:
    """Do what the command line says."""
    verb, folder = sys.argv[1], Path(sys.argv[2])
    for limit, value in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_FSIZE, _MADE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    content = (folder / "given").read_bytes()
    try:
        found = _examine(content, folder) if verb == "examine" else _draw(content, folder)
    except ContentRefusedError as refusal:
        found = {"refused": refusal.code}
    except MemoryError:
        found = {"refused": "bomb"}
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")


def _examine(content: bytes, folder: Path) -> dict[str, Any]:
    inside = look_inside(content)
    if inside.cleaned is not None:
        (folder / "made").write_bytes(inside.cleaned)
    return {"format": inside.format, "pages": inside.pages, "text": inside.text}


def _draw(content: bytes, folder: Path) -> dict[str, Any]:
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    (folder / "made").write_bytes(draw_page(content, task["page"], task["width"], task["masked"]))
    return {}


if __name__ == "__main__":
    main()
