"""Bilingual dictionaries: for each criterion the concepts that speak for it, in reviewable, versioned files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import NoReturn

from scoring.canonical import Json, sha256_of
from scoring.terms import Concept, Sought, normalise, seek

LONGEST_FILE = 1_000_000
_INCLUDE = "@"
_KEYS = frozenset({"version", "title_ko", "title_en", "criteria"})


class DictionaryError(ValueError):
    """A dictionary that cannot be used, and where in it the fault lies.

    Attributes:
        place: The list at fault, if one is.
        fault_ko: The fault in Korean.
        fault_en: The fault in English.
        message_ko: Place and fault in Korean.
        message_en: Place and fault in English.
    """

    def __init__(self, message_ko: str, message_en: str, *, place: str | None = None) -> None:
        """Name the place in front of both messages."""
        self.place = place
        self.fault_ko = message_ko
        self.fault_en = message_en
        self.message_ko = f"{place}: {message_ko}" if place else message_ko
        self.message_en = f"{place}: {message_en}" if place else message_en
        super().__init__(self.message_en)


@dataclass(frozen=True)
class Dictionary:
    """The concepts of each criterion; a concept is a group of Korean and English terms that mean the same."""

    version: str
    title_ko: str
    title_en: str
    criteria: Mapping[str, tuple[Concept, ...]]

    def __hash__(self) -> int:
        return hash(self.sha256)

    @cached_property
    def concepts(self) -> tuple[Concept, ...]:
        """All concepts, each once.

        By the names of their lists: dictionaries that differ in the order of these alone have one hash, and must find
        the same.
        """
        lists = (self.criteria[name] for name in sorted(self.criteria))
        return tuple(dict.fromkeys(concept for concepts in lists for concept in concepts))

    @cached_property
    def sought(self) -> tuple[Sought, ...]:
        """What to look for in a text: each criterion's concepts under its key, and all of them under no key."""
        return seek({**self.criteria, "": self.concepts})

    def to_document(self) -> dict[str, Json]:
        """Give the dictionary as plain JSON values."""
        return {
            "version": self.version,
            "title_ko": self.title_ko,
            "title_en": self.title_en,
            "criteria": {key: [list(group) for group in groups] for key, groups in self.criteria.items()},
        }

    @cached_property
    def sha256(self) -> str:
        """The hash of the canonical JSON, 64 hexadecimal digits."""
        return sha256_of(self.to_document())


def _refuse(place: str | None, message_ko: str, message_en: str) -> NoReturn:
    raise DictionaryError(message_ko, message_en, place=place)


def read_concepts(raw: object) -> dict[str, tuple[Concept, ...]]:
    """Read named lists of concepts; the entry "@name" stands for all concepts of another list.

    Args:
        raw: By name a list of groups of terms and of references.

    Raises:
        DictionaryError: If a list is empty or no list, a term is no text or stands twice, a reference leads nowhere, or
            lists refer to each other in a circle.
    """
    if not isinstance(raw, dict):
        _refuse(None, "표가 필요합니다.", "a table is expected.")
    found: dict[str, tuple[Concept, ...]] = {}
    for name in raw:
        concepts = _resolve(name, raw, ())
        folded = [normalise(term) for group in concepts for term in group]
        twice = next((term for term in folded if folded.count(term) > 1), None)
        if twice is not None:
            _refuse(name, f"중복 용어 {twice}.", f"the term {twice!r} stands twice.")
        found[name] = concepts
    return found


def _resolve(name: str, raw: Mapping[str, object], trail: tuple[str, ...]) -> tuple[Concept, ...]:
    if name in trail:
        circle = " → ".join((*trail[trail.index(name) :], name))
        _refuse(trail[0], f"서로를 참조합니다: {circle}.", f"refers to itself: {circle}.")
    groups = raw.get(name)
    if not isinstance(groups, list) or not groups:
        _refuse(name, "용어 묶음의 목록이 필요합니다.", "a list of groups of terms is expected.")
    found: list[Concept] = []
    for group in groups:
        if isinstance(group, str) and group.startswith(_INCLUDE):
            other = group.removeprefix(_INCLUDE)
            if other not in raw:
                _refuse(name, f"참조한 목록 {other} 없음.", f"there is no list {other!r} to include.")
            found += _resolve(other, raw, (*trail, name))
            continue
        if not isinstance(group, list) or not group:
            _refuse(name, "용어 묶음의 목록이 필요합니다.", "a list of groups of terms is expected.")
        if not all(isinstance(term, str) and normalise(term) for term in group):
            _refuse(name, "용어는 글자여야 합니다.", "a term must be text.")
        found.append(tuple(group))
    return tuple(found)


def parse_dictionary(text: str) -> Dictionary:
    """Read a dictionary from TOML text.

    Raises:
        DictionaryError: If it is longer than a million characters, no TOML, or anything in it is misspelt, of the wrong
            type, given twice or circular.
    """
    if len(text) > LONGEST_FILE:
        _refuse(None, f"사전이 너무 깁니다: {len(text):,}자.", f"the dictionary is too long: {len(text):,} characters.")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DictionaryError(f"TOML 형식 오류: {error}", f"not valid TOML: {error}") from error
    for key in document:
        if key not in _KEYS:
            _refuse(key, "알 수 없는 설정입니다.", "unknown setting.")
    words = []
    for key in ("version", "title_ko", "title_en"):
        value = document.get(key)
        if not isinstance(value, str) or not value.strip():
            _refuse(key, "글자가 필요합니다.", "must be text.")
        words.append(value)
    return Dictionary(words[0], words[1], words[2], read_concepts(document.get("criteria")))


def load_dictionary(path: Path | str) -> Dictionary:
    """Read a dictionary from a TOML file in UTF-8.

    Raises:
        OSError: If the file cannot be opened.
        DictionaryError: If it is no dictionary; see `parse_dictionary`.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DictionaryError("UTF-8 파일이 아닙니다.", "the file is not UTF-8.") from error
    return parse_dictionary(text)


@cache
def default_dictionary() -> Dictionary:
    """Give the dictionary that ships with the library."""
    packaged = resources.files("scoring").joinpath("textual/dictionaries/default.toml")
    return parse_dictionary(packaged.read_text(encoding="utf-8"))
