"""Two plans side by side, and why a company stands where it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fundapp.allocation.queries import PlanPage, RunRow, Workbench
from fundapp.allocation.rules import Plan, PlannedAward, choose, flat_hours
from fundapp.allocation.scenarios import Comparison, compare
from fundapp.allocation.workshop import read_result
from fundapp.core.quantities import HOUR
from fundapp.web.operations.plan_words import name_setting
from fundapp.web.operations.weighed import list_groups, list_knobs
from fundapp.web.shell.language import gettext

_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Pair:
    """Two plans side by side; points in millionths, the share in ppm.

    Attributes:
        rows: Company, number, then cash in won and hours in ten-thousandths of the first and of the second; who
            enters, who leaves and whose amount changes, in this order.
        settings: Name of a setting that differs, in the first and in the second.
    """

    entered: tuple[str, ...]
    left: tuple[str, ...]
    changed: tuple[str, ...]
    micro: int
    ppm: int
    rows: tuple[tuple[str, str, str, int, int, int, int], ...]
    settings: tuple[tuple[str, str, str], ...]


def set_side_by_side(page: PlanPage, bench: Workbench, other: PlanPage, other_bench: Workbench) -> Pair:
    """Compare two plans with the choices over them."""
    names = {row.number: row.company for row in (*page.rows, *other.rows)}
    first, second = _as_chosen(page, bench), _as_chosen(other, other_bench)
    found: Comparison = compare(first, second)
    before, after = ({award.code: award for award in one.awards} for one in (first, second))
    kinds = (("in", found.entered), ("out", found.left), ("same", found.changed))
    return Pair(
        entered=tuple(names.get(code, code) for code in found.entered),
        left=tuple(names.get(code, code) for code in found.left),
        changed=tuple(names.get(code, code) for code in found.changed),
        micro=round(found.points * _MICRO),
        ppm=round(found.share * _MICRO),
        rows=tuple(
            (kind, names.get(code, code), code, *_amounts(before.get(code)), *_amounts(after.get(code)))
            for kind, codes in kinds
            for code in codes
        ),
        settings=tuple(_differing(bench, other_bench, names)),
    )


def _as_chosen(page: PlanPage, bench: Workbench) -> Plan:
    awards = choose(bench.awards.values(), bench.choices.values())
    return read_result(
        {
            "awards": [{"code": a.code, "krw": a.krw, "gpu_hours": a.gpu_hours} for a in awards],
            "objective": bench.points,
            "bound": page.bound,
            "gap": page.gap,
            "seconds": page.seconds,
            "prices": page.prices,
            "baseline": page.baseline,
        }
    )


def _amounts(award: PlannedAward | None) -> tuple[int, int]:
    if award is None:
        return 0, 0
    return award.krw, sum(hours for _, _, hours in flat_hours(award)) * HOUR


def _differing(first: Workbench, second: Workbench, names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    found = []
    for one, other in zip(list_knobs(first.instance.terms, {}), list_knobs(second.instance.terms, {}), strict=True):
        if one.value != other.value:
            found.append((one.label, f"{one.value:,f}{one.unit}", f"{other.value:,f}{other.unit}"))
    others = {knob.name: knob for knob in list_groups(second.instance.terms, {})}
    found += [
        (one.label, f"{one.value:f}%", f"{others[one.name].value:f}%")
        for one in list_groups(first.instance.terms, {})
        if one.name in others and others[one.name].value != one.value
    ]
    return found + _differing_pools(first, second, names) + _differing_companies(first, second, names)


def _differing_pools(first: Workbench, second: Workbench, names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    found = []
    hours = {(pool.sku, pool.quarter): pool.hours for pool in second.instance.capacities}
    for pool in first.instance.capacities:
        after = hours.get((pool.sku, pool.quarter), 0)
        if after != pool.hours:
            label = name_setting("capacity", f"{pool.sku} {pool.quarter}", names)
            found.append((label, f"{pool.hours:,}", f"{after:,}"))
    return found


def _differing_companies(first: Workbench, second: Workbench, names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for kind, field in (("must", "must_award"), ("must_not", "must_not_award")):
        then, now = (set(getattr(one.instance.terms, field)) for one in (first, second))
        found += [
            (name_setting(kind, code, names), _yes(code in then), _yes(code in now)) for code in sorted(then ^ now)
        ]
    then_pins, now_pins = ({pin.code for pin in one.instance.terms.pins} for one in (first, second))
    found += [
        (name_setting("pin", code, names), _yes(code in then_pins), _yes(code in now_pins))
        for code in sorted(then_pins ^ now_pins)
    ]
    return found


def _yes(held: object) -> str:
    return gettext("예") if held else gettext("아니요")


@dataclass(frozen=True, slots=True)
class Why:
    """Why a company stands where it does; points in millionths.

    Attributes:
        open_run: The computation under way, if there is one.
        refused: Why it came to nothing.
        charges: What its award would take from others, the largest first.
    """

    open_run: RunRow | None
    refused: RunRow | None
    answered: bool
    awarded: bool
    possible: bool
    micro: int
    loss_micro: int
    charges: tuple[tuple[str, int], ...]
    binding: tuple[str, ...]
    enters: tuple[str, ...]
    leaves: tuple[str, ...]
    shrinks: tuple[str, ...]
    needed_tenths: int | None
    score_sought: bool


def show_why(bench: Workbench, number: str, names: Mapping[str, str]) -> Why:
    """Return what is known about a company's place in a plan."""
    runs = [run for run in bench.runs if run.kind == "why" and run.subject == number]
    open_run = next((run for run in runs if run.is_open), None)
    refused = next((run for run in runs if run.state == "refused"), None)
    found: Mapping[str, Any] = next((run.found for run in runs if run.state == "done"), {})
    return Why(
        open_run=open_run,
        refused=refused,
        answered=bool(found),
        awarded=bool(found.get("awarded")),
        possible=bool(found.get("possible")),
        micro=round((found.get("points") or 0) * _MICRO),
        loss_micro=round((found.get("loss") or 0) * _MICRO),
        charges=tuple(
            (name_setting(kind, subject, names), round(points * _MICRO))
            for kind, subject, points in found.get("charges", ())
        ),
        binding=tuple(name_setting(kind, subject, names) for kind, subject in found.get("binding", ())),
        enters=tuple(names.get(code, code) for code in found.get("enters", ())),
        leaves=tuple(names.get(code, code) for code in found.get("leaves", ())),
        shrinks=tuple(names.get(code, code) for code in found.get("shrinks", ())),
        needed_tenths=found.get("needed_tenths"),
        score_sought=bool(found.get("score_sought")),
    )
