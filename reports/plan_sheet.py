"""An allocation plan as a PDF for the committee: what it weighs, who gets what, and what people put in its place.

It knows no plan and no database: plain rows in, a tagged PDF out.
"""

from collections.abc import Sequence

from reports.charts.palette import FONT, LIGHT
from reports.formats import DASH, Locale, long_date, percent, quarter_name, say, won
from reports.plan_rows import PlanLine, PlanRows, PlanSlot
from reports.typesetting import Document, set_pages

_HOUR = 10_000


def render_plan(rows: PlanRows, locale: Locale) -> bytes:
    """Set a plan as a tagged A4 PDF; equal rows give equal bytes.

    Raises:
        typst.TypstError: the template and its data do not fit each other.
    """
    return set_pages("sheet.typ", _document(rows, locale), rows.shown_on)


def _document(rows: PlanRows, locale: Locale) -> Document:
    title = say(locale, f"배정안 {rows.title}", f"Allocation plan {rows.title}")
    day = rows.shown_on
    standing = (
        say(locale, "회의에 올림", "put to a meeting") if rows.adopted else say(locale, "검토 중", "under review")
    )
    return {
        "lang": locale,
        "region": say(locale, "KR", "GB"),
        "font": FONT,
        "colours": LIGHT,
        "title": title,
        "author": say(locale, "AX 펀드", "AX Fund"),
        "date": {"year": day.year, "month": day.month, "day": day.day},
        "subtitle": f"{rows.made_at} · {rows.made_by} · {rows.sha256[:12]}",
        "standing": {"text": standing, "good": rows.adopted},
        "foot": f"{title} · {rows.sha256[:12]} · {long_date(day, locale)}",
        "sections": [
            _sums(rows, locale),
            _pools(rows, locale),
            _awards(rows, locale),
            *_reasons(rows, locale),
            _left_out(rows, locale),
            _evidence(rows, locale),
        ],
    }


def _section(title: str, **parts: object) -> Document:
    return {"title": title, "note": "", "facts": [], "lines": [], "tables": [], "items": [], "drawing": None} | parts


def _table(columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]], widths: str = "") -> Document:
    return {
        "title": "",
        "columns": [{"label": label, "numeric": numeric} for label, numeric in columns],
        "rows": [list(row) for row in rows],
        "widths": widths,
    }


def _sums(rows: PlanRows, locale: Locale) -> Document:
    chosen = [line for line in rows.lines if line.chosen_krw or line.chosen_e4]
    krw = sum(line.chosen_krw for line in chosen)
    planned, free = (sum(getattr(slot, name) for slot in rows.slots) for name in ("planned_e4", "free_e4"))
    return _section(
        say(locale, "한눈에", "At a glance"),
        facts=[
            [say(locale, "현금", "Cash"), won(krw, locale)],
            [say(locale, "현금 한도 대비", "of the budget"), percent(krw / rows.budget_krw, 0) if krw else DASH],
            [say(locale, "GPU시간", "GPU-hours"), f"{planned // _HOUR:,}"],
            [say(locale, "풀 대비", "of the pools"), percent(planned / free, 0) if free else DASH],
            [say(locale, "기업", "Companies"), f"{len(chosen)} / {len(rows.lines)}"],
        ],
        items=list(rows.words),
        lines=[
            say(
                locale,
                f"계산 추천을 100%로 볼 때 {rows.permille / 10:.1f}%",
                f"{rows.permille / 10:.1f}% of the recommendation's worth",
            )
        ],
    )


def _pools(rows: PlanRows, locale: Locale) -> Document:
    quarters = sorted({slot.quarter for slot in rows.slots})
    found = {(slot.sku, slot.quarter): slot for slot in rows.slots}
    lines: list[list[str]] = []
    shades: list[list[int]] = []
    for sku in sorted({slot.sku for slot in rows.slots}, reverse=True):
        cells: list[str] = []
        shades.append([])
        for quarter in quarters:
            slot = found.get((sku, quarter))
            shades[-1].append(0 if slot is None else _shade(slot))
            cells.append(
                DASH
                if slot is None or not slot.free_e4
                else f"{slot.planned_e4 // _HOUR:,} / {slot.free_e4 // _HOUR:,} "
                f"({percent(slot.planned_e4 / slot.free_e4, 0)})"
            )
        lines.append([sku.upper(), *cells])
    columns = (("SKU", False), *((quarter_name(quarter, locale), True) for quarter in quarters))
    note = say(locale, "나누는 시간 / 남은 시간", "hours awarded / hours free")
    return _section(
        say(locale, "GPU 풀", "GPU pools"),
        note=note,
        tables=[_table(columns, lines) | {"shades": shades}] if lines else [],
    )


def _shade(slot: PlanSlot) -> int:
    """Return the step of the page's heat scale: 0 for nothing, 5 for the last fifth."""
    return min(5, 1 + slot.planned_e4 * 5 // slot.free_e4) if slot.planned_e4 > 0 and slot.free_e4 else 0


def _awards(rows: PlanRows, locale: Locale) -> Document:
    columns = (
        (say(locale, "기업", "Company"), False),
        (say(locale, "점수", "Score"), True),
        (say(locale, "현금 추천", "Cash rec."), True),
        (say(locale, "현금 상정", "Cash asked"), True),
        (say(locale, "GPU 신청", "GPU req."), True),
        (say(locale, "GPU 추천", "GPU rec."), True),
        (say(locale, "GPU 상정", "GPU asked"), True),
    )
    chosen = [line for line in rows.lines if line.chosen_krw or line.chosen_e4]
    return _section(
        say(locale, "기업별 배정", "Awards by company"),
        note=say(locale, "GPU는 시간", "GPU in hours"),
        tables=[_table(columns, [_award(line, locale) for line in chosen], "awards")] if chosen else [],
    )


def _award(line: PlanLine, locale: Locale) -> list[str]:
    return [
        line.company,
        DASH if line.score_tenths is None else f"{line.score_tenths / 10:.1f}",
        won(line.recommended_krw, locale) if line.recommended_krw else DASH,
        won(line.chosen_krw, locale) if line.chosen_krw else DASH,
        f"{line.requested_e4 // _HOUR:,}",
        f"{line.recommended_e4 // _HOUR:,}",
        f"{line.chosen_e4 // _HOUR:,}",
    ]


def _reasons(rows: PlanRows, locale: Locale) -> list[Document]:
    columns = ((say(locale, "기업", "Company"), False), (say(locale, "이유", "Reason"), False))
    lines = [[line.company, line.reason] for line in rows.lines if line.reason]
    title = say(locale, "추천과 다르게 정한 이유", "Why it differs from the recommendation")
    return [_section(title, tables=[_table(columns, lines, "reasons")])] if lines else []


def _left_out(rows: PlanRows, locale: Locale) -> Document:
    names = [line.company for line in rows.lines if not line.chosen_krw and not line.chosen_e4]
    title = say(locale, "이번에 추천하지 않은 기업", "Not recommended this time")
    return _section(title, note=f"{len(names)}", lines=[" · ".join(names)] if names else [])


def _evidence(rows: PlanRows, locale: Locale) -> Document:
    columns = ((say(locale, "조건", "Term"), False), (say(locale, "값", "Value"), True))
    return _section(
        say(locale, "조건과 근거", "Terms and evidence"),
        tables=[_table(columns, rows.terms)] if rows.terms else [],
        items=[
            *(
                say(locale, f"{name}: 이 안의 {permille / 10:.1f}%", f"{name}: {permille / 10:.1f}% of this plan")
                for name, permille in rows.baselines
            ),
            say(
                locale,
                f"기대 성과 {rows.objective:.2f}점, 어떤 안도 {rows.bound:.2f}점을 넘지 못함",
                f"objective {rows.objective:.2f} points; no plan can exceed {rows.bound:.2f}",
            ),
            f"{rows.solver} · SHA-256 {rows.sha256}",
        ],
    )
