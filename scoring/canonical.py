"""One spelling for each document, so that equal documents have equal hashes."""

import hashlib
import json
from collections.abc import Mapping, Sequence

# Made once: `json.dumps` makes one for each call.
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


def canonical_json(document: Json) -> str:
    """Write a document with sorted keys, no spaces and unescaped Korean.

    Args:
        document: Plain JSON values; not-a-number and infinity are refused.

    Returns:
        The single canonical text of the document.

    Raises:
        ValueError: If a number is not finite.
    """
    return _ENCODER.encode(document)


def sha256_of(document: Json) -> str:
    """Hash a document's canonical JSON in UTF-8.

    Returns:
        64 lower-case hexadecimal digits.
    """
    return sha256_of_text(canonical_json(document))


def sha256_of_text(text: str) -> str:
    """Hash a text in UTF-8; of a canonical text it is the document's hash."""
    return sha256_of_bytes(text.encode("utf-8"))


def sha256_of_bytes(written: bytes) -> str:
    """Hash what is in UTF-8 already."""
    return hashlib.sha256(written).hexdigest()
