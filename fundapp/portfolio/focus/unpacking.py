"""Compressed files laid out plain for as long as they are read, within a limit."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .refusals import FocusFileError

LARGEST_PLAIN: Final = 8 << 30
"""Bytes that a compressed file may unfold to. A real export shrinks to a tenth or less; what shrinks to a thousandth is
made to fill a disk."""
_BLOCK: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"


@contextmanager
def unpacked(path: Path, *, most: int = LARGEST_PLAIN) -> Iterator[Path]:
    """Yield a file as it is, or a temporary file with the content of a gzipped one, whatever its name.

    Args:
        path: A file.
        most: Bytes beyond which a gzipped one is refused; no more than that is written.

    Raises:
        FocusFileError: if it unfolds to more.
        EOFError, OSError, zlib.error: if it is cut off or broken.
    """
    with path.open("rb") as stream:
        packed = stream.read(len(_GZIP)) == _GZIP
    if not packed:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="fund-usage-") as folder:
        plain = Path(folder) / path.name.removesuffix(".gz")
        _unpack(path, plain, most)
        yield plain


def _unpack(path: Path, plain: Path, most: int) -> None:
    written = 0
    with gzip.open(path, "rb") as source, plain.open("wb") as target:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > most:
                limit = f"{most / (1 << 30):,.4g} GB"
                raise FocusFileError(
                    "too_long",
                    f"압축을 풀면 {limit}보다 커집니다. 한 달치씩 나누어 올리세요",
                    f"it unpacks to more than {limit}; take it in month by month",
                )
            target.write(block)
