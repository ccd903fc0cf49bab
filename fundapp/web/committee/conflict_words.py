"""Words of the pages about conflicts and assignment, and their lists as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fundapp.committee.queries.recusals import RecusalRow
from fundapp.committee.queries.register import InterestRow
from fundapp.committee.queries.suggestions import Suggestion
from fundapp.committee.rules import GROUNDS
from fundapp.web.shell.downloads import Cell, Column
from fundapp.web.shell.language import gettext, lazy, pick

KIND_WORDS: Mapping[str, Any] = {
    "shareholding": lazy("지분"),
    "employment": lazy("임직원·사외이사"),
    "advisory": lazy("대리·자문"),
    "family": lazy("가족의 회사"),
    "group": lazy("같은 기업집단"),
    "coinvestment": lazy("함께 투자"),
}
SIGNAL_WORDS: Mapping[str, Any] = {
    "name": lazy("비슷한 회사 이름"),
    "domain": lazy("같은 메일 도메인"),
    "phone": lazy("같은 전화번호"),
    "address": lazy("같은 주소"),
    "small_share": lazy("기준보다 적은 지분"),
    "former": lazy("기간이 지난 관계"),
    "coinvestment": lazy("함께 투자한 회사"),
}
ROUTE_WORDS: Mapping[str, Any] = {
    "disqualification": lazy("제척"),
    "challenge": lazy("기피"),
    "self_recusal": lazy("회피"),
}
CHALLENGE_WORDS: Mapping[str, Any] = {
    "pending": lazy("의결 전"),
    "upheld": lazy("받아들임"),
    "dismissed": lazy("기각"),
    "set_aside": lazy("각하"),
}
OUTCOME_WORDS: Mapping[str, Any] = {"dismissed": lazy("이해충돌 아님"), "confirmed": lazy("이해충돌 확인")}
FATE_WORDS: Mapping[str, Any] = {
    "mailed": lazy("보냄"),
    "done": lazy("모두 저장함"),
    "unassigned": lazy("맡은 심사 없음"),
    "today": lazy("오늘 이미 보냄"),
    "recently": lazy("알림 주기 전"),
}
TRACK_WORDS: Mapping[str, Any] = {"spc": lazy("SPC 연계"), "korean_ai": lazy("한국적 AI 연계")}


def rule_word(rule: str) -> str:
    """Return what disqualifies, in the present language."""
    ground = GROUNDS[rule]
    return pick(ground.ko, ground.en)


def rule_basis(rule: str) -> str:
    """Return where that is written, in the present language."""
    ground = GROUNDS[rule]
    return pick(ground.basis_ko, ground.basis_en)


def tag_word(tag: str) -> str:
    """Return the name of a field: a track's, or the industry as the form has it."""
    return str(TRACK_WORDS.get(tag, tag))


def share_text(share_bp: int | None) -> str:
    """Return a share that is kept in hundredths of a percent."""
    return "" if share_bp is None else f"{share_bp / 100:.2f}%"


def interest_columns() -> list[Column]:
    """Return the columns of the register as a file."""
    return [
        Column(gettext("위원")),
        Column(gettext("종류")),
        Column(gettext("회사")),
        Column(gettext("사업자등록번호")),
        Column(gettext("법인등록번호")),
        Column(gettext("기업집단")),
        Column(gettext("지분")),
        Column(gettext("시작"), "day"),
        Column(gettext("끝"), "day"),
        Column(gettext("관계")),
        Column(gettext("적은 사람")),
        Column(gettext("적은 시각"), "instant"),
    ]


def interest_cells(rows: Sequence[InterestRow]) -> Iterator[Sequence[Cell]]:
    """Return the register's rows as a file; what was replaced or withdrawn is left out."""
    for row in rows:
        if row.current:
            yield (
                row.person,
                str(KIND_WORDS[row.kind]),
                row.company_name,
                row.business_number,
                row.corporate_number,
                row.group_name,
                share_text(row.share_bp),
                row.since,
                row.until,
                row.relation,
                row.recorded_by,
                row.at,
            )


def recusal_columns() -> list[Column]:
    """Return the columns of the record of recusals as a file."""
    return [
        Column(gettext("접수번호")),
        Column(gettext("기업")),
        Column(gettext("위원")),
        Column(gettext("제도")),
        Column(gettext("근거")),
        Column(gettext("적은 사람")),
        Column(gettext("시각"), "instant"),
        Column(gettext("해제"), "instant"),
    ]


def recusal_cells(rows: Sequence[RecusalRow]) -> Iterator[Sequence[Cell]]:
    """Return the record of recusals as a file, without reasons: those stay on the page."""
    for row in rows:
        yield (
            row.number,
            row.company,
            row.person,
            str(ROUTE_WORDS[row.route]),
            rule_word(row.rule) if row.rule else None,
            row.declared_by,
            row.at,
            row.lifted_at,
        )


def suggestion_columns() -> list[Column]:
    """Return the columns of suggestions as a file."""
    return [
        Column(gettext("접수번호")),
        Column(gettext("기업")),
        Column(gettext("위원")),
        Column(gettext("겹치는 항목")),
        Column(gettext("답")),
        Column(gettext("답한 사람")),
        Column(gettext("시각"), "instant"),
    ]


def suggestion_cells(rows: Sequence[Suggestion]) -> Iterator[Sequence[Cell]]:
    """Return suggestions as a file, without reasons."""
    for row in rows:
        facts = "; ".join(
            f"{SIGNAL_WORDS[one.kind]}: {one.facts['ours']} = {one.facts['theirs']}" for one in row.signals
        )
        outcome = str(OUTCOME_WORDS[row.outcome]) if row.outcome else None
        yield (row.number, row.company, row.person, facts, outcome, row.answered_by, row.answered_at)
