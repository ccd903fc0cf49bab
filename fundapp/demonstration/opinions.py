"""What invented reviewers think and write. Seeded, plausible, and nobody's real words."""

from __future__ import annotations

from fundapp.committee.rules import CRITERIA, HIGHEST, LOWEST, Choice, Rating
from fundapp.demonstration.scenario import Character, Scenario

_REASONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "spc_fit": (
        ("SPC로 옮길 계획이 구체적이지 않습니다.", "국내 처리 구간과 국외 처리 구간이 나뉘어 있지 않습니다."),
        ("컨테이너 전환 일정은 있으나 키 관리 방식을 더 확인해야 합니다.", "SPC 연계 범위가 일부 기능에 그칩니다."),
        ("이미 컨테이너로 운영하고 있어 SPC로 옮기는 부담이 작습니다.", "기밀 컴퓨팅이 필요한 업무라 SPC에 맞습니다."),
    ),
    "korean_ai": (
        ("한국어 성능을 어떻게 잴지 적혀 있지 않습니다.", "외국 모델을 그대로 쓰는 계획입니다."),
        ("한국어 평가 자료는 있으나 이용 권리 확인이 남았습니다.", "조정 학습 방법은 타당하나 자료 양이 적습니다."),
        ("한국어 자료의 권리와 평가 방법이 모두 분명합니다.", "업무 용어에 맞춘 평가 결과를 제시했습니다."),
    ),
    "market": (
        ("시범 고객이 없어 수요를 확인하기 어렵습니다.", "가격 근거가 약합니다."),
        ("시범 고객은 있으나 유료 전환 시점이 분명하지 않습니다.", "경쟁 제품과 다른 점을 더 보여 주어야 합니다."),
        ("유료 고객과 도입 의향서가 있어 매출 계획이 믿을 만합니다.", "규제 산업 고객을 이미 확보했습니다."),
    ),
    "gpu_case": (
        ("GPU 산출 근거표가 없거나 작업과 시간이 맞지 않습니다.", "신청 시간이 작업량에 비해 많습니다."),
        ("산출 근거는 있으나 사용률 가정이 높습니다.", "학습과 추론 시간을 나누어 다시 계산할 필요가 있습니다."),
        ("작업별 산출 근거가 있고 과거 사용률도 높습니다.", "단계별로 필요한 시간을 설득력 있게 제시했습니다."),
    ),
    "team": (
        ("핵심 역할 가운데 비어 있는 자리가 많습니다.", "비슷한 과제를 마친 경험이 없습니다."),
        ("개발 인력은 충분하나 운영 인력을 보강해야 합니다.", "마친 과제가 있으나 규모가 작습니다."),
        ("필요한 역할이 모두 채워져 있고 마친 과제가 많습니다.", "같은 산업에서 납품한 경험이 있습니다."),
    ),
}


def form_view(scenario: Scenario, member: Character, number: str, machine_tenths: int) -> int:
    """Return what a member makes of an application, in tenths of 100: the machine's view, their severity, noise."""
    spread: int = 2 * scenario.document["reviews"]["noise_tenths"]
    noise = round((scenario.draw("view", number, member.email) - 0.5) * spread)
    # Reviewers see what a rubric cannot: some applications are liked more, some less, by everybody.
    appeal = round((scenario.draw("appeal", number) - 0.5) * 240)
    return max(0, min(1000, machine_tenths + member.severity_tenths + noise + appeal))


def rate(scenario: Scenario, member: Character, number: str, view_tenths: int) -> list[Rating]:
    """Return ratings with reasons for every criterion; the mean follows the view."""
    ratings = []
    for criterion in CRITERIA:
        shift = (scenario.draw("rating", number, member.email, criterion.key) - 0.5) * 260
        exact = LOWEST + (HIGHEST - LOWEST) * (view_tenths + shift) / 1000
        value = max(LOWEST, min(HIGHEST, round(exact)))
        band = 0 if value <= 2 else 1 if value == 3 else 2  # noqa: PLR2004 - low, middle, high of five
        choices = _REASONS[criterion.key][band]
        reason = choices[int(scenario.draw("reason", number, member.email, criterion.key) * len(choices))]
        ratings.append(Rating(criterion.key, value, reason))
    return ratings


def decide_vote(scenario: Scenario, member: Character, number: str, view_tenths: int) -> Choice:
    """Return yes, no or abstain: members vote for what they rated above the middle, mostly."""
    mood = scenario.draw("vote", number, member.email)
    if mood < 0.03:  # noqa: PLR2004 - a few abstain
        return "abstain"
    return "yes" if view_tenths + round((mood - 0.5) * 160) >= 600 else "no"  # noqa: PLR2004 - clearly above the middle
