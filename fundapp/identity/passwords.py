"""Passwords: argon2id hashes, and what makes one acceptable.

Length decides, as ASVS 5.0 asks (6.2.1, 6.2.5, 6.2.9): no composition rules, no forced change, long ones welcome.
What every guesser tries first is refused (6.2.4, 6.2.11, 6.2.12): not by a list of whole passwords, which ends at its
last line, but by what such passwords are made of. Take away the words, names, years, runs of keys and repeated signs
that guessers put together, and those of the product and of one's own address; what is left must be worth guessing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MAX_LENGTH = 256
OWN_LENGTH = 4
"""So many signs must not belong to anything that guessers try."""

_HASHER = PasswordHasher()

_WORDS = """
password passw0rd passwort pass word admin administrator root user guest test tester testing login welcome letmein
changeme change default secret master access server system manager computer internet google naver kakao daum facebook
samsung apple microsoft azure windows iphone android qwerty azerty dvorak iloveyou love lovely loveyou baby angel
princess prince queen king sunshine sun moon star starwars superman batman spiderman pokemon naruto minecraft dragon
monkey tiger lion eagle bear dog cat puppy kitty horse flower butterfly rainbow chocolate cookie banana apple orange
cheese pepper ginger summer winter spring autumn fall january february march april may june july august september
october november december monday tuesday wednesday thursday friday saturday sunday football baseball basketball soccer
hockey golf tennis liverpool chelsea arsenal barcelona manchester yankees lakers cowboys michael michelle jordan
jessica jennifer ashley daniel charlie thomas robert andrew joshua matthew anthony nicole hannah george harley hunter
killer shadow ninja hello hi goodbye freedom trustno1 whatever nothing blink182 matrix money lucky happy summer
family friend friends forever mother father sister brother mylove myself please thankyou trust jesus god heaven
korea korean seoul busan daehan minguk corea hanguk gangnam fighting saranghae sarang tkfkd tkfkdgo tkfkdgody
sksms qlalf qlalfqjsgh qlqjs dkssud dkssudgktpdy gksrnr eogksalsrnr rlatpwnd wjdqh company corp office work team
project fund invest investor investment startup venture capital abc abcd sksmsskdi
비밀번호 암호 관리자 안녕하세요 안녕 사랑해요 사랑해 사랑 대한민국 한국 서울 부산 회사 우리 나의 내
가나다라마바사 아자차카
""".split()  # noqa: SIM905 - as lines, words can be read
_CONTEXT = (
    "ax",
    "axfund",
    "axsf",
    "ax전략펀드",
    "전략펀드",
    "전략",
    "펀드",
    "strategic",
    "strategy",
    "kt",
    "gpu",
    "공모",
    "신청",
)
_RUNS = (
    "01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiop", "poiuytrewq", "asdfghjkl", "lkjhgfdsa", "zxcvbnm", "mnbvcxz", "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "qazwsxedcrfvtgbyhnujm", "zaq12wsxcde34rfvbgt5", "!@#$%^&*()",
    "147258369", "159357", "741852963", "a1b2c3d4e5f6g7h8", "zaq1xsw2cde3vfr4", "qwaszx",
)  # fmt: skip
_LEAST_RUN = 3
_LEAST_LOCAL = 3
_LEET = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_FIXED = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])?(?:0[1-9]|[12]\d|3[01])?|(.)\1{2,}|(.{2,4})\2+|[\W_]+|\d{1,3}(?!\d)"
)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, in the PHC string format."""
    return _HASHER.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Return whether the password matches; without a hash the answer is no, after the same work."""
    try:
        _HASHER.verify(password_hash or _ABSENT, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def find_password_fault(password: str, *, email: str = "", name: str = "") -> str | None:
    """Return why a password is not acceptable: `short`, `long`, `email` or `common`; None when it is.

    Args:
        password: As typed.
        email: The holder's address; what stands before and after its @ counts as guessable.
        name: Theirs, likewise.
    """
    if len(password) < MIN_LENGTH:
        return "short"
    if len(password) > MAX_LENGTH:
        return "long"
    plain = unicodedata.normalize("NFKC", password).lower()
    own = _own_words(email.lower(), name.lower())
    if _left_over(plain, own) >= OWN_LENGTH:
        return None
    return "email" if own and _left_over(plain, frozenset()) >= OWN_LENGTH else "common"


def _own_words(email: str, name: str) -> frozenset[str]:
    local, _, domain = email.partition("@")
    parts = [email, local, domain, *re.split(r"[\W_]+", local), *domain.split("."), name, *name.split()]
    return frozenset(part for part in parts if len(part) >= _LEAST_LOCAL)


def _left_over(plain: str, own: frozenset[str]) -> int:
    """Return how many signs remain when as much as possible is covered by guessable pieces, from left to right."""
    folded = plain.translate(_LEET)
    words = _dictionary() | own
    longest = max(map(len, words))
    best = list(range(len(plain) + 1))  # best[i]: fewest uncovered signs among the first i
    for start in range(len(plain)):
        best[start + 1] = min(best[start + 1], best[start] + 1)
        for end in _piece_ends(plain, folded, start, words, longest):
            best[end] = min(best[end], best[start])
    return best[-1]


def _piece_ends(plain: str, folded: str, start: int, words: frozenset[str], longest: int) -> set[int]:
    """Return where guessable pieces that begin at `start` end."""
    ends = {
        start + length
        for length in range(1, min(longest, len(plain) - start) + 1)
        if plain[start : start + length] in words or folded[start : start + length] in words
    }
    if (found := _FIXED.match(plain, start)) is not None:
        ends.add(found.end())
    for run in _RUNS:
        length = _LEAST_RUN
        while start + length <= len(plain) and plain[start : start + length] in run:
            ends.add(start + length)
            length += 1
    return ends


@cache
def _dictionary() -> frozenset[str]:
    return frozenset((*_WORDS, *_CONTEXT))


_ABSENT = _HASHER.hash("nobody has this password")
"""Compared against when there is no such person, so that the answer takes as long as for a person."""
