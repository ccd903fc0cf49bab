"""The report's charts: a template, its data from the figures, and the sentence that says what it shows."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from reports.burndown import burn_rate
from reports.charts import capital
from reports.charts.drawing import EMPTY_HEIGHT, Drawing, axis_labels, quarters_named, spaced
from reports.charts.palette import for_print, token
from reports.charts.svg import render, template
from reports.figures import Figures
from reports.formats import (
    E4,
    Locale,
    decimal_text,
    hours,
    money_scale,
    multiple,
    percent,
    quarter_short,
    say,
    signed,
    won,
)
from reports.sections.wording import in_kind_word, stage_word

_FORECAST_DAYS = 180
_SHOWN_DAYS = 365
_QUARTER_NAMES = 12
_LINE = 0.1
"""What a line of words takes of the height of a drawing of curves."""
_TRUNCATE_ABOVE = 0.5


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its words. `table` is the key of the section table that holds the same rows."""

    key: str
    title: str
    sentence: str
    note: str
    table: str
    page_svg: str

    @property
    def print_svg(self) -> str:
        """The drawing with light colours for paper."""
        return for_print(self.page_svg)


def draw(figures: Figures, locale: Locale, keys: tuple[str, ...]) -> dict[str, Chart]:
    """Draw the charts of some keys, each once."""
    charts: dict[str, Chart] = {}
    for key in dict.fromkeys(keys):
        made = _DRAWINGS[key](figures, locale)
        svg = render(made.specification, f"chart-{key.replace('_', '-')}", made.sentence)
        charts[key] = Chart(key, made.title, made.sentence, made.note, made.table, svg)
    return charts


def draw_own_burndown(own: Figures, locale: Locale, number: int) -> Chart:
    """Draw one company's grants: `own` are figures of its rows alone, `number` is its place among the company pages."""
    made = _gpu_burndown(own, locale)
    key = f"gpu_burndown-{number}"
    svg = render(made.specification, f"chart-gpu-burndown-{number}", made.sentence)
    return Chart(key, made.title, made.sentence, made.note, f"{made.table}-{number}", svg)


def nice_floor(lowest: float, highest: float) -> float:
    """Where an axis that need not begin at zero may begin: a round number under the lowest level.

    Zero unless the lowest level is more than half the highest; then differences would be too thin to see.
    """
    if lowest <= 0 or lowest < highest * _TRUNCATE_ABOVE:
        return 0.0
    step = 10.0 ** math.floor(math.log10(max(highest - lowest, highest / 100)))
    return max(0.0, (math.floor(lowest / step) - 1) * step)


def _value_bridge(figures: Figures, locale: Locale) -> Drawing:
    b, rows = figures.bridge, figures.rows
    scale = money_scale(max(abs(b.opening_krw), abs(b.closing_krw)), locale)
    before = rows.quarter.starts_on - timedelta(days=1)
    moves = (
        (say(locale, "현금 납입", "Cash in"), b.cash_in_krw, "cash"),
        (in_kind_word(rows, locale), b.in_kind_in_krw, "gpu"),
        (say(locale, "분배", "Distributions"), -b.distributed_krw, ""),
        (say(locale, "실현 손익", "Realised"), b.realised_krw, ""),
        (say(locale, "미실현 손익", "Unrealised"), b.unrealised_krw, ""),
        (say(locale, "보수·비용", "Costs"), -b.costs_krw, ""),
    )
    level, levels = b.opening_krw, [b.opening_krw]
    for _, amount, _ in moves:
        level += amount
        levels.append(level)
    lowest, top = min(levels) / scale.divisor, max(levels) / scale.divisor
    floor = nice_floor(lowest, top)
    names = [[f"{before.year}.{before.month}.{before.day}", "NAV"]]
    values = [_step(0, floor, b.opening_krw / scale.divisor, "level", scale.show(b.opening_krw))]
    for n, (name, amount, tone) in enumerate(moves, 1):
        start, end = levels[n - 1] / scale.divisor, levels[n] / scale.divisor
        label = signed(scale.show(amount))
        values.append(_step(n, start, end, tone or ("gain" if amount >= 0 else "loss"), label))
        names.append([name])
    names.append([f"{rows.as_of.year}.{rows.as_of.month}.{rows.as_of.day}", "NAV"])
    values.append(_step(len(moves) + 1, floor, b.closing_krw / scale.divisor, "level", scale.show(b.closing_krw)))
    specification = template("value_bridge")
    specification["datasets"] = {"steps": values}
    specification["encoding"]["x"]["axis"]["labelExpr"] = f"{_lookup(names)}[datum.value]"
    y = specification["layer"][1]["encoding"]["y"]
    # Bars below zero need room of their own, and what they hang from stays at zero.
    bottom = min(floor, lowest)
    margin = (max(top, 0.0) - bottom) * 0.06
    y["scale"] = {"domain": [bottom - (margin if lowest < 0 else 0), max(top, 0.0) + margin or 1], "zero": False}
    y["axis"] |= {"labelExpr": axis_labels(scale, locale), "tickCount": 5}
    if not any(levels):
        y["axis"]["values"], specification["height"] = [0], EMPTY_HEIGHT
    opening, closing = won(b.opening_krw, locale), won(b.closing_krw, locale)
    tie = say(locale, "대사 차이 0원", "Difference KRW 0")
    cut = say(locale, f" · 세로축은 {floor:,g}에서 시작", f" · axis begins at {floor:,g}") if floor else ""
    return Drawing(
        say(locale, "NAV 증감", "Value bridge"),
        say(
            locale,
            f"순자산가치가 {opening}에서 {closing}으로 바뀌었습니다.",
            f"Net asset value moved from {opening} to {closing}.",
        ),
        f"{tie}{cut} · {scale.label}",
        "bridge",
        specification,
    )


def _step(n: int, start: float, end: float, tone: str, label: str) -> dict[str, object]:
    return {
        "i": n,
        "j": n + 1,
        "last": 7,
        "from": start,
        "to": end,
        "high": max(start, end),
        "after": end,
        "tone": tone,
        "label": label,
    }


def _lookup(names: list[list[str]]) -> str:
    # Every name is the report's own word or a date: no text of a company reaches an expression.
    return "[" + ",".join("[" + ",".join(f"'{part}'" for part in name) + "]" for name in names) + "]"


def _gpu_pool(figures: Figures, locale: Locale) -> Drawing:
    words = [
        say(locale, "인도", "Delivered"),
        say(locale, "배정 잔여", "Unused"),
        say(locale, "만료", "Expired"),
        say(locale, "미배정", "Unallocated"),
    ]
    parts: list[dict[str, object]] = []
    for sku in figures.skus:
        free = max(0, sku.contributed_hours_e4 - sku.allocated_hours_e4)
        amounts = (sku.delivered_hours_e4, sku.remaining_hours_e4, sku.expired_hours_e4, free)
        position = 0
        used = "" if sku.utilisation is None else percent(sku.utilisation, 0)
        for word, amount in zip(words, amounts, strict=True):
            end = position + amount
            label = say(locale, f"사용률 {used}", f"{used} used") if word == words[-1] and used else ""
            parts.append({"sku": sku.sku, "state": word, "from": position / E4, "to": end / E4, "label": label})
            position = end
    specification = template("gpu_pool")
    specification["datasets"] = {"parts": parts}
    specification["padding"] = {"left": 2, "right": 76, "top": 4, "bottom": 2}
    colour = specification["layer"][0]["encoding"]["color"]
    colour["scale"] = {"domain": words, "range": [token(n) for n in ("gpu", "gpu-soft", "band", "sunken")]}
    x_axis = specification["layer"][0]["encoding"]["x"]["axis"]
    x_axis["labelExpr"] = _hours_labels(locale)
    delivered = sum(sku.delivered_hours_e4 for sku in figures.skus)
    allocated = sum(sku.allocated_hours_e4 for sku in figures.skus)
    used = percent(Fraction(delivered, allocated), 0) if allocated else "0%"
    return Drawing(
        say(locale, "SKU별 GPU시간", "GPU time by SKU"),
        say(
            locale,
            f"배정한 {hours(allocated, locale)} 가운데 {used}를 인도했습니다.",
            f"{used} of {hours(allocated, locale)} allocated has been delivered.",
        ),
        say(locale, "천 GPU시간", "thousand GPU-hours"),
        "gpu-sku",
        specification,
    )


def _hours_labels(locale: Locale) -> str:
    return f"datum.value == 0 ? '0' : format(datum.value / 1000, ',') + '{say(locale, '천', 'k')}'"


def _gpu_burndown(figures: Figures, locale: Locale) -> Drawing:
    rows, on = figures.rows, figures.rows.as_of
    actual: list[dict[str, object]] = []
    forecast: list[dict[str, object]] = []
    today: list[dict[str, object]] = []
    ends: list[dict[str, object]] = []
    fastest: list[str] = []
    for sku in figures.skus:
        since = on - timedelta(days=_SHOWN_DAYS)
        usage = [row for row in rows.usage_by_day if row.sku == sku.sku and since < row.day <= on]
        left = sku.remaining_hours_e4
        series = [{"day": on.isoformat(), "left": left / E4, "sku": sku.sku}]
        used: dict[date, int] = {}
        for row in usage:
            used[row.day] = used.get(row.day, 0) + row.hours_e4
        for day in sorted(used, reverse=True):
            left += used[day]
            series.append({"day": (day - timedelta(days=1)).isoformat(), "left": left / E4, "sku": sku.sku})
        actual += series[::-1]
        burn = burn_rate(usage, on)
        days = min(_FORECAST_DAYS, math.ceil(sku.remaining_hours_e4 / burn)) if burn else _FORECAST_DAYS
        after = max(0, math.floor(sku.remaining_hours_e4 - burn * days))
        forecast += [series[0], {"day": (on + timedelta(days=days)).isoformat(), "left": after / E4, "sku": sku.sku}]
        today.append(series[0])
        left_now = decimal_text(Fraction(sku.remaining_hours_e4, E4), 0)
        ends.append(forecast[-1] | {"label": say(locale, f"{sku.sku} 지금 {left_now}", f"{sku.sku} now {left_now}")})
        if burn and after == 0:
            gone = (on + timedelta(days=days)).isoformat()
            fastest.append(say(locale, f"{sku.sku} {gone}쯤", f"{sku.sku} about {gone}"))
    specification = template("gpu_burndown")
    # Words stand where the last line ends, in the margin, so that no line crosses them.
    _space_labels(ends, "left", max((float(str(point["left"])) for point in actual), default=0.0))
    last = max((str(end["day"]) for end in ends), default=on.isoformat())
    ends = [end | {"day": last} for end in ends]
    specification["datasets"] = {"actual": actual, "forecast": forecast, "today": today, "ends": ends}
    specification["encoding"]["y"]["axis"]["labelExpr"] = _hours_labels(locale)
    specification["encoding"]["x"]["axis"]["labelExpr"] = say(
        locale,
        "(utcmonth(datum.value) + 1) + '월'",
        "utcFormat(datum.value, '%b')",
    )
    specification["encoding"]["x"]["axis"]["tickCount"] = "month"
    none = say(
        locale, "지금 속도로 반년 안에 소진되는 SKU는 없습니다.", "No SKU runs out within half a year at this pace."
    )
    found = say(locale, "지금 속도라면 {} 소진됩니다.", "At this pace, exhausted: {}.").format(", ".join(fastest))
    return Drawing(
        say(locale, "배정 잔여 시간", "Allocated time left"),
        found if fastest else none,
        say(
            locale,
            "실선 실적, 점선 최근 28일 속도의 연장 · 천 GPU시간",
            "Solid actual, dashed pace of 28 days carried on · thousand GPU-hours",
        ),
        "gpu-award",
        specification,
    )


def _space_labels(points: list[dict[str, object]], measure: str, top: float) -> None:
    """Say where the label of each last point stands, so that curves which end together keep their words apart."""
    heights = spaced([float(str(point[measure])) for point in points], top * _LINE, top)
    for point, height in zip(points, heights, strict=True):
        point["at"] = height


def _funnel(figures: Figures, locale: Locale) -> Drawing:
    stages = figures.rows.funnel
    values = []
    before: int | None = None
    for stage in stages:
        share = f" · {percent(Fraction(stage.count, before), 0)}" if before else ""
        values.append(
            {"stage": stage_word(stage.stage, locale), "count": stage.count, "label": f"{stage.count:,}{share}"}
        )
        before = stage.count
    specification = template("funnel")
    specification["datasets"] = {"stages": values}
    specification["padding"] = {"left": 2, "right": 80, "top": 4, "bottom": 2}
    first, last = stages[0], stages[-1]
    start, end = stage_word(first.stage, locale), stage_word(last.stage, locale)
    return Drawing(
        say(locale, "심사 흐름", "Funnel"),
        say(
            locale,
            f"{start} {first.count:,}건 가운데 {last.count:,}건이 {end}에 이르렀습니다.",
            f"Of {first.count:,} applied, {last.count:,} reached the stage “{end.lower()}”.",
        ),
        say(locale, "오른쪽은 앞 단계 대비 비율", "Share of the stage before on the right"),
        "funnel",
        specification,
    )


def _multiples(figures: Figures, locale: Locale) -> Drawing:
    points = [
        {"quarter": quarter_short(point.code, locale), "measure": name, "value": float(value), "exact": value}
        for point in figures.history
        for name, value in (("TVPI", point.multiples.tvpi), ("DPI", point.multiples.dpi))
        if value is not None
    ]
    last: dict[object, dict[str, object]] = {}
    for point in points:
        exact = point.pop("exact")
        words = multiple(exact, locale) if isinstance(exact, Fraction) else ""
        last[point["measure"]] = point | {"label": f"{point['measure']} {words}"}
    specification = template("multiples")
    ends = list(last.values())
    _space_labels(ends, "value", max((float(str(point["value"])) for point in points), default=0.0))
    specification["datasets"] = {"points": points, "last": ends}
    names = [quarter_short(point.code, locale) for point in figures.history]
    specification["encoding"]["x"]["axis"]["values"] = quarters_named(names, _QUARTER_NAMES)
    specification["encoding"]["y"]["axis"]["labelExpr"] = f"format(datum.value, '.1f') + '{say(locale, '배', 'x')}'"
    tvpi = figures.total.multiples.tvpi
    now = multiple(tvpi, locale) if tvpi is not None else "—"
    return Drawing(
        say(locale, "배수 추이", "Multiples by quarter"),
        say(locale, f"합계 TVPI는 지금 {now}입니다.", f"Total TVPI now stands at {now}."),
        say(locale, "설립 이후, 합계 기준", "Since inception, total basis"),
        "history",
        specification,
    )


_DRAWINGS: dict[str, Callable[[Figures, Locale], Drawing]] = {
    "value_bridge": _value_bridge,
    "contributions": capital.contributions,
    "j_curve": capital.j_curve,
    "mix": capital.mix,
    "gpu_pool": _gpu_pool,
    "gpu_burndown": _gpu_burndown,
    "funnel": _funnel,
    "multiples": _multiples,
}
