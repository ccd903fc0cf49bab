"""GPU grants as pages show them: figures, verdicts and alerts in words, utilisation drawn, events in order."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask

from fundapp.core.quarters import utc_day
from fundapp.portfolio.queries import AlertRow, AwardGpu, GrantFigures, GrantPage, Movement, StepRow
from fundapp.portfolio.rules.forecast import CRITICAL
from fundapp.web.grants.burndown import Chart, draw_grants, left_by_day
from fundapp.web.shell.formats import hours, long_day, percent, quarter
from fundapp.web.shell.language import current_locale, gettext, lazy

VERDICT_WORDS: Mapping[str, tuple[Any, str, str]] = {
    "on_course": (lazy("순조"), "ok", "check2"),
    "runs_out_before_end": (lazy("조기 소진"), "warn", "exclamation-triangle-fill"),
    "will_lapse": (lazy("소멸 우려"), "warn", "hourglass-split"),
    "idle": (lazy("미사용"), "warn", "pause-circle"),
    "over": (lazy("초과"), "err", "exclamation-octagon-fill"),
    "waiting": (lazy("판단 전"), "line", "clock"),
    "ended": (lazy("종료"), "line", "check-circle"),
}
"""Words, tone and icon of a verdict; a critical one is shown in the tone of errors."""
ALERT_WORDS: Mapping[str, Any] = {
    "runs_out": lazy("조기 소진"),
    "lapse": lazy("소멸 우려"),
    "idle": lazy("미사용"),
    "over": lazy("배정 초과"),
    "gpu_idle": lazy("유휴 GPU"),
}
REMEDIES: Mapping[str, tuple[str, Any]] = {
    "runs_out": ("supplement", lazy("추가 배정 요청")),
    "lapse": ("extension", lazy("기간 연장 요청")),
    "idle": ("early_return", lazy("미리 반납하기")),
    "over": ("supplement", lazy("추가 배정 요청")),
}
"""What a company can ask for when an alert stands: kind of the change request, words on the button."""
MOVE_WORDS: Mapping[str, Any] = {
    "award": lazy("협약 배정"),
    "expiry": lazy("만료로 소멸"),
    "recovery": lazy("만료분 소급 사용"),
    "release": lazy("후반 배정"),
    "reclaim": lazy("회수"),
    "early_return": lazy("조기 반납"),
    "supplement": lazy("추가 배정"),
    "transfer": lazy("배정 이동"),
    "advance": lazy("당겨 쓰기"),
    "extension": lazy("기간 연장"),
    "waitlist": lazy("대기 배정"),
}
CHANGE_WORDS: Mapping[str, Any] = {
    "extension": lazy("기간 연장 요청"),
    "supplement": lazy("추가 배정 요청"),
    "transfer": lazy("배정 이동 요청"),
    "advance": lazy("당겨 쓰기 요청"),
    "early_return": lazy("조기 반납 요청"),
}
STATE_WORDS: Mapping[str, tuple[Any, str]] = {
    "requested": (lazy("검토 중"), "brand"),
    "approved": (lazy("승인"), "ok"),
    "declined": (lazy("거절"), "err"),
    "withdrawn": (lazy("철회"), "line"),
    "filed": (lazy("검토 중"), "brand"),
    "accepted": (lazy("승인"), "ok"),
    "returned": (lazy("돌려보냄"), "warn"),
    "open": (lazy("예고"), "warn"),
    "waived": (lazy("면제"), "ok"),
    "acted": (lazy("회수함"), "line"),
    "acknowledged": (lazy("확인함"), "line"),
    "resolved": (lazy("해소"), "ok"),
}


@dataclass(frozen=True, slots=True)
class MonthShown:
    """One month: what was used in it and what was left at its end."""

    month: str
    used_e4: int
    left_e4: int


@dataclass(frozen=True, slots=True)
class BurnShown:
    """One or several grants of one SKU with drawing, sentence and figures; hours in ten-thousandths.

    Attributes:
        finding: What the drawing shows, in one sentence.
        days_left: Days from today to the end of the last usable day.
        account: The grant's ledger account when there is one only.
    """

    sku: str
    region: str
    quarters: tuple[str, ...]
    finding: str
    chart: Chart
    granted_e4: int
    used_e4: int
    lapsed_e4: int
    remaining_e4: int
    overage_e4: int
    pace_e4: int
    pace_days: int
    days_left: int
    at_risk_e4: int
    usable_until: date
    exhausted_on: date | None
    data_through: date | None
    account: str | None
    months: tuple[MonthShown, ...]


@dataclass(frozen=True, slots=True)
class AlertShown:
    """An alert in words. `remedy` is the kind of change request that would help, `action` the words for it."""

    row: AlertRow
    title: str
    text: str
    tone: str
    remedy: str
    action: str


@dataclass(frozen=True, slots=True)
class EventShown:
    """Something that happened to a grant.

    Attributes:
        booked: What narrows the grant's account to the transfers of a booking; nothing where there was none.
    """

    at: datetime
    title: str
    text: str
    chip: str = ""
    tone: str = ""
    booked: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AwardGpuShown:
    """The GPU side of an award."""

    award: str
    company: str
    burns: tuple[BurnShown, ...]
    alerts: tuple[AlertShown, ...]
    grants: tuple[GrantFigures, ...]
    granted_e4: int


def show_award(gpu: AwardGpu, today: date) -> AwardGpuShown:
    """Put the GPU side of an award into drawings and words, one drawing a SKU and region."""
    groups: dict[tuple[str, str], list[GrantFigures]] = defaultdict(list)
    for one in gpu.figures:
        groups[one.sku, one.region].append(one)
    return AwardGpuShown(
        award=gpu.award,
        company=gpu.company,
        burns=tuple(
            show_burn(found, {one.account: gpu.movements[one.id] for one in found}, today)
            for _, found in sorted(groups.items())
        ),
        alerts=tuple(show_alert(row) for row in gpu.alerts),
        grants=gpu.figures,
        granted_e4=sum(one.standing.granted_e4 for one in gpu.figures),
    )


def show_burn(figures: Sequence[GrantFigures], moved: Mapping[str, Sequence[Movement]], today: date) -> BurnShown:
    """Put grants that share their use into a drawing, a sentence and figures."""
    last = max(figures, key=lambda one: one.standing.usable_until)
    throughs = [one.data_through for one in figures if one.data_through]
    live = [one for one in figures if one.standing.usable_until >= today]
    shown = BurnShown(
        sku=last.sku.upper(),
        region=last.region,
        quarters=tuple(one.quarter for one in figures),
        finding="",
        chart=draw_grants(figures, moved, today),
        granted_e4=sum(one.standing.granted_e4 for one in figures),
        used_e4=sum(one.used_e4 for one in figures),
        lapsed_e4=sum(one.lapsed_e4 for one in figures),
        remaining_e4=sum(one.standing.remaining_e4 for one in figures),
        overage_e4=sum(one.standing.overage_e4 for one in figures),
        pace_e4=last.pace.daily_e4,
        pace_days=last.pace.days,
        days_left=max(0, (last.standing.usable_until - today).days),
        at_risk_e4=sum(one.forecast.at_risk_e4 for one in live),
        usable_until=last.standing.usable_until,
        exhausted_on=last.forecast.exhausted_on,
        data_through=max(throughs, default=None),
        account=last.account if len(figures) == 1 else None,
        months=_months(figures, moved),
    )
    return replace(shown, finding=_finding(shown))


def _finding(shown: BurnShown) -> str:
    """Say in one sentence what the drawing shows."""
    start = gettext(
        "%(sku)s 소진 추이. 배정 %(granted)s에서 %(left)s 남음.",
        sku=shown.sku,
        granted=_hours(shown.granted_e4),
        left=_hours(shown.remaining_e4),
    )
    if shown.exhausted_on is not None:
        end = gettext(
            "지금 속도면 %(day)s 소진, 만료는 %(until)s.", day=_day(shown.exhausted_on), until=_day(shown.usable_until)
        )
    elif shown.at_risk_e4:
        end = gettext(
            "지금 속도면 %(hours)s가 %(until)s에 소멸.", hours=_hours(shown.at_risk_e4), until=_day(shown.usable_until)
        )
    else:
        end = gettext("만료는 %(until)s.", until=_day(shown.usable_until))
    return f"{start} {end}"


def _months(figures: Sequence[GrantFigures], moved: Mapping[str, Sequence[Movement]]) -> tuple[MonthShown, ...]:
    used: defaultdict[str, int] = defaultdict(int)
    for one in figures:
        for day, amount in one.use.items():
            used[f"{day:%Y-%m}"] += amount
    left = {f"{day - timedelta(days=1):%Y-%m}": left for day, left in left_by_day(figures, moved)}
    shown, last = [], 0
    for month in sorted(used.keys() | left.keys()):
        last = left.get(month, last)
        if month in used:
            shown.append(MonthShown(month, used[month], last))
    return tuple(shown)


def init_words(app: Flask) -> None:
    """Give templates `grant_verdicts`: words, tone and icon by verdict."""
    app.jinja_env.globals["grant_verdicts"] = VERDICT_WORDS


def show_alert(row: AlertRow) -> AlertShown:
    """Put an alert into the words of the banner."""
    figures = row.figures
    name = f"{row.sku.upper()} {quarter(row.quarter, current_locale())}"
    pace, left = _hours(int(figures["pace_e4"])), _hours(int(figures["remaining_e4"]))
    until = _day(date.fromisoformat(figures["usable_until"]))
    if row.kind == "runs_out":
        on = date.fromisoformat(figures["exhausted_on"])
        title = gettext("%(grant)s GPU가 만료 %(days)s일 전에 바닥납니다.", grant=name, days=figures["days_early"])
        text = gettext("지금 속도(하루 %(pace)s)면 %(day)s에 소진됩니다.", pace=pace, day=_day(on))
        if on <= utc_day(row.last_seen):
            through = _day(date.fromisoformat(figures["data_through"]))
            text = gettext("사용 기록이 %(day)s까지라, 그 속도였다면 이미 소진되었을 수 있습니다.", day=through)
    elif row.kind == "lapse":
        at_risk = _hours(int(figures["at_risk_e4"]))
        title = gettext("%(grant)s %(hours)s가 쓰이지 않고 소멸할 수 있습니다.", grant=name, hours=at_risk)
        text = gettext("지금 속도는 하루 %(pace)s, 마지막 사용일은 %(until)s입니다.", pace=pace, until=until)
    elif row.kind == "idle":
        title = gettext("%(grant)s GPU를 %(days)s일 동안 쓰지 않았습니다.", grant=name, days=figures["pace_days"])
        text = gettext("%(left)s가 남았고 %(until)s까지 쓸 수 있습니다.", left=left, until=until)
    elif row.kind == "over":
        over = _hours(int(figures["overage_e4"]))
        title = gettext("%(grant)s 배정보다 %(hours)s을 더 썼습니다.", grant=name, hours=over)
        text = gettext("배정을 넘는 사용은 기업 몫으로 따로 적습니다.")
    else:
        share = percent(int(figures["idle_e4"]), int(figures["billed_e4"]), 0)
        title = gettext("%(grant)s GPU가 청구되었지만 일하지 않습니다.", grant=name)
        text = gettext("최근 7일 청구 시간의 %(share)s가 유휴였습니다.", share=share)
    remedy, action = REMEDIES.get(row.kind, ("", ""))
    tone = "err" if row.severity == CRITICAL else "warn"
    return AlertShown(row, title, text, tone, remedy, str(action))


def show_events(page: GrantPage) -> tuple[EventShown, ...]:
    """Return what happened to a grant, newest first: bookings by import, requests, reports, notices, alerts."""
    events = [*_booked(page.movements), *(_step(row) for row in page.steps), *map(_alerted, page.alerts)]
    return tuple(sorted(events, key=lambda event: event.at, reverse=True))


def _booked(movements: Sequence[Movement]) -> list[EventShown]:
    piles: dict[tuple[datetime, str], list[Movement]] = defaultdict(list)
    for one in movements:
        use = one.other.startswith("used:")
        piles[one.recorded_at, "use" if use else one.kind].append(one)
    shown = []
    for (at, kind), found in piles.items():
        amount = sum(one.amount_e4 for one in found)
        days = (min(one.effective_on for one in found), max(one.effective_on for one in found))
        booked = _narrowed({one.kind for one in found}, *days)
        if kind == "use":
            text = gettext("%(first)s–%(last)s, %(hours)s", first=days[0], last=days[1], hours=_hours(-amount))
            shown.append(EventShown(at, gettext("사용량 반영"), text, booked=booked))
            continue
        sign = "+" if amount > 0 else "−"
        text = f"{sign}{_hours(abs(amount))}"
        shown.append(EventShown(at, str(MOVE_WORDS.get(kind, kind)), text, booked=booked))
    return shown


def _narrowed(kinds: AbstractSet[str], first: date, last: date) -> tuple[tuple[str, str], ...]:
    """Return what the page of an account is narrowed by: the days, and the kind where there is one only."""
    days = (("from", first.isoformat()), ("to", last.isoformat()))
    return (*days, ("kind", next(iter(kinds)))) if len(kinds) == 1 else days


def _step(row: StepRow) -> EventShown:
    words, tone = STATE_WORDS.get(row.state, (row.state, ""))
    parts = [_hours(row.hours_e4)] if row.hours_e4 else []
    if row.what == "change":
        title = f"{CHANGE_WORDS.get(row.kind, row.kind)} {row.number}"
        parts += [gettext("%(day)s까지", day=row.until)] if row.until else []
    elif row.what == "notice":
        title = gettext("회수 예고")
        parts += [gettext("%(day)s에 회수", day=row.until)] if row.until else []
    else:
        title = gettext("진행 보고 %(number)s차", number=row.number)
    return EventShown(row.at, title, ", ".join(parts), str(words), tone)


def _alerted(row: AlertRow) -> EventShown:
    words, tone = STATE_WORDS.get(row.state, (row.state, ""))
    if row.state == "open":
        words, tone = gettext("알림"), "err" if row.severity == CRITICAL else "warn"
    said = gettext("%(name)s 확인: %(reason)s", name=row.acknowledged_by, reason=row.reason) if row.reason else ""
    return EventShown(row.first_seen, str(ALERT_WORDS[row.kind]), said, str(words), tone)


def remedy_address(alert: AlertShown) -> str:
    """Return where a company asks for what would help."""
    return request_address(alert.row.award, alert.row.grant_id, alert.remedy) if alert.remedy else ""


def request_address(award: str, grant_id: uuid.UUID, kind: str) -> str:
    """Return the address of the form for a change request."""
    return f"/portal/grants/{award}/changes/new?kind={kind}&grant={grant_id}"


def _hours(value_e4: int) -> str:
    return hours(value_e4, current_locale()) if value_e4 % 10_000 == 0 else _rounded(value_e4)


def _rounded(value_e4: int) -> str:
    """Return hours without decimals: a sentence is no table."""
    return hours((value_e4 + 5_000) // 10_000 * 10_000, current_locale())


def _day(day: date) -> str:
    return long_day(day, current_locale(), year=True)
