"""Taking out of answers who applies, for those who judge blind.

What the form asks of a company's identity is replaced as a whole. In everything else the words that those answers
give are looked for, in the spellings people use: with and without the legal form, with spaces inside, in the Latin
letters that the applicant puts beside the name; and addresses of mail, web, telephone and street of any kind. A text
can betray its author otherwise, by a product or a customer that everybody knows; no machine finds that.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fundapp.intake.form import Form

MASK = "■■■"
PUBLIC_MAIL = frozenset(
    {
        "gmail.com",
        "naver.com",
        "daum.net",
        "hanmail.net",
        "kakao.com",
        "nate.com",
        "outlook.com",
        "hotmail.com",
        "icloud.com",
        "yahoo.com",
    }
)
"""Mail domains that everybody shares, so that sharing one relates nobody."""
_KINDS = frozenset({"business_number", "corporate_number", "email", "phone"})
_KEYS = frozenset(
    {
        "company_name",
        "company_name_en",
        "contact_name",
        "representative",
        "representative_name",
        "ceo_name",
        "address",
        "homepage",
        "website",
        "url",
    }
)
"""Questions that ask who applies, whatever kind they are of; of rows, a column `name` too. A call names further ones in
`review.masked`, a cell as `question.column`."""
_LEGAL = (
    r"주식\s*회사|유한\s*책임\s*회사|유한\s*회사|합자\s*회사|합명\s*회사|사단\s*법인|재단\s*법인"
    r"|[(（]\s*[주유]\s*[)）]|㈜|㈲"
)
_LEGAL_LATIN = r"(?:,?\s*\b(?:co\.?,?\s*ltd|inc|ltd|llc|corp|corporation|company|limited)\b\.?)+"
_LATIN_BESIDE = re.compile(r"\s*[(（]\s*([A-Za-z][A-Za-z0-9 .,&'’-]{1,60}?)\s*[)）]")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_WEB = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]{}\"'가-힣]+", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![\d.,-])(?:\+?82[\s-]?)?\(?0?\d{1,3}\)?[\s.-]\d{3,4}[\s.-]\d{4}(?![\d.,-]*\d)|(?<!\d)1[568]\d{2}-\d{4}(?!\d)"
)
_STREET = re.compile(
    r"(?:[가-힣]{1,10}(?:특별시|광역시|시|도|군|구|읍|면)\s+)+[가-힣0-9]{1,14}(?:대로|로|길|동|리)\s*\d{1,5}(?:-\d{1,5})?(?:번지|번길\s*\d+)?"
)
_SHORTEST = 2
_FREE = frozenset({"text", "textarea"})
_CELL = "."
"""Between question and column in the key of a cell."""


@dataclass(frozen=True, slots=True)
class AskedIdentity:
    """Which questions of a call say who applies, and which ones cannot hold a word of it.

    Attributes:
        keys: Answers that are replaced as a whole.
        plain: Figures, dates and choices, which stay as they are.
    """

    keys: frozenset[str]
    plain: frozenset[str]

    @classmethod
    def of(cls, form: Form, document: Mapping[str, Any]) -> AskedIdentity:
        """Read a call."""
        review = document.get("review")
        named = review.get("masked", []) if isinstance(review, dict) else []
        fields = {f"{key}{_CELL}{cell.key}": cell for key, one in form.fields.items() for cell in one.columns}
        people = {key for key in fields if key.partition(_CELL)[2] in _KEYS | {"name"}}
        fields |= {key: one for key, one in form.fields.items() if not one.columns}
        asked = {key for key, question in fields.items() if question.kind in _KINDS}
        keys = frozenset(asked | people | _KEYS | {str(key) for key in named})
        return cls(keys, frozenset(key for key, one in fields.items() if one.kind not in _FREE) - keys)


@dataclass(frozen=True)
class Masker:
    """What has to be taken out of one application's texts.

    Attributes:
        asked: Which answers are replaced, and which stay as they are.
        names: The company's and people's names as they were given.
        numbers: Registration and telephone numbers, digits only.
        domains: Of mail and web addresses, public ones left out.
        others: Further answers that say who applies, word for word.
    """

    asked: AskedIdentity
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    domains: tuple[str, ...]
    others: tuple[str, ...]

    @classmethod
    def of(cls, asked: AskedIdentity, answers: Mapping[str, Any], *, company: str, identifier: str) -> Masker:
        """Collect what the answers and the record of the company say of its identity."""
        words = sorted(_words(answers))
        told = [text.strip() for key, text in words if key in asked.keys]
        texts = [text for _, text in words]
        digits = [re.sub(r"\D", "", text) for text in (identifier, *told) if re.fullmatch(r"[\d\s().+-]{7,}", text)]
        people = [text for text in told if _is_name(text)]
        names = {_core(company), *map(_core, people)}
        names |= {latin for name in tuple(names) for latin in _latin_beside(name, texts)}
        domains = set(_domains(told))
        labels = {domain.split(".")[0] for domain in domains}
        return cls(
            asked=asked,
            names=tuple(sorted((name for name in names | labels if len(_bare(name)) >= _SHORTEST), key=_longest_first)),
            numbers=tuple(sorted({number for number in digits if number}, key=_longest_first)),
            domains=tuple(sorted(domains, key=_longest_first)),
            others=tuple(sorted({text for text in told if len(text) >= 4 and not _is_name(text)}, key=_longest_first)),  # noqa: PLR2004
        )

    def answers(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answers without what says who applies; figures and choices stay as they are."""
        return {key: self._answer(key, value) for key, value in answers.items()}

    def _answer(self, key: str, value: Any) -> Any:  # noqa: ANN401 - JSON
        if key in self.asked.keys:
            return MASK
        if isinstance(value, list):
            return [{cell: self._answer(f"{key}{_CELL}{cell}", one) for cell, one in row.items()} for row in value]
        return value if key in self.asked.plain or not isinstance(value, str) else self.text(value)

    def text(self, text: str) -> str:
        """Return a text with every spelling of what says who applies replaced."""
        masked = unicodedata.normalize("NFC", text)
        for pattern in self._patterns:
            masked = pattern.sub(MASK, masked)
        return masked

    @property
    def expressions(self) -> tuple[str, ...]:
        """The same spellings as regular expressions, for texts that others draw."""
        return tuple(f"(?i){one.pattern}" if one.flags & re.IGNORECASE else one.pattern for one in self._patterns)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        found: list[re.Pattern[str]] = [_MAIL, _WEB]
        found += [re.compile(rf"(?:[\w-]+\.)*{re.escape(domain)}(?:/\S*)?", re.IGNORECASE) for domain in self.domains]
        found += [re.compile(re.escape(unicodedata.normalize("NFC", text)), re.IGNORECASE) for text in self.others]
        found += [re.compile(r"(?<!\d)" + r"[\s.()-]*".join(number) + r"(?!\d)") for number in self.numbers]
        found += [_name_pattern(name) for name in self.names]
        return (*found, _PHONE, _STREET)


def _words(answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every text of the answers with its key; that of a cell is `question.column`."""
    for key, value in answers.items():
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, list):
            for row in value:
                yield from ((f"{key}{_CELL}{cell}", text) for cell, text in row.items() if isinstance(text, str))


def _longest_first(word: str) -> tuple[int, str]:
    return -len(word), word


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 80 and "@" not in text and "://" not in text and not re.search(r"\d{4}", text)  # noqa: PLR2004


def _core(name: str) -> str:
    """Return a name without its legal form."""
    plain = unicodedata.normalize("NFC", name)
    plain = re.sub(_LEGAL, " ", plain)
    plain = re.sub(_LEGAL_LATIN + r"\s*$", " ", plain, flags=re.IGNORECASE)
    return " ".join(plain.split()).strip(" ,.")


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", name)


def _name_pattern(name: str) -> re.Pattern[str]:
    """Match a name with or without its legal form, with spaces or hyphens wherever people put them."""
    letters = r"[\s·.\-]*".join(re.escape(letter) for letter in _bare(name))
    latin = name.isascii()
    body = rf"(?<![A-Za-z0-9]){letters}(?![A-Za-z0-9])" if latin else letters
    after = rf"(?:{_LEGAL_LATIN})?" if latin else rf"(?:\s*(?:{_LEGAL}))?"
    return re.compile(rf"(?:(?:{_LEGAL})\s*)?{body}{after}", re.IGNORECASE)


def _latin_beside(name: str, texts: Iterable[str]) -> Iterator[str]:
    """Find Latin spellings that an answer puts in brackets after the name, or before the name in brackets."""
    if len(_bare(name)) < _SHORTEST or name.isascii():
        return
    pattern = _name_pattern(name)
    for text in texts:
        plain = unicodedata.normalize("NFC", text)
        for match in pattern.finditer(plain):
            beside = _LATIN_BESIDE.match(plain, match.end())
            if beside:
                yield _core(beside[1])
            before = re.search(
                r"([A-Z][A-Za-z0-9&'’-]*(?:[ ][A-Z][A-Za-z0-9&'’-]*){0,4})\s*[(（]\s*$", plain[: match.start()]
            )
            if before:
                yield _core(before[1])


def _domains(told: Iterable[str]) -> Iterator[str]:
    for text in told:
        match = re.search(r"(?:@|://|^www\.)([\w-]+(?:\.[\w-]+)+)", text)
        if match:
            domain = match[1].casefold().removeprefix("www.")
            if domain not in PUBLIC_MAIL:
                yield domain
