"""Charts of capital over the fund's life: what went in and came back, the J-curve, what the portfolio is made of."""

from fractions import Fraction

from reports.charts.drawing import EMPTY_HEIGHT, Drawing, axis_labels, quarters_named
from reports.charts.svg import template
from reports.figures import Figures
from reports.formats import Locale, decimal_text, money_scale, quarter_name, quarter_short, say, signed, won
from reports.metrics import QuarterPoint

_LABELLED_BARS = 12
_RECENT_QUARTERS = 8
_MOST_CLASSES = 8
_NAMES_OF_SMALL = 6
_NAMES_OF_WIDE = 12


def contributions(figures: Figures, locale: Locale) -> Drawing:
    """What came in by quarter, in cash and in kind, and what was given back, below zero."""
    points = figures.history[-_RECENT_QUARTERS:]
    largest = max((max(p.cash_in_krw, p.in_kind_in_krw, p.distributed_krw) for p in points), default=0)
    scale = money_scale(largest, locale)
    places = scale.places if locale == "ko" else 0
    returned = any(point.distributed_krw for point in points)
    labelled = len(points) * (3 if returned else 2) <= _LABELLED_BARS
    bars = [
        {
            "quarter": quarter_short(point.code, locale),
            "basis": basis,
            "amount": amount / scale.divisor,
            "label": decimal_text(Fraction(amount, scale.divisor), places) if amount and labelled else "",
        }
        for point in points
        for basis, amount in _sides(point, returned=returned)
    ]
    specification = template("contributions")
    specification["datasets"] = {"bars": bars}
    specification["encoding"]["y"]["axis"]["labelExpr"] = axis_labels(scale, locale)
    if not largest:
        specification["height"] = EMPTY_HEIGHT
        specification["encoding"]["y"]["scale"] = {"domain": [0, 1]}
        specification["encoding"]["y"]["axis"]["values"] = [0]
    names = [quarter_short(point.code, locale) for point in points]
    specification["encoding"]["x"]["axis"]["values"] = quarters_named(names, _NAMES_OF_SMALL)
    last = points[-1]
    cash, gpu = won(last.cash_in_krw, locale), won(last.in_kind_in_krw, locale)
    name = quarter_name(last.code, locale)
    given = won(last.distributed_krw, locale)
    tail = say(locale, f" 분배는 {given}입니다.", f" Distributions came to {given}.") if last.distributed_krw else ""
    below = say(locale, " · 0 아래는 분배", " · distributions below zero") if returned else ""
    return Drawing(
        say(locale, "분기별 납입과 분배", "Contributions and distributions")
        if returned
        else say(locale, "분기별 납입", "Contributions by quarter"),
        say(
            locale,
            f"{name}에 현금 {cash}이 납입되고 GPU {gpu} 상당이 인식되었습니다.",
            f"In {name}, {cash} was paid in and GPU time worth {gpu} was recognised.",
        )
        + tail,
        scale.label + below,
        "history",
        specification,
    )


def _sides(point: QuarterPoint, *, returned: bool) -> tuple[tuple[str, int], ...]:
    sides = (("cash", point.cash_in_krw), ("gpu", point.in_kind_in_krw))
    return (*sides, ("back", -point.distributed_krw)) if returned else sides


def j_curve(figures: Figures, locale: Locale) -> Drawing:
    """Net flow of investors so far, as bars, and the same with the value that is left, as a line."""
    points = figures.history
    scale = money_scale(max((point.multiples.paid_in_krw for point in points), default=0), locale)
    rows = [
        {
            "quarter": quarter_short(point.code, locale),
            "net": _net(point) / scale.divisor,
            "worth": (_net(point) + point.multiples.nav_krw) / scale.divisor,
        }
        for point in points
    ]
    now = _net(points[-1]) + points[-1].multiples.nav_krw
    worth = signed(won(now, locale))
    specification = template("j_curve")
    specification["datasets"] = {"points": rows, "last": [rows[-1] | {"label": worth}]}
    names = [quarter_short(point.code, locale) for point in points]
    specification["encoding"]["x"]["axis"]["values"] = quarters_named(names, _NAMES_OF_WIDE)
    specification["encoding"]["y"]["axis"]["labelExpr"] = axis_labels(scale, locale)
    net = signed(won(_net(points[-1]), locale))
    return Drawing(
        say(locale, "J 곡선", "J-curve"),
        say(
            locale,
            f"누적 순흐름은 {net}, 남은 가치를 더하면 {worth}입니다.",
            f"Cumulative net flow stands at {net}; with the value left, {worth}.",
        ),
        say(
            locale,
            f"막대 누적 분배 − 납입, 선 여기에 NAV를 더한 값 · {scale.label}",
            f"Bars: distributions less contributions so far; line: with NAV · {scale.label}",
        ),
        "j-curve",
        specification,
    )


def _net(point: QuarterPoint) -> int:
    return point.multiples.distributed_krw - point.multiples.paid_in_krw


def mix(figures: Figures, locale: Locale) -> Drawing:
    """Cost in cash and in kind by size class, sector and region; the largest classes of each."""
    words = {
        "size": say(locale, "규모", "Size"),
        "sector": say(locale, "산업", "Sector"),
        "region": say(locale, "지역", "Region"),
    }
    rows = figures.rows.mix
    scale = money_scale(max((row.cash_krw + row.in_kind_krw for row in rows), default=0), locale)
    parts: list[dict[str, object]] = []
    leading = ""
    for kind, word in words.items():
        lines = sorted((r for r in rows if r.kind == kind), key=lambda r: (-(r.cash_krw + r.in_kind_krw), r.label))
        for line in lines[:_MOST_CLASSES]:
            whole = line.cash_krw + line.in_kind_krw
            label = say(
                locale, f"{scale.show(whole)} · {line.companies}개사", f"{scale.show(whole)} · {line.companies}"
            )
            name = f"{word} · {line.label}"
            cash, end = line.cash_krw / scale.divisor, whole / scale.divisor
            parts.append({"class": name, "part": "cash", "from": 0, "to": cash, "label": ""})
            parts.append({"class": name, "part": "gpu", "from": cash, "to": end, "label": label})
        if kind == "sector" and lines:
            leading = lines[0].label
    most = max(sum(row.kind == kind for row in rows) for kind in words)
    cut = say(locale, f", 큰 순서로 {_MOST_CLASSES}개씩", f", the largest {_MOST_CLASSES} of each")
    cut = cut if most > _MOST_CLASSES else ""
    specification = template("mix")
    specification["datasets"] = {"parts": parts}
    specification["layer"][0]["encoding"]["x"]["axis"]["labelExpr"] = axis_labels(scale, locale)
    return Drawing(
        say(locale, "포트폴리오 구성", "Portfolio mix"),
        say(
            locale,
            f"투자 원가가 가장 큰 산업은 {leading}입니다.",
            f"The sector with the largest cost is {leading}.",
        )
        if leading
        else say(locale, "산업을 적은 기업이 없습니다.", "No company names its sector."),
        say(
            locale,
            f"현금과 GPU 현물 원가, 의결일 기준 분류{cut} · {scale.label}",
            f"Cost in cash and in kind, classes on the decision date{cut} · {scale.label}",
        ),
        "mix",
        specification,
    )
