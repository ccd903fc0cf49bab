"""The files store: bytes kept by the hash of what they say, in a folder or wherever an fsspec URL points."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable

import fsspec

from fundapp.core.errors import NotFoundError


def stored_path(files_url: str, folder: str, sha256: str) -> str:
    """Return where the store keeps something: by a hash, so that nothing is overwritten."""
    return f"{files_url.rstrip('/')}/{folder}/{sha256[:2]}/{sha256}"


def keep_bytes(files_url: str, folder: str, content: bytes) -> str:
    """Keep bytes and return their SHA-256; what is there already is left alone.

    Written aside and moved, so that a name by hash never stands for half of the bytes.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    _write(stored_path(files_url, folder, sha256), content)
    return sha256


def made_once(files_url: str, folder: str, name: str, make: Callable[[], bytes]) -> bytes:
    """Return what was made under a name before, or make and keep it: for what can be made again, such as pictures.

    Args:
        files_url: The store.
        folder: Where in it.
        name: All that the result depends on.
        make: Makes it.
    """
    place = stored_path(files_url, folder, hashlib.sha256(name.encode()).hexdigest())
    filesystem, path = fsspec.core.url_to_fs(place)
    try:
        found: bytes = filesystem.cat_file(path)
    except FileNotFoundError:
        found = make()
        _write(place, found)
    return found


def _write(place: str, content: bytes) -> None:
    filesystem, path = fsspec.core.url_to_fs(place)
    if filesystem.exists(path):
        return
    filesystem.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
    aside = f"{path}.{uuid.uuid4().hex}"
    filesystem.pipe_file(aside, content)
    filesystem.mv(aside, path)


def read_bytes(files_url: str, folder: str, sha256: str) -> bytes:
    """Return kept bytes.

    Raises:
        NotFoundError: if they are gone, or are not what their hash says.
    """
    filesystem, place = fsspec.core.url_to_fs(stored_path(files_url, folder, sha256))
    try:
        content: bytes = filesystem.cat_file(place)
    except FileNotFoundError:
        raise NotFoundError from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise NotFoundError
    return content
