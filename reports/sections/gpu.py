"""Section 5: GPU time in kind, in hours and in won, with what is left and what will lapse."""

from reports.figures import Figures
from reports.formats import Locale, quarter_name, say
from reports.sections.model import Column, Formula, Row, Section, Table, sum_rows

_STATES = ("contributed", "allocated", "delivered", "expired", "remaining")


def in_kind(figures: Figures, locale: Locale) -> Section:
    """By SKU, by pool, by company with burn-down."""
    return Section(
        number=5,
        key="gpu",
        title=say(locale, "GPU 현물", "GPU in kind"),
        tables=(_by_sku(figures, locale), _by_pool(figures, locale), by_award(figures, locale)),
        charts=(
            *(("gpu_pool",) if figures.skus else ()),
            *(("gpu_burndown",) if figures.rows.usage_by_day else ()),
        ),
        paragraphs=(
            say(
                locale,
                "GPU 기간은 UTC 자정에 끝납니다. 금액은 GPU시간에 협약 단가를 곱한 상당액으로, 현금이 아닙니다.",
                "GPU periods end at midnight UTC. Values are GPU-hours times the rate card: equivalents, not cash.",
            ),
        ),
    )


def _state_columns(locale: Locale) -> tuple[Column, ...]:
    return (
        Column("contributed", say(locale, "출자", "Contributed"), "hours_e4", "gpu"),
        Column("allocated", say(locale, "배정", "Allocated"), "hours_e4", "gpu"),
        Column("delivered", say(locale, "인도", "Delivered"), "hours_e4", "gpu"),
        Column("expired", say(locale, "만료", "Expired"), "hours_e4", "gpu"),
        Column("remaining", say(locale, "배정 잔여", "Unused"), "hours_e4", "gpu"),
    )


def _by_sku(figures: Figures, locale: Locale) -> Table:
    rows = [
        Row(
            sku.sku,
            (
                sku.sku,
                *(getattr(sku, f"{state}_hours_e4") for state in _STATES),
                sku.delivered_krw_e4,
                sku.remaining_krw_e4,
                sku.utilisation,
            ),
        )
        for sku in figures.skus
    ]
    totals = [sum(int(getattr(s, f"{state}_hours_e4")) for s in figures.skus) for state in _STATES]
    values = (sum(s.delivered_krw_e4 for s in figures.skus), sum(s.remaining_krw_e4 for s in figures.skus))
    total = Row("total", (say(locale, "합계", "Total"), *totals, *values, None), strong=True)
    live = tuple(f for column in (*_STATES, "delivered_krw", "remaining_krw") for f in sum_rows(column, "total", rows))
    live += tuple(
        Formula(s.sku, "utilisation", "[delivered]/[allocated]") for s in figures.skus if s.allocated_hours_e4
    )
    return Table(
        "gpu-sku",
        say(locale, "SKU별", "By SKU"),
        (
            Column("sku", "SKU", wide=True),
            *_state_columns(locale),
            Column("delivered_krw", say(locale, "인도 상당", "Delivered, equivalent"), "krw_e4", "gpu"),
            Column("remaining_krw", say(locale, "잔여 상당", "Unused, equivalent"), "krw_e4", "gpu"),
            Column("utilisation", say(locale, "사용률", "Utilisation"), "percent"),
        ),
        (*rows, total) if rows else (),
        (say(locale, "사용률 = 인도 ÷ 배정", "Utilisation = delivered ÷ allocated"),),
        live,
        say(locale, "출자된 GPU시간이 없습니다.", "No GPU time contributed."),
    )


def _by_pool(figures: Figures, locale: Locale) -> Table:
    rows = tuple(
        Row(
            f"{line.sku}-{line.period}-{line.region}",
            (
                line.sku,
                quarter_name(line.period, locale),
                line.region,
                *(getattr(line, f"{state}_hours_e4") for state in _STATES),
                line.unit_price_krw,
            ),
            kind=None,
        )
        for line in figures.rows.gpu
    )
    return Table(
        "gpu-pool",
        say(locale, "풀별", "By pool"),
        (
            Column("sku", "SKU"),
            Column("period", say(locale, "분기", "Quarter"), wide=True),
            Column("region", say(locale, "리전", "Region")),
            *_state_columns(locale),
            Column("unit_price", say(locale, "단가 (원)", "Rate (KRW)"), "count"),
        ),
        rows,
        empty=say(locale, "풀이 없습니다.", "No pools."),
    )


def by_award(figures: Figures, locale: Locale) -> Table:
    """Each grant: what is left, when it runs out at the present pace, and what will lapse."""
    rows = []
    unknown = False
    for outlook in figures.outlooks:
        award, projection = outlook.award, outlook.projection
        unknown = unknown or projection is None
        rows.append(
            Row(
                f"{award.award}-{award.sku}",
                (
                    award.company_name,
                    award.sku,
                    award.allocated_hours_e4,
                    award.used_hours_e4,
                    award.expired_hours_e4,
                    award.remaining_hours_e4,
                    award.value_krw_e4,
                    projection.exhausts_on if projection else None,
                    award.expires_on,
                    projection.at_risk_hours_e4 if projection else None,
                ),
                (award.award,),
            )
        )
    notes = [
        say(
            locale,
            "소진 예상은 최근 28일 평균 속도를 그대로 이은 값입니다. 소멸 위험 = 잔여 − 속도 × 만료까지 일수.",
            "Exhaustion carries the mean of the last 28 days forward. At risk = unused − pace × days to expiry.",
        )
    ]
    if unknown:
        notes.append(
            say(
                locale,
                "사용 기록이 기업별로 나뉘지 않은 배정은 예상하지 않습니다.",
                "No outlook where use is not recorded by company.",
            )
        )
    return Table(
        "gpu-award",
        say(locale, "기업별 배정과 소진", "By company"),
        (
            Column("company", say(locale, "기업", "Company"), wide=True),
            Column("sku", "SKU"),
            Column("allocated", say(locale, "배정", "Allocated"), "hours_e4", "gpu"),
            Column("used", say(locale, "인도", "Delivered"), "hours_e4", "gpu"),
            Column("expired", say(locale, "만료", "Expired"), "hours_e4", "gpu"),
            Column("remaining", say(locale, "잔여", "Unused"), "hours_e4", "gpu"),
            Column("value", say(locale, "인도 상당", "Delivered, equivalent"), "krw_e4", "gpu"),
            Column("exhausts_on", say(locale, "소진 예상", "Exhausts"), "date"),
            Column("expires_on", say(locale, "만료일", "Expires"), "date"),
            Column("at_risk", say(locale, "소멸 위험", "At risk"), "hours_e4", "gpu"),
        ),
        tuple(rows),
        tuple(notes),
        empty=say(locale, "배정이 없습니다.", "No grants."),
        whole=True,
    )
