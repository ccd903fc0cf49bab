"""Reading applicants' texts: dictionaries, marked words, stuffing and copied passages."""

from scoring.textual.copies import Copy, find_copies
from scoring.textual.dictionary import (
    Dictionary,
    DictionaryError,
    default_dictionary,
    load_dictionary,
    parse_dictionary,
)
from scoring.textual.limits import LONGEST_TEXT, TextTooLongError
from scoring.textual.marking import Mark, Stuffing, find_stuffing, mark_terms

__all__ = [
    "LONGEST_TEXT",
    "Copy",
    "Dictionary",
    "DictionaryError",
    "Mark",
    "Stuffing",
    "TextTooLongError",
    "default_dictionary",
    "find_copies",
    "find_stuffing",
    "load_dictionary",
    "mark_terms",
    "parse_dictionary",
]
