"""Words for changes of grants, reports, offers and notices, on both sides of the counter."""

from __future__ import annotations

from decimal import Decimal

from fundapp.core.errors import InvalidInputError
from fundapp.core.quantities import HOUR
from fundapp.web.shell.language import lazy

KIND_WORDS = {
    "extension": lazy("사용 기한 연장"),
    "supplement": lazy("추가 배정"),
    "transfer": lazy("다른 종류·분기로 옮기기"),
    "advance": lazy("다음 분기 시간 당겨 쓰기"),
    "early_return": lazy("반납"),
}
KIND_NOTES = {
    "extension": lazy("분기가 끝난 뒤에도 남은 시간을 씁니다."),
    "supplement": lazy("같은 종류와 분기의 시간을 더 받습니다."),
    "transfer": lazy("협약 단가 비율로 바꿉니다."),
    "advance": lazy("뒤 분기 배정을 이번 분기에 씁니다."),
    "early_return": lazy("쓰지 않을 시간을 펀드에 돌려줍니다."),
}
STATE_WORDS = {
    "requested": (lazy("결정 전"), "warn", "clock"),
    "approved": (lazy("승인"), "ok", "check2"),
    "declined": (lazy("받아들이지 않음"), "err", "x-lg"),
    "withdrawn": (lazy("취소함"), "line", "slash-circle"),
}
REPORT_WORDS = {
    "filed": (lazy("읽기 전"), "warn", "clock"),
    "accepted": (lazy("확인했음"), "ok", "check2"),
    "returned": (lazy("보완 요청"), "err", "arrow-return-left"),
}
OFFER_WORDS = {
    "open": (lazy("답 기다림"), "warn", "clock"),
    "accepted": (lazy("받음"), "ok", "check2"),
    "declined": (lazy("사양"), "line", "slash-circle"),
    "expired": (lazy("기한 지남"), "line", "hourglass-bottom"),
}
NOTICE_WORDS = {
    "open": (lazy("예고"), "warn", "clock"),
    "withdrawn": (lazy("사용 재개로 취소"), "ok", "check2"),
    "waived": (lazy("면제"), "line", "slash-circle"),
    "acted": (lazy("회수함"), "err", "arrow-return-left"),
}
RULE_WORDS = {"idle": lazy("장기간 사용 없음"), "minimal_use": lazy("최소 사용량 미달")}
QUOTA_WORDS = {
    "requested": (lazy("신청"), "warn", "clock"),
    "approved": (lazy("승인"), "ok", "check2"),
    "denied": (lazy("거절"), "err", "x-lg"),
}
_MOST_HOURS = Decimal(10**9)


def exact_hours(value: Decimal | None, field: str = "hours") -> int | None:
    """Return hours in ten-thousandths; None for None.

    Raises:
        InvalidInputError: if they have more than four decimals or are out of range.
    """
    if value is None:
        return None
    # Arithmetic on 1e999999999 overflows; a copy without its sign only compares.
    fits = value.is_finite() and value.copy_abs() <= _MOST_HOURS and value * HOUR == int(value * HOUR)
    if not fits:
        raise InvalidInputError(
            field=field,
            reason_ko="소수점 아래 넷째 자리까지 적을 수 있습니다",
            reason_en="at most four decimals, and no more than a billion",
        )
    return int(value * HOUR)
