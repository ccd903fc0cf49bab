"""Taking a file in: looked through, scanned, kept by its hash. Nothing here touches the database."""

from __future__ import annotations

from dataclasses import dataclass

from fundapp.core.files import keep_bytes, made_once, read_bytes
from fundapp.core.orm import canonical_json
from fundapp.intake.documents.antivirus import SCANNER, scan
from fundapp.intake.documents.apart import FileRefusedError, draw, examine
from fundapp.intake.documents.kinds import MOST_BYTES, SEEN_AS_PICTURES, Format

STORED_IN = "documents"
DRAWN_IN = "pictures"
PAGE_WIDTH = 1100


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was taken in.

    Attributes:
        bytes: Its size as it came.
        cleaned_sha256: Of the copy without anything active; None where none can be made.
        scanned_by: Who looked for malware; None where no scanner is set up, which pages call unverified.
    """

    format: Format
    bytes: int
    pages: int | None
    sha256: str
    cleaned_sha256: str | None
    text_read: bool
    scanned_by: str | None


def receive(files_url: str, content: bytes, scanner: str | None) -> Received:
    """Look through a file and keep it. A file kept for a change that then fails stays in the store, unnamed.

    Args:
        files_url: The files store.
        content: The file.
        scanner: Address of clamd; None where there is none.

    Raises:
        FileRefusedError: with the reason.
    """
    found = examine(content, MOST_BYTES)
    if scanner is not None:
        scan(content, scanner)
    return Received(
        format=found.format,
        bytes=len(content),
        pages=found.pages,
        sha256=keep_bytes(files_url, STORED_IN, content),
        cleaned_sha256=None if found.cleaned is None else keep_bytes(files_url, STORED_IN, found.cleaned),
        text_read=found.text_read,
        scanned_by=SCANNER if scanner is not None else None,
    )


def page_picture(
    files_url: str, document_format: str, cleaned_sha256: str | None, page: int, masked: tuple[str, ...] = ()
) -> bytes:
    """Return a page of a kept document as PNG, from its cleaned copy.

    Raises:
        FileRefusedError: if it cannot be shown, or names cannot be hidden on it.
        NotFoundError: if the store lost the file.
    """
    if document_format not in SEEN_AS_PICTURES or cleaned_sha256 is None:
        raise FileRefusedError("no_such_page")

    def make() -> bytes:
        return draw(read_bytes(files_url, STORED_IN, cleaned_sha256), page, PAGE_WIDTH, masked)

    name = canonical_json([cleaned_sha256, page, PAGE_WIDTH, sorted(masked)])
    return made_once(files_url, DRAWN_IN, name, make)
