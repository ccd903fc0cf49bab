"""How ballots are counted, against worked examples: one table for each published rule, one row for each vote."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from fundapp.committee.rules import BallotRule, Choice, Roll, Tally, ballot_rule, needed_of, tally
from fundapp.core.errors import InvalidInputError

SEATS = [uuid.UUID(int=n) for n in range(1, 21)]
LETTERS: Mapping[str, str] = {"Y": "yes", "N": "no", "A": "abstain"}


def count(
    members: int,
    votes: str,
    *,
    recused: int = 0,
    rule: BallotRule | None = None,
    attending: int = 0,
    casting: Choice | None = None,
    investors: Mapping[int, str] | None = None,
    consents: int | None = None,
) -> Tally:
    """Count a committee of so many seats, of whom the last ones are recused and the first ones vote, one letter each.

    Y, N and A are votes, a dot is a member who does not vote.
    """
    seats = SEATS[:members]
    cast = {seat: LETTERS[letter] for seat, letter in zip(seats, votes, strict=False) if letter != "."}
    roll = Roll(
        attending=frozenset(seats[:attending]),
        investors={seats[place]: code for place, code in (investors or {}).items()},
        casting=casting,
        consents=None if consents is None else frozenset(seats[:consents]),
    )
    return tally(seats, seats[members - recused :] if recused else [], cast, rule, roll)


# Commercial Act, art. 391(1): a majority of directors present, and of those present a majority. Whoever abstains is
# present. Constitution, art. 49: in a tie the motion is rejected.
COMMERCIAL_ACT_391 = [
    # members, votes, quorum needed, outcome
    (3, "YY.", 2, "carried"),  # 2 of 3 present, 2 of 2 for
    (3, "Y..", 2, "deferred"),  # no quorum
    (4, "YY..", 3, "deferred"),  # half is no majority
    (4, "YYN.", 3, "carried"),  # 2 of 3
    (5, "YYNA.", 3, "rejected"),  # 2 of 4 present is no majority: an abstention works like a vote against
    (5, "YYYNA", 3, "carried"),  # 3 of 5
    (6, "YYYNNN", 4, "rejected"),  # a tie
    (7, "YYYYNNN", 4, "carried"),
    (7, "AAAA...", 4, "rejected"),  # present, and nobody for it
    (1, "Y", 1, "carried"),
]


@pytest.mark.parametrize(("members", "votes", "quorum", "outcome"), COMMERCIAL_ACT_391)
def test_the_default_rule_is_that_of_the_commercial_act(members: int, votes: str, quorum: int, outcome: str) -> None:
    found = count(members, votes)
    assert (found.quorum_needed, found.outcome) == (quorum, outcome)


# Supreme Court, 28 May 1991, 90da20084: of three directors two attend, one of them with a special interest. He counts
# for the quorum and not among those who decide: the other one's vote carries. Where a partnership agreement takes him
# out of both (the default here), one of two is no quorum.
DIRECTORS = [
    # quorum_of, attending, votes, present, quorum needed, base, outcome
    ("members", 3, "Y..", 2, 2, 1, "carried"),
    ("members", 3, "N..", 2, 2, 1, "rejected"),
    ("entitled", 3, "Y..", 1, 2, 1, "deferred"),
    ("entitled", 3, "YY.", 2, 2, 2, "carried"),
]


@pytest.mark.parametrize(("quorum_of", "attending", "votes", "present", "quorum", "base", "outcome"), DIRECTORS)
def test_a_recused_member_who_attends_counts_for_the_quorum_where_the_rule_asks_all_members(
    quorum_of: str, attending: int, votes: str, present: int, quorum: int, base: int, outcome: str
) -> None:
    found = count(3, votes, recused=1, rule=BallotRule(quorum_of=quorum_of), attending=attending)
    assert (found.present, found.quorum_needed, found.base, found.outcome) == (present, quorum, base, outcome)


def test_a_recused_member_who_stays_away_counts_for_nothing() -> None:
    assert count(3, "Y..", recused=1, rule=BallotRule(quorum_of="members")).outcome == "deferred"


# Robert's Rules of Order Newly Revised (12th ed.): 44:1 a majority is more than half of the votes cast, abstentions
# left out; 44:3 two thirds likewise; 44:12 on a tie a motion is lost unless the chair, a member, breaks it.
CAST = BallotRule(basis="cast")
CAST_TWO_THIRDS = BallotRule(basis="cast", majority="2/3")
ROBERTS_RULES = [
    # rule, votes of 20, outcome ("if 19 votes are cast, a majority is 10; if 20, it is 11"; 30 of 45, 20 of 30 for 2/3)
    (CAST, "Y" * 10 + "N" * 9, "carried"),
    (CAST, "Y" * 10 + "N" * 10, "rejected"),
    (CAST, "Y" * 11 + "N" * 9, "carried"),
    (CAST, "Y" * 5 + "N" * 4 + "A" * 11, "carried"),
    (CAST_TWO_THIRDS, "Y" * 12 + "N" * 6, "carried"),
    (CAST_TWO_THIRDS, "Y" * 12 + "N" * 7, "rejected"),
    (CAST_TWO_THIRDS, "Y" * 2 + "N" + "A" * 10, "carried"),
    (CAST, "A" * 12, "rejected"),
]


@pytest.mark.parametrize(("rule", "votes", "outcome"), ROBERTS_RULES)
def test_votes_cast_alone_decide_as_in_roberts_rules(rule: BallotRule, votes: str, outcome: str) -> None:
    assert count(20, votes, rule=rule).outcome == outcome


# Two thirds of those present with abstentions in, as in the design's example: 6 present, 4 needed.
TWO_THIRDS = BallotRule(majority="2/3")
PRESENT_TWO_THIRDS = [
    (9, "YYYYNA", 2, 6, 4, "carried"),
    (9, "YYYNNA", 2, 6, 4, "rejected"),
    (9, "YYYY", 2, 4, 3, "carried"),
]


@pytest.mark.parametrize(("members", "votes", "recused", "present", "needed", "outcome"), PRESENT_TWO_THIRDS)
def test_two_thirds_of_those_present(
    members: int, votes: str, recused: int, present: int, needed: int, outcome: str
) -> None:
    found = count(members, votes, recused=recused, rule=TWO_THIRDS)
    assert (found.present, found.yes_needed, found.outcome) == (present, needed, outcome)


# Venture investment associations decide by members' agreement as their agreements say, often of all with a vote.
ENTITLED = BallotRule(basis="entitled")
OF_ALL_ENTITLED = [
    (7, "YYYY...", 0, 4, "carried"),
    (7, "YYYN...", 0, 4, "rejected"),
    (7, "YYY....", 1, 4, "deferred"),  # 3 of 6 is no quorum
    (7, "YYYY...", 1, 4, "carried"),
    (7, "YYYNN..", 2, 3, "carried"),
]


@pytest.mark.parametrize(("members", "votes", "recused", "needed", "outcome"), OF_ALL_ENTITLED)
def test_a_majority_of_all_entitled(members: int, votes: str, recused: int, needed: int, outcome: str) -> None:
    found = count(members, votes, recused=recused, rule=ENTITLED)
    assert (found.yes_needed, found.outcome) == (needed, outcome)


CASTING = BallotRule(tie="casting_vote")
TIES: list[tuple[str, Choice | None, str, Choice | None]] = [
    # votes of 6, how the chair's casting vote would fall, outcome, whether it was used
    ("YYYNNN", "yes", "carried", "yes"),
    ("YYYNNN", "no", "rejected", "no"),
    ("YYYNNN", None, "rejected", None),  # the clock has none
    ("YYNNA.", "yes", "carried", "yes"),  # as many for as against, and one abstains
    ("YYYYNN", "no", "carried", None),  # no tie, no casting vote
    ("YYNNNN", "yes", "rejected", None),
    ("AAAA..", "yes", "rejected", None),  # nobody for, nobody against is no tie
    ("YN....", "yes", "deferred", None),  # no quorum
]


@pytest.mark.parametrize(("votes", "casting", "outcome", "used"), TIES)
def test_the_casting_vote_counts_in_a_tie_alone(
    votes: str, casting: Choice | None, outcome: str, used: Choice | None
) -> None:
    found = count(6, votes, rule=CASTING, casting=casting)
    assert (found.outcome, found.casting) == (outcome, used)


VETO = BallotRule(veto=("kt", "microsoft"))
VETOES = [
    # votes of 6; seat 0 sits for kt, seat 1 for microsoft, seat 2 for somebody without a veto
    ("YYYYY.", "carried", ()),
    ("NYYYYY", "rejected", ("kt",)),
    ("NNYYYY", "rejected", ("kt", "microsoft")),
    ("YYNYYY", "carried", ()),
    ("AYYYYY", "carried", ()),  # an abstention is no veto
    (".YYYYY", "carried", ()),
    ("N.....", "deferred", ("kt",)),  # no quorum, nothing decided
]


@pytest.mark.parametrize(("votes", "outcome", "by"), VETOES)
def test_a_partners_vote_against_defeats_a_proposal(votes: str, outcome: str, by: tuple[str, ...]) -> None:
    found = count(6, votes, rule=VETO, investors={0: "kt", 1: "microsoft", 2: "other"})
    assert (found.outcome, found.vetoed_by) == (outcome, by)


def test_a_recused_partner_has_no_veto() -> None:
    seats = SEATS[:4]
    votes = dict(zip(seats, ("yes", "yes", "yes", "no"), strict=True))
    found = tally(seats, [seats[3]], votes, VETO, Roll(investors={seats[3]: "kt"}))
    assert (found.outcome, found.vetoed_by) == ("carried", ())


ABSENT = BallotRule(abstentions="absent")
ATTENDING = BallotRule(presence="attending")
PRESENCE = [
    # rule, members, attending, votes, present, base, outcome
    (ABSENT, 5, 0, "YYNA.", 3, 3, "carried"),
    (ABSENT, 5, 0, "YYAAA", 2, 2, "deferred"),
    (ATTENDING, 7, 6, "YYYN...", 6, 6, "rejected"),  # three silent members are present
    (ATTENDING, 7, 6, "YYYYN..", 6, 6, "carried"),
    (ATTENDING, 7, 2, "YYYYN..", 5, 5, "carried"),  # who voted was there
    (ATTENDING, 7, 3, "YY.....", 3, 3, "deferred"),
]


@pytest.mark.parametrize(("rule", "members", "attending", "votes", "present", "base", "outcome"), PRESENCE)
def test_who_is_present_is_the_rules_to_say(
    rule: BallotRule, members: int, attending: int, votes: str, present: int, base: int, outcome: str
) -> None:
    found = count(members, votes, rule=rule, attending=attending)
    assert (found.present, found.base, found.outcome) == (present, base, outcome)


# A resolution in writing instead of a meeting needs the consent of all (Commercial Act, art. 363(4), by analogy).
WRITTEN = BallotRule(written="consent", presence="attending")


@pytest.mark.parametrize(
    ("consents", "lacking", "outcome"), [(5, 0, "carried"), (4, 1, "deferred"), (0, 5, "deferred")]
)
def test_where_all_must_agree_to_decide_in_writing_one_missing_word_defers(
    consents: int, lacking: int, outcome: str
) -> None:
    found = count(5, "YYYY.", rule=WRITTEN, consents=consents)
    assert (found.unconsented, found.outcome) == (lacking, outcome)


def test_the_consent_of_a_recused_member_is_not_asked() -> None:
    assert count(5, "YYYY.", recused=1, rule=WRITTEN, consents=4).outcome == "carried"


@pytest.mark.parametrize(
    ("quorum", "votes", "outcome"),
    [
        ("2/3", "YYYY..", "carried"),
        ("2/3", "YYY...", "deferred"),
        ("5", "YYYY..", "deferred"),
        ("3", "YYY...", "carried"),
    ],
)
def test_a_quorum_is_a_share_or_a_number_of_heads(quorum: str, votes: str, outcome: str) -> None:
    assert count(6, votes, rule=BallotRule(quorum=quorum)).outcome == outcome


@pytest.mark.parametrize(
    ("share", "base", "needed"),
    [
        ("majority", 0, 1),
        ("majority", 7, 4),
        ("majority", 8, 5),
        ("2/3", 6, 4),
        ("2/3", 7, 5),
        ("3/4", 8, 6),
        ("5", 9, 5),
    ],
)
def test_heads_needed_are_rounded_up(share: str, base: int, needed: int) -> None:
    assert needed_of(share, base) == needed


def test_the_arithmetic_names_what_turned_the_outcome() -> None:
    tie = count(6, "YYYNNN", rule=CASTING, casting="yes")
    assert tie.arithmetic("ko") == (
        "재적 6, 제척·회피 0, 의결권 6, 출석 6, 정족수 4 → 성립; 찬성 3, 반대 3 → 가부동수, 위원장 결정권 찬성 → 가결"
    )
    assert tie.arithmetic("en").endswith("yes 3, no 3 → tie, casting vote for → carried")
    veto = count(6, "NYYYYY", rule=VETO, investors={0: "kt"})
    assert veto.arithmetic("ko").endswith("찬성 5, 반대 1 → kt 거부권 → 부결")
    share = count(9, "YYYYNA", recused=2, rule=TWO_THIRDS)
    assert share.arithmetic("ko").endswith("찬성 4, 반대 1, 기권 1, 가결선 6명 중 4 → 가결")
    assert share.arithmetic("en").endswith("yes 4, no 1, abstain 1, needs 4 of 6 → carried")
    consent = count(5, "YYYY.", rule=WRITTEN, consents=4)
    assert consent.arithmetic("ko").endswith("성립; 서면결의 동의 1명 부족 → 보류")


FULL: dict[str, Any] = {
    "quorum": "2/3",
    "quorum_of": "members",
    "presence": "attending",
    "majority": "3/5",
    "basis": "cast",
    "abstentions": "absent",
    "tie": "rejected",
    "veto": ["kt"],
    "form": "open",
    "written": "consent",
}


def test_a_call_states_its_rule_and_a_ballot_keeps_it() -> None:
    rule = ballot_rule({"ballot": FULL})
    assert rule.as_document() == FULL
    assert BallotRule.of_document(rule.as_document()) == rule
    assert ballot_rule({"ballot": {"quorum": 5}}).quorum == "5"
    assert ballot_rule({}) == BallotRule()


@pytest.mark.parametrize(
    ("stated", "field"),
    [
        ({"quorom": "majority"}, "ballot.quorom"),
        ({"quorum": "1/2"}, "ballot.quorum"),
        ({"quorum": 0}, "ballot.quorum"),
        ({"quorum": True}, "ballot.quorum"),
        ({"majority": 5}, "ballot.majority"),
        ({"majority": "1/3"}, "ballot.majority"),
        ({"majority": "5/4"}, "ballot.majority"),
        ({"tie": "coin"}, "ballot.tie"),
        ({"tie": "casting_vote", "majority": "2/3"}, "ballot.tie"),
        ({"tie": "casting_vote", "basis": "entitled"}, "ballot.tie"),
        ({"veto": "kt"}, "ballot.veto"),
        ({"veto": ["kt"], "form": "secret"}, "ballot.veto"),
        ({"form": "unlisted"}, "ballot.form"),
        ({"written": 1}, "ballot.written"),
        ("majority", "ballot"),
    ],
)
def test_a_rule_that_makes_no_sense_names_its_key(stated: object, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        ballot_rule({"ballot": stated})
    assert refused.value.details["field"] == field
