"""Names of companies, so that two spellings of one are seen to be alike."""

from __future__ import annotations

import re
import unicodedata

_FORMS = re.compile(
    r"주식회사|유한책임회사|유한회사|합자회사|합명회사|사단법인|재단법인|\(주\)|\(유\)|㈜|"
    r"\b(?:co|corp|corporation|inc|ltd|llc|company|limited|incorporated)\b\.?",
    re.IGNORECASE,
)
_SHORTEST_NEAR = 5
"""Names of fewer letters are compared as they are: one letter of four says little."""


def squeezed_name(name: str) -> str:
    """Return a name without legal form, spaces and punctuation, in lower case and compatibility form."""
    plain = unicodedata.normalize("NFKC", _FORMS.sub(" ", name)).casefold()
    plain = _FORMS.sub(" ", plain)
    return "".join(letter for letter in plain if letter.isalnum())


def near_names(name: str) -> frozenset[str]:
    """Return keys that two names share when they are equal or one letter apart.

    The keys are the name itself and the name with each letter left out in turn (Garbe's symmetric deletes), so that
    finding pairs needs no comparison of each with each. Empty for an empty name.
    """
    plain = squeezed_name(name)
    if len(plain) < _SHORTEST_NEAR:
        return frozenset({plain} if plain else ())
    return frozenset({plain, *(plain[:place] + plain[place + 1 :] for place in range(len(plain)))})


def domain_of(address: str) -> str:
    """Return the domain of an e-mail address in lower case; empty if there is none."""
    return address.rpartition("@")[2].strip().lower() if "@" in address else ""
