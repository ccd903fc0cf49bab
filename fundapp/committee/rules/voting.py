"""Votes, their count with its arithmetic, and what follows from it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fundapp.committee.rules.ballot_rules import BallotRule, needed_of
from fundapp.core.errors import InvalidInputError, TransitionRefusedError

Choice = Literal["yes", "no", "abstain"]

Outcome = Literal["carried", "rejected", "deferred"]

CHOICES: tuple[Choice, ...] = ("yes", "no", "abstain")

VERB_OF_OUTCOME: dict[str, str] = {"carried": "approve", "rejected": "reject", "deferred": "defer"}


class BallotClosedError(TransitionRefusedError):
    """Somebody else closed the ballot first."""

    code = "ballot_closed"
    ko = "이미 개표한 안건입니다."
    en = "This ballot has been closed already."


class BallotWaitsError(TransitionRefusedError):
    """The committee votes on an amendment first."""

    code = "ballot_waits"
    ko = "수정안을 먼저 의결하고 있습니다. 수정안이 정해진 뒤에 투표할 수 있습니다."
    en = "An amendment is voted on first; this ballot waits for it."


class AlreadyVotedError(TransitionRefusedError):
    """A vote is final."""

    code = "already_voted"
    ko = "이미 투표했습니다. 표는 바꿀 수 없습니다."
    en = "You have voted already; a vote is final."


class LateVoteError(TransitionRefusedError):
    """A written resolution takes votes until its deadline."""

    code = "late_vote"
    ko = "서면결의 기한이 지났습니다. 기한 뒤의 표는 받지 않습니다."
    en = "The deadline of this written resolution has passed; late votes are not taken."


def require_reason(choice: str, reason: str, *, secret: bool) -> str | None:
    """Return the reason to keep with a vote: an open vote against or an abstention has one (Commercial Act, 391-3(2)).

    A secret vote has none, because the words would name their author.

    Raises:
        InvalidInputError: without one, or with one that must not be.
    """
    given = reason.strip()
    if secret and given:
        raise InvalidInputError(
            field="vote_reason",
            reason_ko="비밀 투표에는 의견을 적지 않습니다",
            reason_en="a secret vote carries no words",
        )
    if not secret and choice != "yes" and not given:
        raise InvalidInputError(
            field="vote_reason",
            reason_ko="반대와 기권에는 이유를 적어 주세요",
            reason_en="a vote against or an abstention needs a reason",
        )
    return given or None


@dataclass(frozen=True, slots=True)
class Tally:
    """A count of votes with its arithmetic.

    Attributes:
        members: Seats in office (재적).
        recused: Of these, taken out by any of the three routes (제척·기피·회피).
        entitled: Members who may vote (의결권).
        present: Who is present for the quorum (출석), as the rule counts them.
        quorum_needed: How many have to be.
        base: Of how many the majority is asked.
        yes_needed: How many have to vote for it.
        casting: The chair's casting vote where it decided a tie, else None.
        vetoed_by: Investors whose members voted against it and may defeat it so.
        unconsented: Members who did not agree to a written resolution where all must; 0 otherwise.
        plain: Whether the rule is the default one, whose arithmetic needs fewer words.
    """

    members: int
    recused: int
    entitled: int
    present: int
    quorum_needed: int
    yes: int
    no: int
    abstain: int
    base: int
    yes_needed: int
    casting: Choice | None = None
    vetoed_by: tuple[str, ...] = ()
    unconsented: int = 0
    plain: bool = True

    @property
    def quorum_met(self) -> bool:
        """Whether enough members are present, and at least one may decide."""
        return self.entitled > 0 and self.present >= self.quorum_needed

    @property
    def tied(self) -> bool:
        """Whether as many voted for it as against it, and somebody did."""
        return self.yes == self.no > 0

    @property
    def outcome(self) -> Outcome:
        """What is resolved: without a quorum, or without consent to the written form, nothing."""
        if not self.quorum_met or self.unconsented:
            return "deferred"
        if self.vetoed_by:
            return "rejected"
        if self.casting is not None:
            return "carried" if self.casting == "yes" else "rejected"
        return "carried" if self.yes and self.yes >= self.yes_needed else "rejected"

    def arithmetic(self, locale: str = "ko") -> str:
        """Return the arithmetic in words, for the minutes."""
        english = locale.startswith("en")
        head, votes = (self._head_en, self._votes_en) if english else (self._head_ko, self._votes_ko)
        words = _OUTCOMES_EN if english else _OUTCOMES_KO
        if not self.quorum_met:
            return f"{head} → {'not met' if english else '불성립'}; {words['deferred']}"
        if self.unconsented:
            lacks = (
                f"{self.unconsented} did not agree to the written form"
                if english
                else f"서면결의 동의 {self.unconsented}명 부족"
            )
            return f"{head} → {'met' if english else '성립'}; {lacks} → {words['deferred']}"
        return f"{head} → {'met' if english else '성립'}; {votes}{self._turn(english=english)} → {words[self.outcome]}"

    @property
    def _head_ko(self) -> str:
        return (
            f"재적 {self.members}, 제척·회피 {self.recused}, 의결권 {self.entitled}, "
            f"출석 {self.present}, 정족수 {self.quorum_needed}"
        )

    @property
    def _head_en(self) -> str:
        return (
            f"members {self.members}, recused {self.recused}, entitled {self.entitled}, "
            f"present {self.present}, quorum {self.quorum_needed}"
        )

    @property
    def _votes_ko(self) -> str:
        abstained = f", 기권 {self.abstain}" if self.abstain else ""
        asked = "" if self.plain else f", 가결선 {self.base}명 중 {self.yes_needed}"
        return f"찬성 {self.yes}, 반대 {self.no}{abstained}{asked}"

    @property
    def _votes_en(self) -> str:
        abstained = f", abstain {self.abstain}" if self.abstain else ""
        asked = "" if self.plain else f", needs {self.yes_needed} of {self.base}"
        return f"yes {self.yes}, no {self.no}{abstained}{asked}"

    def _turn(self, *, english: bool) -> str:
        """Return what turned the outcome besides the count: a veto, or the chair in a tie."""
        if self.vetoed_by:
            names = ", ".join(self.vetoed_by)
            return f" → vetoed by {names}" if english else f" → {names} 거부권"
        if self.casting is not None:
            word = {"yes": ("찬성", "for"), "no": ("반대", "against"), "abstain": ("반대", "against")}[self.casting]
            return f" → tie, casting vote {word[1]}" if english else f" → 가부동수, 위원장 결정권 {word[0]}"
        return ""

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON, with the arithmetic in both languages."""
        return {
            "members": self.members,
            "recused": self.recused,
            "entitled": self.entitled,
            "present": self.present,
            "quorum_needed": self.quorum_needed,
            "quorum_met": self.quorum_met,
            "yes": self.yes,
            "no": self.no,
            "abstain": self.abstain,
            "base": self.base,
            "yes_needed": self.yes_needed,
            "casting": self.casting,
            "vetoed_by": list(self.vetoed_by),
            "unconsented": self.unconsented,
            "outcome": self.outcome,
            "arithmetic_ko": self.arithmetic("ko"),
            "arithmetic_en": self.arithmetic("en"),
        }


_OUTCOMES_KO = {"carried": "가결", "rejected": "부결", "deferred": "보류"}
_OUTCOMES_EN = {"carried": "carried", "rejected": "rejected", "deferred": "deferred"}


@dataclass(frozen=True, slots=True)
class Roll:
    """What a count has to know besides the votes.

    Attributes:
        attending: Who sits in the room by the attendance record.
        investors: Of members who sit for an investor, its code.
        casting: How the chair's casting vote falls if it comes to a tie.
        consents: Who agreed to decide in writing; None where there is a sitting.
    """

    attending: frozenset[uuid.UUID] = frozenset()
    investors: Mapping[uuid.UUID, str] = field(default_factory=dict)
    casting: Choice | None = None
    consents: frozenset[uuid.UUID] | None = None


def tally(
    members: Collection[uuid.UUID],
    recused: Collection[uuid.UUID],
    votes: Mapping[uuid.UUID, str],
    rule: BallotRule | None = None,
    roll: Roll | None = None,
) -> Tally:
    """Count. A vote of somebody who is recused by now, or holds no seat any more, is left out.

    Args:
        members: Everybody in office.
        recused: Whoever is recused from the application, in office or not.
        votes: Choice by person.
        rule: By which to count; the default one without it.
        roll: Attendance, investors' members, casting vote and consents.
    """
    rule, roll = rule or BallotRule(), roll or Roll()
    seats = set(members)
    entitled = seats.difference(recused)
    counted = {person: choice for person, choice in votes.items() if person in entitled}
    yes, no, abstain = (sum(choice == one for choice in counted.values()) for one in CHOICES)
    deciding = _present(rule, roll, counted, entitled)
    whole = len(seats) if rule.quorum_of == "members" else len(entitled)
    # Where the quorum is asked of all members, a recused one who came counts for it, and for nothing else.
    standing = len((seats - entitled) & roll.attending) if rule.quorum_of == "members" else 0
    base = {"present": len(deciding), "entitled": len(entitled), "cast": yes + no}[rule.basis]
    met = len(deciding) + standing >= needed_of(rule.quorum, whole)
    against = {roll.investors.get(person) for person, choice in counted.items() if choice == "no"}
    tied = yes == no > 0 and rule.tie == "casting_vote" and met
    return Tally(
        members=len(seats),
        recused=len(seats) - len(entitled),
        entitled=len(entitled),
        present=len(deciding) + standing,
        quorum_needed=needed_of(rule.quorum, whole),
        yes=yes,
        no=no,
        abstain=abstain,
        base=base,
        yes_needed=needed_of(rule.majority, base),
        casting=roll.casting if tied else None,
        vetoed_by=tuple(code for code in rule.veto if code in against),
        unconsented=_unconsented(rule, roll, entitled),
        plain=_is_plain(rule),
    )


def _present(
    rule: BallotRule, roll: Roll, counted: Mapping[uuid.UUID, str], entitled: set[uuid.UUID]
) -> set[uuid.UUID]:
    present = set(counted)
    if rule.presence == "attending" and roll.consents is None:
        present |= entitled & roll.attending
    if rule.abstentions == "absent":
        present -= {person for person, choice in counted.items() if choice == "abstain"}
    return present


def _unconsented(rule: BallotRule, roll: Roll, entitled: set[uuid.UUID]) -> int:
    if roll.consents is None or rule.written != "consent":
        return 0
    return len(entitled - roll.consents)


def _is_plain(rule: BallotRule) -> bool:
    return (rule.majority, rule.basis, rule.presence, rule.abstentions) == ("majority", "present", "voted", "present")
