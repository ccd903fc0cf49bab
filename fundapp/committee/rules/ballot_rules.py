"""The rule of a call's ballots, as its document's `[ballot]` states it; each ballot freezes it when it opens.

| key | default | meaning |
| --- | --- | --- |
| `quorum` | `majority` | how many must be present: more than half, at least a share such as `2/3`, or a whole number |
| `quorum_of` | `entitled` | of whom: members with a vote, or all `members` in office, the recused among them |
| `presence` | `voted` | who is present: whoever voted, or whoever is `attending` the sitting or voted |
| `majority` | `majority` | how much carries: more than half, or at least a share such as `2/3` |
| `basis` | `present` | of whom: those present, all `entitled`, or only votes `cast` for or against |
| `abstentions` | `present` | whether who abstains is present; `absent` leaves them out of quorum and majority |
| `tie` | `rejected` | what as many for as against brings about: rejection, or the chair's `casting_vote` |
| `veto` | none | investors whose members defeat a proposal by voting against it |
| `form` | `open` | votes stand by name in the record, or are `secret` |
| `written` | `allowed` | whether ballots may go without a sitting; `consent`: only if all entitled agree; `never` |

The defaults are article 391(1) of the Commercial Act (a board decides by a majority of directors present, a majority of
directors being present) with article 49 of the Constitution on ties (a tie is a rejection). Whoever is recused has no
vote (391(3), 368(3)); whether they count for the quorum is `quorum_of`: the Supreme Court counts them (28 May 1991,
90da20084), many partnership agreements do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from fundapp.core.errors import InvalidInputError

Form = Literal["open", "secret", "unlisted"]

_SHARE = re.compile(r"([1-9]\d?)/([1-9]\d?)")
_MOST_SEATS = 200
_WORDS: Mapping[str, tuple[str, ...]] = {
    "quorum_of": ("entitled", "members"),
    "presence": ("voted", "attending"),
    "basis": ("present", "entitled", "cast"),
    "abstentions": ("present", "absent"),
    "tie": ("rejected", "casting_vote"),
    "form": ("open", "secret"),
    "written": ("allowed", "consent", "never"),
}


@dataclass(frozen=True, slots=True)
class BallotRule:
    """How one ballot is counted.

    Attributes:
        veto: Codes of investors.
        form: Of a call's rule `open` or `secret`. Each ballot says its own form; see `tables.Ballot`.
    """

    quorum: str = "majority"
    quorum_of: str = "entitled"
    presence: str = "voted"
    majority: str = "majority"
    basis: str = "present"
    abstentions: str = "present"
    tie: str = "rejected"
    veto: tuple[str, ...] = ()
    form: Form = "open"
    written: str = "allowed"

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "quorum": self.quorum,
            "quorum_of": self.quorum_of,
            "presence": self.presence,
            "majority": self.majority,
            "basis": self.basis,
            "abstentions": self.abstentions,
            "tie": self.tie,
            "veto": list(self.veto),
            "form": self.form,
            "written": self.written,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> BallotRule:
        """Read what `as_document` wrote."""
        words: dict[str, Any] = {key: tuple(value) if key == "veto" else value for key, value in document.items()}
        return cls(**words)


def needed_of(share: str, base: int) -> int:
    """Return the least number of heads that is a share of a base: `majority`, `2/3`, or a number of heads."""
    if share == "majority":
        return base // 2 + 1
    if share.isdecimal():
        return int(share)
    part, whole = (int(number) for number in share.split("/"))
    return -(-base * part // whole)


def ballot_rule(document: Mapping[str, Any]) -> BallotRule:
    """Return the rule of a call's document; what it does not say is as above.

    Raises:
        InvalidInputError: naming the key that nothing reads or whose value makes no sense.
    """
    stated = document.get("ballot", {})
    if not isinstance(stated, Mapping):
        raise _wrong("ballot", "표로 적어 주세요", "must be a table")
    for key in stated:
        if key not in BallotRule.__dataclass_fields__:
            raise _wrong(f"ballot.{key}", "알 수 없는 항목입니다", "nothing reads this key")
    for key, words in _WORDS.items():
        if key in stated and stated[key] not in words:
            raise _wrong(f"ballot.{key}", f"{', '.join(words)} 가운데 하나여야 합니다", f"one of {', '.join(words)}")
    rule = BallotRule(
        quorum=_share(stated, "quorum", heads=True),
        majority=_share(stated, "majority", heads=False),
        veto=_investors(stated),
        form=cast("Form", stated.get("form", "open")),
        **{key: str(stated[key]) for key in _WORDS if key in stated and key != "form"},
    )
    _require_consistent(rule)
    return rule


def _share(stated: Mapping[str, Any], key: str, *, heads: bool) -> str:
    value = stated.get(key, "majority")
    if value == "majority":
        return "majority"
    if heads and isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_SEATS:
        return str(value)
    found = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if found and 2 * int(found[1]) > int(found[2]) >= int(found[1]):
        return str(value)
    if heads:
        raise _wrong(f"ballot.{key}", "majority, 2/3 같은 비율, 사람 수 가운데 하나여야 합니다",
                     "majority, a share above one half such as 2/3, or a number of people")  # fmt: skip
    raise _wrong(f"ballot.{key}", "majority 또는 2/3 같은 비율이어야 합니다", "majority, or a share above one half")


def _investors(stated: Mapping[str, Any]) -> tuple[str, ...]:
    value = stated.get("veto", [])
    if not isinstance(value, list) or not all(isinstance(code, str) and code.strip() for code in value):
        raise _wrong("ballot.veto", "출자자 코드의 목록이어야 합니다", "must be a list of investors' codes")
    return tuple(dict.fromkeys(code.strip() for code in value))


def _require_consistent(rule: BallotRule) -> None:
    if rule.veto and rule.form == "secret":
        raise _wrong("ballot.veto", "비밀 투표에는 거부권을 둘 수 없습니다", "a secret ballot cannot carry a veto")
    if rule.tie == "casting_vote" and rule.majority != "majority":
        raise _wrong(
            "ballot.tie", "결정권은 과반수 의결에만 쓸 수 있습니다", "only a simple majority has a casting vote"
        )
    if rule.tie == "casting_vote" and rule.basis == "entitled":
        raise _wrong("ballot.tie", "결정권은 재적 기준 의결에 쓸 수 없습니다",
                     "votes of all entitled leave a casting vote nothing to decide")  # fmt: skip


def _wrong(field: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=reason_ko, reason_en=reason_en)
