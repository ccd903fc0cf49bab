"""What can stand in the way of a plan, each with a name: the settings of a call, and the breaches of them."""

from __future__ import annotations

from dataclasses import dataclass

_WORDS = {
    "must": ("{s} 반드시 선정", "{s} must be awarded"),
    "must_not": ("{s} 선정 제외", "{s} must not be awarded"),
    "pin": ("{s} 고정", "what {s} is pinned to"),
    "budget": ("현금 한도", "the cash budget"),
    "capacity": ("{s} 남은 시간", "the free hours of {s}"),
    "codev": ("{s} 공동 개발 일수", "the co-development days of {s}"),
    "sector_cap": ("산업 상한({s})", "the cap of the sector {s}"),
    "sme_floor": ("중소기업 최소 비중", "the floor for small companies"),
    "non_capital_floor": ("비수도권 최소 비중", "the floor for companies outside the capital region"),
    "quota": ("비중 조건({s})", "the quota {s}"),
    "own_cap": ("기업당 상한", "the cap for one applicant"),
    "minimum": ("{s} 최소 필요량", "the minimum of {s}"),
    "request": ("{s} 신청량", "the request of {s}"),
    "ticket": ("{s} 허용 금액", "the tickets of {s}"),
    "joint": ("{s} 현금·GPU 동시 조건", "cash and GPU time together for {s}"),
    "block": ("블록 단위", "whole blocks"),
    "applicant": ("{s} 배정 대상", "{s} among the applicants"),
}


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """One thing that a call or a person has set, and that could be set otherwise.

    Attributes:
        kind: Such as ``budget``, ``capacity``, ``must``, ``minimum``.
        subject: What it is about: an application number, ``H100 2026Q3``, a sector; empty where there is only one.
    """

    kind: str
    subject: str = ""

    @property
    def ko(self) -> str:
        """Its name in Korean."""
        return _WORDS[self.kind][0].format(s=self.subject)

    @property
    def en(self) -> str:
        """Its name in English."""
        return _WORDS[self.kind][1].format(s=self.subject)


@dataclass(frozen=True, slots=True)
class Breach:
    """A setting that a plan does not keep.

    Attributes:
        setting: Which.
        code: The application whose award breaks it; empty where all awards together do.
        sentence: What was found, in English, with the figures.
    """

    setting: Setting
    code: str
    sentence: str


class PlanInfeasible(ValueError):  # noqa: N818 - the word the committee reads; every error here is one of terms
    """No plan satisfies the terms.

    Attributes:
        conflict: The smallest set of settings that cannot hold together; without any one of them a plan exists. Empty
            where only time ran out.
        reason: One sentence for people, naming them, in English.
        reason_ko: The same in Korean.
    """

    def __init__(self, conflict: tuple[Setting, ...]) -> None:
        self.conflict = conflict
        self.reason, self.reason_ko = _sentences(conflict)
        super().__init__(self.reason)


def _sentences(conflict: tuple[Setting, ...]) -> tuple[str, str]:
    if not conflict:
        return "no plan was found within the time allowed", "주어진 시간 안에 배정안을 찾지 못했습니다"
    ko = ", ".join(setting.ko for setting in conflict)
    if len(conflict) == 1:
        return f"{conflict[0].en} cannot be kept", f"{ko}: 지킬 수 없습니다"
    names = [setting.en for setting in conflict]
    return (
        f"these cannot all hold: {', '.join(names[:-1])} and {names[-1]}",
        f"다음은 함께 지킬 수 없습니다: {ko}",
    )
