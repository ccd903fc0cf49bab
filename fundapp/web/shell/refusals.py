"""Refusals in words on a page: the field that one concerns bears the name that forms give it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm

from fundapp.core.errors import FundError, InvalidInputError
from fundapp.portfolio.rules import TERMS
from fundapp.web.shell.language import current_locale, lazy, pick

FIELD_WORDS: Mapping[str, Any] = {
    "agrees": lazy("서면결의 동의"),
    "answers": lazy("문항의 답"),
    "amount": lazy("금액"),
    "amount_krw": lazy("금액"),
    "body": lazy("의견"),
    "body_en": lazy("영어 본문"),
    "body_ko": lazy("한국어 본문"),
    "calibration_note": lazy("보정 근거"),
    "casting": lazy("위원장 결정권"),
    "change_reason": lazy("바뀐 이유 또는 그대로 둔 이유"),
    "certifier": lazy("확인할 사람"),
    "chapter": lazy("어느 장"),
    "charge": lazy("청구 줄"),
    "chart": lazy("그림"),
    "columns": lazy("열"),
    "choice": lazy("내 표"),
    "closed_on": lazy("납입일"),
    "closes": lazy("마감 시각"),
    "conditions": lazy("선행조건"),
    "filters": lazy("조건"),
    "policy": lazy("인식 방식"),
    "group": lazy("묶기"),
    "view": lazy("표"),
    "cost_krw": lazy("줄어든 투자 원가"),
    "dated_on": lazy("날짜"),
    "business_number": lazy("사업자등록번호"),
    "company_name": lazy("회사 이름"),
    "corporate_number": lazy("법인등록번호"),
    "dismissal": lazy("사유"),
    "group_name": lazy("기업집단"),
    "person": lazy("위원"),
    "share": lazy("지분"),
    "tags": lazy("전문 분야"),
    "day": lazy("고시일"),
    "deadline": lazy("서면결의 기한"),
    "done_on": lazy("끝낸 날"),
    "due_on": lazy("납입 기한"),
    "questions": lazy("고칠 수 있게 열 문항"),
    "effective_on": lazy("기준일"),
    "email": lazy("이메일"),
    "ends_at": lazy("끝나는 시각"),
    "evidence": lazy("증빙"),
    "expense": lazy("조합 비용"),
    "fair_value_krw": lazy("공정가치"),
    "file": lazy("파일"),
    "files": lazy("파일"),
    "follows": lazy("앞선 협약"),
    "form": lazy("투표 방식"),
    "gpu": lazy("GPU시간"),
    "gpu_release": lazy("GPU시간 배정 방식"),
    "gpus": lazy("GPU 수"),
    "held_on": lazy("날짜"),
    "announced_on": lazy("발표한 날"),
    "hours": lazy("GPU시간"),
    "inputs": lazy("가정"),
    "instrument": lazy("투자 방식"),
    "issued_on": lazy("발급일"),
    "item": lazy("점검 항목"),
    "kind": lazy("종류"),
    "krw": lazy("금액"),
    "lines": lazy("쓸 곳"),
    "meeting": lazy("회의"),
    "letters": lazy("통지서"),
    "links": lazy("자료 주소"),
    "milestone_status": lazy("이정표 상황"),
    "name": lazy("이름"),
    "new_money_krw": lazy("신규 투자금"),
    "named": lazy("읽을 사람"),
    "note": lazy("메모"),
    "option_krw": lazy("후속 투자 선택권 금액"),
    "option_until": lazy("선택권 기한"),
    "order": lazy("안건 순서"),
    "owner": lazy("담당"),
    "outcomes": lazy("통지할 결과"),
    "our_shares": lazy("우리 주식 수"),
    "outcome": lazy("판단"),
    "paid_on": lazy("입금일"),
    "paying_customers": lazy("유료 고객"),
    "per_application": lazy("안건마다 심사위원 수"),
    "phase": lazy("다음 단계"),
    "pre_money_krw": lazy("투자 전 기업가치"),
    "price": lazy("1시간 단가"),
    "price_krw": lazy("주당 가격"),
    "quarter": lazy("분기"),
    "rate": lazy("1달러의 원화 값"),
    "rate_krw": lazy("협약 단가"),
    "ratings": lazy("평가"),
    "reason": lazy("사유"),
    "region": lazy("리전"),
    "result": lazy("결과"),
    "revenue": lazy("매출"),
    "rows": lazy("고른 안건"),
    "roles": lazy("역할"),
    "round_new_percent": lazy("신규 투자자 비중"),
    "round_price_krw": lazy("근거 라운드의 주당 가격"),
    "route": lazy("제도"),
    "rules": lazy("통지 글"),
    "schedule": lazy("차수"),
    "scope": lazy("막는 것"),
    "sharing": lazy("나누는 기준"),
    "side": lazy("서명하는 쪽"),
    "signed_on": lazy("협약일"),
    "sku": lazy("GPU 종류"),
    "source": lazy("출처"),
    "starts_at": lazy("시작하는 시각"),
    "state": lazy("상태"),
    "subject_en": lazy("영어 제목"),
    "subject_ko": lazy("한국어 제목"),
    "subscription": lazy("구독"),
    "target": lazy("어디로 옮기나요"),
    "technique": lazy("방법"),
    "text": lazy("내용"),
    "title": lazy("회의 이름"),
    "settings": lazy("배정 조건"),
    "total_shares": lazy("완전 희석 주식 수"),
    "track": lazy("갈래"),
    "until": lazy("언제까지 쓰나요"),
    "valid_from": lazy("적용 시작일(UTC)"),
    "valid_to": lazy("적용 종료일(UTC)"),
    "value": lazy("상당액"),
    "vcpus": lazy("vCPU"),
    "vcpus_per_gpu": lazy("GPU 1장의 vCPU"),
    "visibility": lazy("공개 범위"),
    "vote_reason": lazy("의견"),
    "vm_family": lazy("VM 계열"),
    "version": lazy("판 이름"),
}
"""Fields that an action may refuse, by their name in the code."""
_TERM_WORDS = {term.name: (term.ko, term.en) for terms in TERMS.values() for term in terms}


def say_refusal(error: FundError, form: FlaskForm | None = None) -> str:
    """Return what a refusal says on a page; a field that no form has goes unnamed.

    Args:
        error: What was refused.
        form: The form that asked, if its labels are to be used.
    """
    if (
        not isinstance(error, InvalidInputError) or "reason_ko" not in error.details
    ):  # some have a sentence of their own
        return error.message(current_locale())
    reason = pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))
    field = str(error.details["field"])
    label = str(form[field].label.text) if form is not None and field in form else label_of(field)
    return f"{label}: {reason}" if label else reason


def label_of(field: str) -> str:
    """Return what the forms call a field, or nothing."""
    if field in _TERM_WORDS:
        return pick(*_TERM_WORDS[field])
    return str(FIELD_WORDS.get(field, ""))
