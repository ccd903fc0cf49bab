"""What was found in applicants' texts, kept by the text, the dictionary and the code that searched.

The same three always find the same, so a text is searched once, however often its application is scored. A replay
never looks here: it searches the text again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from fundapp.screening.tables import LONGEST_FINDING, TextSearch
from scoring import search_version
from scoring.canonical import sha256_of_text

_AT_ONCE = 4_000


def find_findings(session: Session, dictionary_sha256: str, texts: Iterable[str]) -> dict[str, str]:
    """Return what is on record of some texts, as canonical JSON by text; of a text that is new, nothing."""
    by_hash = {sha256_of_text(text): text for text in texts}
    hashes = list(by_hash)
    found: dict[str, str] = {}
    for start in range(0, len(hashes), _AT_ONCE):
        query = select(TextSearch.text_sha256, TextSearch.found).where(
            TextSearch.text_sha256.in_(hashes[start : start + _AT_ONCE]),
            TextSearch.dictionary_sha256 == dictionary_sha256,
            TextSearch.search_version == search_version(),
        )
        found |= {by_hash[sha256]: kept for sha256, kept in session.execute(query)}
    return found


def keep_findings(session: Session, dictionary_sha256: str, found: Mapping[str, str], at: datetime) -> None:
    """Keep what was found in texts, by their hashes; what a rival has kept a moment ago is the same and stays.

    A finding longer than any that a dictionary of ours gives is not kept: its text is searched each time.
    """
    rows = [
        {
            "text_sha256": sha256,
            "dictionary_sha256": dictionary_sha256,
            "search_version": search_version(),
            "found": written,
            "searched_at": at,
        }
        for sha256, written in found.items()
        if len(written) <= LONGEST_FINDING
    ]
    if rows:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        session.connection().execute(dialect.insert(TextSearch).on_conflict_do_nothing(), rows)
