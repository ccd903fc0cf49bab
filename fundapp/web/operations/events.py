"""Events of the record in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fundapp.audit.queries import EventRow
from fundapp.web.operations.reading import Recusals
from fundapp.web.shell.language import lazy

EVENT_WORDS: Mapping[str, Any] = {
    "applications.imported": lazy("신청 일괄 접수"),
    "applications.exported": lazy("신청 내보내기"),
    "applications.screened": lazy("채점"),
    "application.submit": lazy("신청 접수"),
    "application.release": lazy("심사로 올림"),
    "application.declare_ineligible": lazy("요건 미충족 판단"),
    "application.propose": lazy("안건 상정"),
    "application.approve": lazy("가결"),
    "application.reject": lazy("부결"),
    "application.defer": lazy("보류"),
    "application.award": lazy("협약"),
    "application.assigned": lazy("심사 배정"),
    "application.withdraw": lazy("철회"),
    "award.signed": lazy("협약 체결"),
    "ballot.opened": lazy("표결 시작"),
    "ballot.closed": lazy("표결 마감"),
    "call.opened": lazy("공모 등록"),
    "cash.committed": lazy("출자 약정"),
    "company.joined": lazy("기업 구성원 추가"),
    "condition.met": lazy("이행조건 충족"),
    "condition.waived": lazy("이행조건 면제"),
    "application.unassigned": lazy("심사 거둠"),
    "challenge.filed": lazy("기피 신청"),
    "challenge.voted": lazy("기피 신청 투표"),
    "challenge.upheld": lazy("기피 신청 받아들임"),
    "challenge.dismissed": lazy("기피 신청 기각"),
    "challenge.set_aside": lazy("기피 신청 각하"),
    "conflict.declared": lazy("이해충돌 기록"),
    "conflict.dismissed": lazy("이해충돌 아님"),
    "conflict.lift_asked": lazy("이해충돌 해제 요청"),
    "conflict.lift_refused": lazy("이해충돌 해제 거절"),
    "conflict.lifted": lazy("이해충돌 해제"),
    "conflict.pledged": lazy("이해충돌 없음 서약"),
    "expertise.set": lazy("전문 분야 저장"),
    "group.recorded": lazy("기업집단 기록"),
    "group.withdrawn": lazy("기업집단에서 뺌"),
    "interest.declared": lazy("이해관계 신고"),
    "interest.withdrawn": lazy("이해관계 신고 취소"),
    "meeting.pledged": lazy("회의 서약"),
    "reviews.assigned": lazy("심사 균형 배정"),
    "reviews.reminded": lazy("심사 알림"),
    "mail.resent": lazy("메일 다시 보냄"),
    "mail_text.saved": lazy("메일 글 저장"),
    "fund.founded": lazy("펀드 결성"),
    "grant.expired": lazy("GPU 배정 만료"),
    "investor.added": lazy("출자자 등록"),
    "meeting.scheduled": lazy("회의 소집"),
    "person.created": lazy("계정 생성"),
    "person.roles_set": lazy("역할 변경"),
    "person.deactivated": lazy("계정 정지"),
    "person.password_set": lazy("비밀번호 변경"),
    "person.sessions_revoked": lazy("모든 기기 로그아웃"),
    "person.signed_in": lazy("로그인"),
    "person.login_failed": lazy("로그인 실패"),
    "token.issued": lazy("토큰 발급"),
    "token.revoked": lazy("토큰 폐기"),
    "plan.made": lazy("배정안 작성"),
    "plan.adopted": lazy("배정안 상정"),
    "pool.contributed": lazy("현물출자"),
    "report.frozen": lazy("보고서 확정"),
    "review.filed": lazy("심사 저장"),
    "rubric.drafted": lazy("기준표 초안 작성"),
    "rubric.proposed": lazy("기준표 검토 부탁"),
    "rubric.returned": lazy("기준표 되돌림"),
    "rubric.discarded": lazy("기준표 초안 버림"),
    "rubric.published": lazy("기준표 공표"),
    "tranche.prepared": lazy("집행 올림"),
    "tranche.disbursed": lazy("집행 승인"),
    "tranche.returned": lazy("집행 돌려보냄"),
    "usage.imported": lazy("사용량 반영"),
    "valuation.recorded": lazy("공정가치 기록"),
    "vote.cast": lazy("투표"),
}
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class EventShown:
    """One event; `closed` ones name what the viewer may know nothing of, and show only that they are there."""

    event: EventRow
    words: str
    details: str
    closed: bool


def show_events(events: Sequence[EventRow], recusals: Recusals) -> list[EventShown]:
    """Put events into words."""
    return [_show(event, closed=recusals.hides_event(event.subject, event.details)) for event in events]


def _show(event: EventRow, *, closed: bool) -> EventShown:
    text = json.dumps(event.details, ensure_ascii=False, sort_keys=True)[1:-1]
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return EventShown(event, str(EVENT_WORDS.get(event.verb, "")), "" if closed else shown, closed)
