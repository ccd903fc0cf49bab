"""The size class of a company, line by line: revenue, assets, independence, grace, age.

Source: Framework Act on Small and Medium Enterprises art. 2, its Enforcement Decree arts. 3 to 9 with annexes 1 to 3;
Act on Mid-Size Enterprises art. 2; Act on the Support of Start-ups art. 2. What cannot be worked out is named and never
guessed; where a part is unanswered, the class is the one that the company's own figures give, and it says that it is
open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from fundapp.intake.standing import UNSAID, WHOLE_BP, Standing
from fundapp.screening.size_limits import (
    ASSET_CAP_KRW,
    Limit,
    limits_of_all,
    small_limit,
    sme_limit,
    table_for,
    with_section,
)
from fundapp.screening.size_revenue import Averaged, Line, Open, average_of, closed_since, last_closing, shifted

STARTUP_YEARS = 7
"""A start-up is at most so many years from its start (Act on the Support of Start-ups, art. 2)."""

GRACE_YEARS, GRACE_YEARS_BEFORE = 5, 3
"""Years in which a company that outgrew the limits still counts as an SME: since 2024-08-21, and before (art. 2 ③)."""
GRACE_SINCE = date(2024, 8, 21)

WHOLE_FROM_BP, RELATED_FROM_BP = 5_000, 3_000
"""Shares from which a related company's revenue counts whole, and from which it counts at all (annex 2; art. 3-2)."""


class Figures(NamedTuple):
    """What an application says of the company, in whole won.

    Attributes:
        years_krw: Revenue of the last three closed business years, the last one first; None where it gives none.
    """

    founded_on: date | None
    ksic: str | None
    assets_krw: int | None
    years_krw: tuple[int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Sized:
    """A size class with all that led to it.

    Attributes:
        on: The day for which it is judged.
        closing: The closing day of the business year that counts.
        table_from: Since when the table of limits that was used is applied.
        lines: The arithmetic in order.
        open: What is missing.
        company_class: `startup`, `sme`, `midsize` or `large`; None where even the company's own figures are missing.
        tier: `small` or `medium` within the SMEs; None where it does not apply or cannot be said.
        average_krw: The average revenue with that of related companies.
        own_average_krw: The company's alone.
        started_on: The day that the age is counted from.
        startup_until: The last day of the first seven years.
        grace_until: The last day on which it still counts as an SME; None without grace.
    """

    on: date
    closing: date
    table_from: date
    lines: tuple[Line, ...]
    open: tuple[Open, ...]
    company_class: str | None
    tier: str | None
    average_krw: int | None
    own_average_krw: int | None
    started_on: date | None
    startup_until: date | None
    grace_until: date | None

    @property
    def settled(self) -> bool:
        """Whether the class holds without anything left to be checked."""
        return self.company_class is not None and not self.open

    def contradicts(self, claim: str | None) -> bool:
        """Say whether the company takes itself to be of another class than the figures give."""
        if claim is None or self.company_class is None:
            return False
        if self.company_class in {"midsize", "large"}:
            return claim != self.company_class
        return claim not in ({self.tier} if self.tier else {"small", "medium"})


def size_of(figures: Figures, on: date, standing: Standing = UNSAID) -> Sized:
    """Judge a company's size for a day.

    Args:
        figures: Out of the application.
        on: The day: the closing of the call, or in a rolling one the submission.
        standing: What the company says of itself.
    """
    closing = last_closing(on, standing.closing_month)
    started = standing.started_on or figures.founded_on
    own = average_of(figures.years_krw, started, on, standing)
    total = _with_related(own.krw, standing)
    ksic, industry = _main_industry(figures.ksic, own.krw, standing)
    fits, measured = _within_limits(figures.assets_krw, total.krw, ksic, closing)
    early = _assets_too_new(figures.assets_krw, closing, too_new=closed_since(on, standing.closing_month))
    independent, independence = _independence(standing)
    fits = fits if fits is not True else independent
    grace = _grace(standing, closing, on, needed=fits is False)
    sme = True if grace.until is not None else fits
    until = startup_until(started) if started else None
    tier, tiers = _tier(total.krw, ksic, closing, applies=fits is True)
    parts = (own, total, industry, measured, early, independence, grace.part, _age(started, until, on, standing), tiers)
    larger = _class_beyond(figures.assets_krw, ksic, standing)
    small = "startup" if until is not None and on <= until else "sme"
    return Sized(
        on=on,
        closing=closing,
        table_from=table_for(closing).effective_from,
        lines=tuple(line for part in parts for line in part.lines),
        open=tuple(missing for part in parts for missing in part.open),
        company_class=None if sme is None else small if sme else larger,
        tier=tier,
        average_krw=total.krw,
        own_average_krw=own.krw,
        started_on=started,
        startup_until=until,
        grace_until=grace.until,
    )


def startup_until(started: date) -> date:
    """Return the last day of the first seven years; one day over is over."""
    return shifted(started, STARTUP_YEARS * 12)


def won(amount: int) -> str:
    """Write whole won with thousands."""
    return f"{amount:,}"


class _Grace(NamedTuple):
    until: date | None
    part: Averaged


def _with_related(own_krw: int | None, standing: Standing) -> Averaged:
    """Add the revenue of related companies: whole from half of the shares on, otherwise by the share (annex 2)."""
    if standing.related is None:
        reason = Open("related", "관계기업이 있는지 적지 않았습니다", "whether there are related companies")
        return Averaged(own_krw, (), (reason,))
    lines, missing, total = [], [], own_krw
    for firm in standing.related:
        share = f"{firm.share_bp / 100:g}%"
        if firm.average_krw is None:
            missing.append(
                Open("related", f"{firm.name}의 평균매출액", f"the average revenue of {firm.name}"),
            )
            continue
        if firm.share_bp < RELATED_FROM_BP:
            added, how, how_en = 0, f"{share} < 30%: 더하지 않음", f"{share} < 30%: not added"
        elif firm.share_bp >= WHOLE_FROM_BP:
            added, how, how_en = firm.average_krw, f"{share} ≥ 50%: 전액", f"{share} ≥ 50%: whole"
        else:
            added = firm.average_krw * firm.share_bp // WHOLE_BP
            how = how_en = f"{won(firm.average_krw)} × {share}"
        total = None if total is None else total + added
        lines.append(Line(f"관계기업 {firm.name}", f"Related: {firm.name}", how, how_en, "시행령 별표 2", added))
    if lines and total is not None:
        said = f"{won(own_krw or 0)} + {won(total - (own_krw or 0))}"
        lines.append(
            Line("합산 평균매출액", "Average revenue with related companies", said, said, "시행령 제7조의4", total)
        )
    return Averaged(total, tuple(lines), tuple(missing))


def _main_industry(ksic: str | None, own_krw: int | None, standing: Standing) -> tuple[str | None, Averaged]:
    """Return the industry that counts: that of the related company with the larger revenue, if any (art. 4 ②)."""
    related = [firm for firm in standing.related or () if firm.share_bp >= RELATED_FROM_BP]
    largest = max(related, key=lambda firm: firm.average_krw or 0, default=None)
    code, whose = ksic, ("주된 업종", "Main industry")
    if largest is not None and own_krw is not None and (largest.average_krw or 0) > own_krw:
        code, whose = largest.ksic, (f"주된 업종({largest.name})", f"Main industry ({largest.name})")
    if code is None:
        return None, Averaged(None, (), (Open("ksic", f"{whose[0]}의 업종코드", f"the code of: {whose[1]}"),))
    code = with_section(code)
    return code, Averaged(None, (Line(*whose, code, code, "시행령 제4조"),))


def _within_limits(
    assets: int | None, average: int | None, ksic: str | None, closing: date
) -> tuple[bool | None, Averaged]:
    """Say whether revenue and assets are within the limits of an SME; None where the figures leave it open."""
    lines, missing = [], []
    if assets is None:
        missing.append(Open("assets_krw", "자산총액", "total assets"))
    else:
        sign = "<" if assets < ASSET_CAP_KRW else "≥"
        said = f"{won(assets)} {sign} {won(ASSET_CAP_KRW)}"
        lines.append(Line("자산총액", "Total assets", said, said, "시행령 제3조 ① 1호 나목", assets))
    limit = sme_limit(ksic, closing) if ksic else None
    if ksic and limit is None:
        missing.append(Open("ksic", f"{ksic} 업종의 기준(별표 1에 없음)", f"a limit for {ksic}: annex 1 has none"))
    if average is not None and limit is not None:
        sign = "≤" if average <= limit.krw else ">"
        said = f"{won(average)} {sign} {won(limit.krw)} ({limit.stem})"
        lines.append(Line("평균매출액 기준", "Limit of revenue", said, said, "시행령 별표 1", limit.krw))
    part = Averaged(None, tuple(lines), tuple(missing))
    if assets is not None and assets >= ASSET_CAP_KRW:
        return False, part
    if assets is None or average is None:
        return None, part
    return _below(average, limit, closing), part


def _assets_too_new(assets: int | None, closing: date, *, too_new: bool) -> Averaged:
    """Ask for the assets at the end of the year that counts, where the form gives those of a later one."""
    if assets is None or not too_new:
        return Averaged(None)
    day = closing.isoformat()
    return Averaged(None, (), (Open("assets_krw", f"{day}의 자산총액", f"total assets on {day}"),))


def _below(average: int, limit: Limit | None, closing: date) -> bool | None:
    if limit is not None:
        return average <= limit.krw
    # Without an industry only what holds in every industry can be said.
    least, most = limits_of_all(closing)
    return True if average <= least else False if average > most else None


def _independence(standing: Standing) -> tuple[bool, Averaged]:
    """Judge group (act art. 2 ①, proviso) and owners (decree art. 3 ① no. 2 item b).

    What is unanswered does not count against anybody.
    """
    lines, missing = [], []
    if standing.group is None:
        missing.append(Open("group", "기업집단 소속 여부", "whether it belongs to a business group"))
    else:
        ko = {"none": "속하지 않음", "disclosed": "공시대상기업집단", "restricted": "상호출자제한기업집단"}
        en = {"none": "none", "disclosed": "group subject to disclosure", "restricted": "group under limits"}
        lines.append(Line("기업집단", "Business group", ko[standing.group], en[standing.group], "법 제2조 ① 단서"))
    if standing.owner is None:
        missing.append(Open("owner", "최다출자자", "who the largest shareholder is"))
    else:
        ko = {"none": "해당 없음", "large": "자산 5,000억원 이상", "group_size": "상호출자제한기업집단 규모"}
        en = {"none": "not so", "large": "assets of KRW 500 bn or more", "group_size": "of a group's size"}
        label, label_en = "30% 이상을 가진 최다출자 법인", "Largest shareholder with 30 % or more"
        lines.append(Line(label, label_en, ko[standing.owner], en[standing.owner], "시행령 제3조 ① 2호 나목"))
    independent = standing.group in {None, "none"} and standing.owner in {None, "none"}
    return independent, Averaged(None, tuple(lines), tuple(missing))


def _grace(standing: Standing, closing: date, on: date, *, needed: bool) -> _Grace:
    """Return until when a company that is no SME any more still counts as one (act art. 2 ③, decree art. 9).

    A company of a business group has none; one with a large shareholder has, for whatever reason it ceased.
    """
    nothing = _Grace(None, Averaged(None))
    if not needed:
        return nothing
    label, source = ("졸업 유예", "Grace after outgrowing"), "법 제2조 ③"
    if standing.group not in {None, "none"}:
        reason = ("기업집단에 속한 기업에는 유예가 없습니다", "none for a company of a business group")
        return _Grace(None, Averaged(None, (Line(*label, *reason, "시행령 제9조"),)))
    if standing.outgrown is None or (standing.outgrown == "first" and standing.outgrown_year is None):
        missing = Open("outgrown", "중소기업을 벗어난 해", "the year in which the limits were outgrown")
        return _Grace(None, Averaged(None, (), (missing,)))
    if standing.outgrown == "again":
        missing = Open("outgrown", "유예를 다시 쓸 수 있는지", "whether grace may be used once more")
        return _Grace(None, Averaged(None, (), (missing,)))
    if standing.outgrown == "never" or standing.outgrown_year is None:
        return _Grace(None, Averaged(None, (Line(*label, "쓰지 않음", "not used", source),)))
    arose = last_day(standing.outgrown_year, closing.month)
    years = GRACE_YEARS if arose >= GRACE_SINCE else GRACE_YEARS_BEFORE
    until = last_day(standing.outgrown_year + years, closing.month)
    holds = on <= until
    said = f"{arose.isoformat()} + {years}년 = {until.isoformat()}"
    said_en = f"{arose.isoformat()} + {years} years = {until.isoformat()}"
    return _Grace(until if holds else None, Averaged(None, (Line(*label, said, said_en, source),)))


def last_day(year: int, month: int) -> date:
    """Return the last day of a month."""
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _tier(average: int | None, ksic: str | None, closing: date, *, applies: bool) -> tuple[str | None, Averaged]:
    """Return small or medium among the SMEs (decree art. 8, annex 3)."""
    limit = small_limit(ksic, closing) if ksic else None
    if not applies or average is None:
        return None, Averaged(None)
    label = ("소기업 기준", "Limit of a small enterprise")
    if limit is None:
        return None, Averaged(None, (Line(*label, "확인 필요", "to be checked", "시행령 별표 3"),))
    sign = "≤" if average <= limit.krw else ">"
    said = f"{won(average)} {sign} {won(limit.krw)} ({limit.stem})"
    part = Averaged(None, (Line(*label, said, said, "시행령 별표 3", limit.krw),))
    return ("small" if average <= limit.krw else "medium"), part


def _age(started: date | None, until: date | None, on: date, standing: Standing) -> Averaged:
    if started is None or until is None:
        return Averaged(None, (), (Open("started_on", "업력의 기준일", "the day that the age is counted from"),))
    basis = {"corporation": ("법인 설립등기일", "registration"), "sole": ("개업일", "opening day")}
    ko, en = basis.get(standing.legal_form or "", ("설립일", "incorporation"))
    sign = "≤" if on <= until else ">"
    said = f"{started.isoformat()} + 7년 = {until.isoformat()}, {on.isoformat()} {sign} {until.isoformat()}"
    said_en = said.replace("7년", "7 years")
    line = Line(f"업력({ko})", f"Age ({en})", said, said_en, "창업지원법 제2조")
    return Averaged(None, (line,))


def _class_beyond(assets: int | None, ksic: str | None, standing: Standing) -> str:
    """Return mid-size or large for a company that is no SME (Act on Mid-Size Enterprises, art. 2).

    Whether a company at the asset cap belongs to a group must be said; until then it counts as large.
    """
    if standing.group == "restricted" or standing.owner == "group_size":
        return "large"
    if (ksic or "").startswith("K"):
        return "large"
    if standing.group is None and assets is not None and assets >= ASSET_CAP_KRW:
        return "large"
    return "midsize"
