"""Shadow prices: what a little more of something scarce would be worth, as an indication."""

from __future__ import annotations

from collections import defaultdict
from math import inf

from fundapp.allocation.model import Model
from fundapp.allocation.rules import Instance, ShadowPrices
from fundapp.allocation.solver.engine import Programme, Relaxed, programme, relax

PRICED_HOURS, PRICED_KRW = 100, 100_000_000
_SHARES = frozenset({"sector_cap", "sme_floor", "non_capital_floor", "quota"})


def shadow_prices(instance: Instance) -> ShadowPrices:
    """Price capacity, cash, the delivery centre and quotas by the duals of the linear relaxation.

    Args:
        instance: What to price.

    Returns:
        Points for 100 hours, 100 million won, one day and one percentage point. The relaxation may split tickets and
        awards, so these overstate a real change; when it has no solution at all every price is 0 and the bound
        infinite.
    """
    model = Model(instance, tighten=False)
    given = programme(model)
    return name_prices(model, given, relax(given))


def name_prices(model: Model, given: Programme, relaxed: Relaxed | None) -> ShadowPrices:
    """Give the prices of a relaxation their names and units."""
    if relaxed is None:
        return ShadowPrices({}, 0.0, {}, inf)
    if not any(given.high):
        return ShadowPrices({}, 0.0, {}, 0.0)
    awarded = float(sum(relaxed.x[own.value] for own in model.columns if own.value is not None))
    pool = model.instance.pool_value_krw / model.unit_krw
    gpu: dict[str, dict[str, float]] = defaultdict(dict)
    quotas: dict[str, float] = defaultdict(float)
    by_kind: dict[str, dict[str, float]] = defaultdict(dict)
    for label, price in zip(model.labels, relaxed.prices.tolist(), strict=True):
        if label is None:
            continue
        if label.kind == "capacity":
            sku, quarter = label.subject.rsplit(" ", 1)
            gpu[sku][quarter] = _tidy(price * PRICED_HOURS / model.block)
        elif label.kind == "own_cap":
            quotas["own_cap"] += price * pool / 100
        elif label.kind in _SHARES:
            quotas[":".join(filter(None, (label.kind, label.subject)))] = price * awarded / 100
        else:
            by_kind[label.kind][label.subject] = _tidy(price)
    return ShadowPrices(
        gpu={sku: dict(sorted(quarters.items())) for sku, quarters in sorted(gpu.items())},
        cash=_tidy(by_kind["budget"].get("", 0.0) * PRICED_KRW / model.cash_unit_krw),
        quotas={name: _tidy(price) for name, price in sorted(quotas.items())},
        bound=relaxed.objective,
        codev=dict(sorted(by_kind["codev"].items())),
    )


def _tidy(price: float) -> float:
    return round(price, 6) + 0.0
