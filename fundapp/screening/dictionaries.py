"""Text dictionaries: the text of each one that scored is kept, so that every scorecard can be replayed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.errors import InputFileError
from fundapp.screening.tables import TextDictionary
from scoring import Dictionary, DictionaryError, parse_dictionary


@dataclass(frozen=True, slots=True)
class LoadedDictionary:
    """A dictionary and the TOML text it was read from."""

    dictionary: Dictionary
    text: str


def load_dictionary_file() -> LoadedDictionary:
    """Read the dictionary that ships with the product: what is scored from now on is marked by it."""
    packaged = resources.files("scoring").joinpath("textual/dictionaries/default.toml")
    return read_dictionary(packaged.read_text(encoding="utf-8"))


@cache
def read_dictionary(text: str) -> LoadedDictionary:
    """Check a dictionary's text.

    Raises:
        InputFileError: if it is no dictionary, saying where the fault lies.
    """
    try:
        return LoadedDictionary(parse_dictionary(text), text)
    except DictionaryError as error:
        raise InputFileError(reason_ko=error.message_ko, reason_en=error.message_en) from error


def keep_dictionary(session: Session, loaded: LoadedDictionary, at: datetime) -> None:
    """Keep a dictionary's text unless it is kept already; whatever scored before stays beside it.

    Raises:
        InputFileError: if its version names other words already: two of one name could not be told apart.
    """
    made = loaded.dictionary
    if session.get(TextDictionary, made.sha256) is not None:
        return
    if session.scalar(select(TextDictionary.sha256).where(TextDictionary.version == made.version)) is not None:
        raise InputFileError(
            reason_ko=f"용어 사전이 바뀌었는데 판 이름이 그대로입니다: {made.version}",
            reason_en=f"the dictionary has changed under the version it had: {made.version}",
        )
    session.add(TextDictionary(sha256=made.sha256, version=made.version, text=loaded.text, first_used_at=at))
    session.flush()
