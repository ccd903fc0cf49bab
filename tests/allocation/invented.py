"""Invented calls for the plan's tests, and a checker of plans that shares no code with the product."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from fundapp.allocation.rules import (
    Applicant,
    Capacity,
    GpuRequest,
    Instance,
    Joint,
    PlannedAward,
    Quota,
    Terms,
    award_breaches,
    award_points,
    gpu_value_krw,
    objective_points,
    rates_krw,
    violations,
)

RATES = {"A100": 4_000, "H100": 7_000, "H200": 9_000, "T4": 800}
QUARTERS = ("2026Q3", "2026Q4", "2027Q1", "2027Q2")


def synthetic(seed: int, size: int = 60) -> Instance:
    """Demand about three times capacity: 4 SKUs, 4 quarters, quotas as in the fund's sizing study."""
    dice = random.Random(seed)  # noqa: S311 - reproducible test data
    asked = dict.fromkeys(itertools.product(RATES, QUARTERS), 0)
    applicants = []
    for number in range(size):
        requests, minimum = [], {}
        for sku in dice.sample(sorted(RATES), dice.choice((1, 1, 2, 3))):
            base = dice.choice((200, 800, 3_200))
            for quarter in dice.sample(QUARTERS, dice.randint(1, 4)):
                hours = int(base * dice.uniform(0.5, 1.5))
                requests.append(GpuRequest(sku, quarter, hours))
                asked[sku, quarter] += hours
            minimum[sku] = sum(r.hours for r in requests if r.sku == sku) * 3 // 10
        tickets = tuple(1_000_000 * t for t in dice.sample((50, 100, 200, 300, 500), dice.randint(1, 3)))
        sector = dice.choice(("factory", "factory", "bank", "clinic", "school"))
        flags = {"sme": dice.random() < 0.5, "non_capital": dice.random() < 0.25}
        score = dice.randint(400, 980)
        applicants.append(
            Applicant(
                f"A{number:03}",
                score,
                sector,
                **flags,
                tickets=tickets,
                requests=tuple(requests),
                minimum_hours=minimum,
            )
        )
    pools = tuple(Capacity(s, q, hours // 3, RATES[s]) for (s, q), hours in asked.items())
    terms = Terms(size * 65_000_000, 600, 450, 400, 150, 100)
    return Instance(tuple(applicants), pools, terms)


def tiny(seed: int) -> Instance:
    """Two to three applicants, a handful of hours, and every kind of term now and then: small enough to enumerate."""
    dice = random.Random(seed)  # noqa: S311 - reproducible test data
    count = dice.choice((1, 2, 2, 3, 3))
    applicants = tuple(_tiny_applicant(f"A{number}", dice) for number in range(count))
    codes = [a.code for a in applicants if a.tickets or a.requests]
    joint: Joint = dice.choice(("both", "both", "gpu_needs_cash", "either"))
    quotas = (Quota("ai", dice.choice(("at_most", "at_least")), 400),) if dice.random() < 0.3 else ()
    terms = Terms(
        budget_krw=dice.randint(0, 10),
        alpha_permille=dice.choice((300, 500, 1000)),
        sector_cap_permille=dice.choice((500, 1000, 1000)),
        sme_floor_permille=dice.choice((0, 0, 400)),
        non_capital_floor_permille=dice.choice((0, 0, 250)),
        own_cap_permille=dice.choice((400, 700, 1000)),
        second_half_weight_permille=dice.choice((600, 1000)),
        must_not_award=(dice.choice(codes),) if codes and dice.random() < 0.1 else (),
        joint=joint,
        quotas=quotas,
        fairness_permille=dice.choice((0, 0, 0, 200)),
        reserve_permille=dice.choice((0, 0, 250)),
        block_hours=dice.choice((1, 1, 1, 2)),
        codev_days={"2026Q3": dice.randint(1, 5)} if dice.random() < 0.3 else {},
    )
    pools = (Capacity("H100", "2026Q3", dice.randint(0, 5), 3), Capacity("T4", "2026Q3", dice.randint(0, 3), 2))
    return Instance(applicants, pools, terms)


def _tiny_applicant(code: str, dice: random.Random) -> Applicant:
    asked = {sku: dice.choice((0, 1, 2, 3)) for sku in ("H100", "T4")}
    return Applicant(
        code,
        dice.randint(1, 10) * 100,
        dice.choice(("factory", "bank")),
        sme=dice.random() < 0.5,
        non_capital=dice.random() < 0.5,
        tickets=tuple(dice.sample((2, 3, 5), dice.choice((0, 1, 2)))),
        requests=tuple(GpuRequest(sku, "2026Q3", hours) for sku, hours in asked.items() if hours),
        minimum_hours={sku: dice.choice((0, 1, 2)) for sku in asked},
        tags=("ai",) if dice.random() < 0.5 else (),
        codev_days={"2026Q3": dice.randint(1, 3)} if dice.random() < 0.4 else {},
    )


def every_award(applicant: Applicant) -> list[PlannedAward | None]:
    """Nothing, or each ticket or none with each whole-hour grid point of the request."""
    choices: list[PlannedAward | None] = [None]
    grids = [range(request.hours + 1) for request in applicant.requests]
    for krw in (0, *applicant.tickets):
        for hours in itertools.product(*grids):
            gpu = {r.sku: {r.quarter: h} for r, h in zip(applicant.requests, hours, strict=True) if h}
            if gpu or krw:
                choices.append(PlannedAward(applicant.code, krw, gpu))
    return choices


def faults(document: Mapping[str, Any], awards: Sequence[Mapping[str, Any]]) -> list[str]:
    """Check awards against an instance, both as plain JSON, by the text of the terms; commitments are not looked at."""
    terms, people = document["terms"], {a["code"]: a for a in document["applicants"]}
    rate = {(c["sku"], c["quarter"]): c["rate_krw"] for c in document["capacities"]}
    pool = sum(c["hours"] * c["rate_krw"] for c in document["capacities"])
    found: list[str] = []
    used: defaultdict[tuple[str, str], int] = defaultdict(int)
    days: defaultdict[str, int] = defaultdict(int)
    worth: dict[str, int] = {}
    for award in awards:
        code, given = award["code"], _given(award)
        found += [f"{code} {fault}" for fault in _own_faults(award, people[code], terms)]
        worth[code] = sum(hours * rate[slot] for slot, hours in given.items())
        found += [f"{code} own cap"] if worth[code] * 1000 > terms["own_cap_permille"] * pool else []
        for slot, hours in given.items():
            used[slot] += hours
        for quarter, needed in people[code]["codev_days"].items():
            days[quarter] += needed
    for c in document["capacities"]:
        slot, reserve = (c["sku"], c["quarter"]), -(-c["hours"] * terms["reserve_permille"] // 1000)
        found += [f"{slot} capacity"] if used[slot] > c["hours"] - reserve else []
    found += [f"{q} codev" for q, most in terms["codev_days"].items() if days[q] > most]
    found += ["budget"] if sum(award["krw"] for award in awards) > terms["budget_krw"] else []
    found += [f"{c} must" for c in terms["must_award"] if c not in worth]
    found += [f"{c} must not" for c in terms["must_not_award"] if c in worth]
    return found + _share_faults(terms, people, worth)


def _given(award: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    return {(s, q): h for s, by in award["gpu_hours"].items() for q, h in by.items()}


def _own_faults(award: Mapping[str, Any], person: Mapping[str, Any], terms: Mapping[str, Any]) -> list[str]:
    given, block = _given(award), terms["block_hours"]
    asked = {(r["sku"], r["quarter"]): r["hours"] for r in person["requests"]}
    per_sku: defaultdict[str, int] = defaultdict(int)
    for (sku, _), hours in given.items():
        per_sku[sku] += hours
    both = person["tickets"] and person["requests"]
    split = {"both": not (award["krw"] and given), "gpu_needs_cash": not award["krw"], "either": False}
    tests = {
        "ticket": award["krw"] and award["krw"] not in person["tickets"],
        "request": any(not 0 < h <= asked.get(slot, 0) or h % block for slot, h in given.items()),
        "minimum": any(hours < person["minimum_hours"].get(sku, 0) for sku, hours in per_sku.items()),
        "joint": both and split[terms["joint"]],
        "nothing": not award["krw"] and not given,
    }
    return [name for name, wrong in tests.items() if wrong]


def _share_faults(terms: Mapping[str, Any], people: Mapping[str, Any], worth: Mapping[str, int]) -> list[str]:
    total = sum(worth.values())

    def part(key: str, value: object) -> int:
        return sum(
            w for c, w in worth.items() if (value in people[c][key] if key == "tags" else people[c][key] == value)
        )

    found = [
        f"{sector} sector"
        for sector in {people[c]["sector"] for c in worth}
        if part("sector", sector) * 1000 > terms["sector_cap_permille"] * total
    ]
    found += ["sme"] if part("sme", True) * 1000 < terms["sme_floor_permille"] * total else []  # noqa: FBT003
    found += ["region"] if part("non_capital", True) * 1000 < terms["non_capital_floor_permille"] * total else []  # noqa: FBT003
    for quota in terms["quotas"]:
        over = part("tags", quota["tag"]) * 1000 - quota["permille"] * total
        if over > 0 if quota["direction"] == "at_most" else over < 0:
            found.append("quota")
    return found


def best_by_enumeration(instance: Instance) -> Fraction:
    """Return the points of the best plan, by looking at every plan that could beat the best so far."""
    rates = rates_krw(instance)
    choices: list[list[tuple[Fraction, PlannedAward | None]]] = []
    for applicant in instance.applicants:
        lawful = [a for a in every_award(applicant) if a is None or not any(award_breaches(a, applicant, instance))]
        worth = [
            Fraction(0) if a is None else award_points(applicant, a.krw, gpu_value_krw(a, rates), instance)
            for a in lawful
        ]
        choices.append(sorted(zip(worth, lawful, strict=True), key=lambda pair: -pair[0]))
    extra = instance.terms.fairness_permille
    best = Fraction(0)
    for combination in itertools.product(*choices):
        if sum(points for points, _ in combination) + extra <= best:
            continue
        awards = tuple(award for _, award in combination if award is not None)
        points = objective_points(awards, instance)
        if points > best and not violations(awards, instance):
            best = points
    return best
