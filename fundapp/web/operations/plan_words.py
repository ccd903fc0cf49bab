"""The workbench in words: settings, what stands in the way, and what the objective weighs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fundapp.allocation.rules import Breach, Setting, Terms
from fundapp.web.shell.formats import quarter
from fundapp.web.shell.language import current_locale, gettext, lazy, pick

JOINT: Mapping[str, Any] = {
    "both": lazy("둘 다 신청한 기업은 현금과 GPU를 함께 받거나 받지 않습니다."),
    "gpu_needs_cash": lazy("GPU시간은 현금을 받는 기업에만 줍니다."),
    "either": lazy("현금과 GPU시간을 따로 줄 수 있습니다."),
}
STEPS: Mapping[str, Any] = {
    "opened": lazy("첫 배정안을 찾음"),
    "relaxed": lazy("상한을 구함"),
    "searched": lazy("더 나은 안을 찾는 중"),
    "proved": lazy("더 나은 안이 없음을 확인하는 중"),
    "finished": lazy("정리하는 중"),
    "quotas": lazy("조건을 하나씩 없애고 다시 계산하는 중"),
    "draws": lazy("점수를 다시 뽑는 중"),
    "scores": lazy("몇 점이면 달라지는지 찾는 중"),
}
QUESTIONS: Mapping[str, Any] = {
    "plan": lazy("배정안 만들기"),
    "scenario": lazy("시나리오"),
    "quotas": lazy("조건의 값"),
    "sensitivity": lazy("점수가 흔들리면"),
    "exact": lazy("정확히 계산"),
    "why": lazy("왜 이 결과인가"),
}
GROUPS: Mapping[str, Any] = {"korean_ai": lazy("한국적 AI"), "spc": lazy("SPC")}


def name_setting(kind: str, subject: str, companies: Mapping[str, str]) -> str:
    """Name a setting for people, with the company in the place of its application number."""
    setting = Setting(kind, _subject(kind, subject, companies))
    return pick(setting.ko, setting.en)


def _subject(kind: str, subject: str, companies: Mapping[str, str]) -> str:
    if kind == "capacity":
        sku, _, name = subject.rpartition(" ")
        return f"{sku.upper()} {quarter(name, current_locale())}"
    if kind == "codev":
        return quarter(subject, current_locale())
    if kind == "quota":
        return str(GROUPS.get(subject, subject))
    return companies.get(subject, subject)


def name_breach(breach: Breach, companies: Mapping[str, str]) -> str:
    """Say which setting is not kept."""
    return name_setting(breach.setting.kind, breach.setting.subject, companies)


def objective_words(terms: Terms) -> list[str]:
    """Say what the objective weighs, in sentences."""
    gpu = Decimal(terms.alpha_permille) / 10
    said = [
        gettext(
            "점수 높은 기업이 받은 GPU 가치를 %(gpu)s%%, 현금을 %(cash)s%%로 쳐서 더한 값을 가장 크게 합니다.",
            gpu=f"{gpu:g}",
            cash=f"{100 - gpu:g}",
        )
    ]
    if terms.second_half_weight_permille < 1000:  # noqa: PLR2004 - permille
        said.append(
            gettext(
                "신청한 GPU 가치의 절반까지는 온전히, 그 뒤는 %(share)s%%만 쳐서 여러 기업에 나뉘게 합니다.",
                share=f"{Decimal(terms.second_half_weight_permille) / 10:g}",
            )
        )
    if terms.fairness_permille:
        said.append(
            gettext(
                "가장 적게 받는 기업의 신청 대비 비율이 높을수록 점수를 더합니다(전체의 %(share)s%%까지).",
                share=f"{Decimal(terms.fairness_permille) / 10:g}",
            )
        )
    said.append(str(JOINT[terms.joint]))
    if terms.block_hours > 1:
        said.append(gettext("GPU시간은 %(hours)s시간 단위로 나눕니다.", hours=terms.block_hours))
    return said


def band_words(bands: Mapping[str, int], lone_band_tenths: int) -> list[str]:
    """Say where the bands come from that scores are drawn from."""
    said = []
    if bands.get("reviews"):
        said.append(gettext("%(n)s곳의 범위는 심사 점수의 표준편차입니다.", n=bands["reviews"]))
    if bands.get("scorecard"):
        said.append(gettext("%(n)s곳의 범위는 적합도 점수의 90%% 구간입니다.", n=bands["scorecard"]))
    if bands.get("call"):
        band = f"{Decimal(lone_band_tenths) / 10:g}"
        said.append(gettext("%(n)s곳은 따로 알 길이 없어 공모가 정한 ±%(band)s점입니다.", n=bands["call"], band=band))
    return said
