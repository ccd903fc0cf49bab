"""Which companies look like one: what two of them share, by kind of sign. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from fundapp.intake.form import squeeze
from fundapp.intake.masking import PUBLIC_MAIL

SIGNALS = (
    "business_number",
    "corporate_number",
    "representative",
    "phone",
    "email",
    "domain",
    "address",
    "document",
    "text",
)
"""Kinds of sign, the strongest first."""
MOST_HOLDERS = 20
"""A mark that more companies share says nothing of any two: a call's own template, or an agent's switchboard."""
_SHORTEST_ADDRESS = 8
_PHONE_DIGITS = 8


@dataclass(slots=True)
class Marks:
    """What is known of one company that another could share, by kind of sign."""

    of: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add_answers(self, answers: Mapping[str, object]) -> None:
        """Take the marks of one application's answers."""
        self.add("business_number", _digits(answers.get("business_number")))
        self.add("corporate_number", _digits(answers.get("corporate_number")))
        self.add("representative", squeeze(str(answers.get("representative") or "")))
        phone = _digits(answers.get("contact_phone"))
        self.add("phone", phone if len(phone) >= _PHONE_DIGITS else "")
        email = str(answers.get("contact_email") or "").strip().casefold()
        self.add("email", email)
        domain = email.rpartition("@")[2]
        self.add("domain", "" if domain in PUBLIC_MAIL else domain)
        address = squeeze(str(answers.get("address") or ""))
        self.add("address", address if len(address) >= _SHORTEST_ADDRESS else "")

    def add(self, signal: str, mark: str) -> None:
        """Take one mark; an empty one is none."""
        if mark:
            self.of[signal].add(mark)


def _digits(value: object) -> str:
    return "".join(letter for letter in str(value or "") if letter.isascii() and letter.isdigit())


def shared_signals(marks: Mapping[str, Marks]) -> dict[tuple[str, str], set[str]]:
    """Return the pairs of companies that share a mark, in order of their keys, with the kinds of sign.

    Whoever shares an address of mail shares its domain; only the stronger sign is named.
    """
    holders: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for key, own in marks.items():
        for signal, found in own.of.items():
            for mark in found:
                holders[signal, mark].add(key)
    pairs: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for (signal, _), keys in holders.items():
        if len(keys) <= MOST_HOLDERS:
            for first, second in combinations(sorted(keys), 2):
                pairs[first, second].add(signal)
    for signals in pairs.values():
        if "email" in signals:
            signals.discard("domain")
    return dict(pairs)


def in_order(signals: Iterable[str]) -> tuple[str, ...]:
    """Return kinds of sign, the strongest first."""
    return tuple(sorted(signals, key=SIGNALS.index))
