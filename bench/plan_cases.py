"""Solving an allocation plan, beside the engine alone and beside its linear relaxation."""

from __future__ import annotations

import itertools
import random

import numpy as np
from measuring import Case, clock
from scipy.optimize import Bounds, LinearConstraint, milp

from fundapp.allocation.model import Model
from fundapp.allocation.rules import Applicant, Capacity, GpuRequest, Instance, Terms
from fundapp.allocation.solver import GAP, solve

RATES = {"A100": 3_200, "H100": 5_200, "H200": 6_800}
QUARTERS = ("2026Q3", "2026Q4", "2027Q1")
SECTORS = ("제조", "제조", "금융", "의료", "교육", "공공")
TICKETS = tuple(1_000_000 * millions for millions in (100, 200, 300, 400, 500, 600, 800, 1_000))
BUDGET_FOR_EACH = 50_000_000
_SEED = 20_260_508


def instance(size: int) -> Instance:
    """Return an invented call under the example call's terms, which asks for three times what there is."""
    dice = random.Random(_SEED + size)  # noqa: S311 - the same instance at every run, not cryptography
    applicants = tuple(_applicant(f"A{number:04}", dice) for number in range(size))
    asked = dict.fromkeys(itertools.product(RATES, QUARTERS), 0)
    for request in (request for applicant in applicants for request in applicant.requests):
        asked[request.sku, request.quarter] += request.hours
    pools = tuple(Capacity(sku, quarter, hours // 3, RATES[sku]) for (sku, quarter), hours in asked.items() if hours)
    terms = Terms(
        budget_krw=size * BUDGET_FOR_EACH,
        alpha_permille=500,
        sector_cap_permille=450,
        sme_floor_permille=400,
        non_capital_floor_permille=150,
        own_cap_permille=100,
    )
    return Instance(applicants, pools, terms)


def _applicant(code: str, dice: random.Random) -> Applicant:
    requests: list[GpuRequest] = []
    minimum: dict[str, int] = {}
    for sku in dice.sample(sorted(RATES), dice.choice((1, 1, 2))):
        base = dice.choice((1_000, 4_000, 12_000))
        quarters = dice.sample(QUARTERS, dice.randint(1, len(QUARTERS)))
        own = [GpuRequest(sku, quarter, int(base * dice.uniform(0.5, 1.5))) for quarter in quarters]
        minimum[sku] = sum(request.hours for request in own) * 4 // 10
        requests += own
    return Applicant(
        code,
        dice.randint(400, 980),
        dice.choice(SECTORS),
        sme=dice.random() < 0.8,
        non_capital=dice.random() < 0.4,
        tickets=tuple(dice.sample(TICKETS, dice.randint(1, 3))),
        requests=tuple(requests),
        minimum_hours=minimum,
    )


def planning(size: int, repetitions: int) -> Case:
    """Make a plan: rules of thumb, engine, whole hours, ties, prices and exact checks."""
    given = instance(size)
    model = Model(given)
    hours = [column for own in model.columns for column in own.hours.values()]
    divisible = np.array(model.whole, dtype=np.int64)
    divisible[hours] = 0  # whole hours only round off what the engine decides with divisible ones
    return Case(
        what=f"plan for {size} applicants",
        store="",
        n=size,
        unit="s",
        run=lambda: clock(lambda: solve(given)),
        floors={
            "HiGHS on the built model": lambda: clock(lambda: _engine(model, divisible)),
            "its LP relaxation": lambda: clock(lambda: _engine(model, np.zeros_like(divisible))),
        },
        repetitions=repetitions,
    )


def _engine(model: Model, whole: np.ndarray) -> None:
    low, high = model.row_bounds()
    result = milp(
        -np.array(model.cost),
        integrality=whole,
        bounds=Bounds(np.array(model.low), np.array(model.high)),
        constraints=LinearConstraint(model.matrix(), low, high),
        options={"mip_rel_gap": GAP},
    )
    assert result.status == 0, result.message
