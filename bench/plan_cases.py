"""Solving an allocation plan, beside the engine alone, the rules of thumb, and one solve for many draws.

Times are processor time of this process: other work on the machine says nothing about a solver.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from measuring import Case
from scipy.optimize import Bounds, LinearConstraint, milp

from fundapp.allocation.explaining import explain
from fundapp.allocation.greedy import greedy, minimum_first
from fundapp.allocation.model import Model
from fundapp.allocation.rules import (
    Applicant,
    Capacity,
    GpuRequest,
    Instance,
    Plan,
    PlanInfeasible,
    Setting,
    Terms,
    by_merit,
    flat_hours,
    objective_points,
    violations,
)
from fundapp.allocation.scenarios import price_quotas, sensitivity
from fundapp.allocation.solver import GAP, Progress, SolveCancelled, solve

RATES = {"A100": 3_200, "H100": 5_200, "H200": 6_800, "L40S": 1_600}
QUARTERS = ("2026Q3", "2026Q4", "2027Q1", "2027Q2")
SECTORS = ("제조", "제조", "금융", "의료", "교육", "공공")
TICKETS = tuple(1_000_000 * millions for millions in (100, 200, 300, 400, 500, 600, 800, 1_000))
BUDGET_FOR_EACH = 50_000_000
#: From so many applicants on a gap of 1e-4 is asked for, as a plan in the background is.
LARGE, LARGE_GAP = 1000, 1e-4
_SEED = 20_260_508


def instance(size: int, seed: int) -> Instance:
    """Return an invented call under the example call's terms, which asks for three times what there is."""
    dice = random.Random(_SEED + size + 10_000 * seed)  # noqa: S311 - the same instance at every run, not cryptography
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


@dataclass(slots=True)
class Calls:
    """Calls of one size, one after another; what the engine alone takes for each is measured once.

    Attributes:
        size: How many applicants.
        gap: Relative gap that is asked for.
        draws: How many draws of scores to make.
        seconds: Of the engine alone, by seed.
        plans: Solved off the clock, by seed.
    """

    size: int
    gap: float
    draws: int
    seconds: dict[int, float] = field(default_factory=dict)
    plans: dict[int, Plan] = field(default_factory=dict)

    def each(self, measure: Callable[[int], float]) -> Callable[[], float]:
        """Return a run that measures the next seed every time."""
        seeds = itertools.count()
        return lambda: measure(next(seeds))

    def solved(self, seed: int) -> float:
        """Return the seconds of a whole solve: rules of thumb, search, whole hours, ties, prices and exact checks."""
        return _processor(lambda: solve(instance(self.size, seed), gap=self.gap))

    def engine_alone(self, seed: int) -> float:
        """Return the seconds of `milp` on the matrices that the product solves."""
        if seed not in self.seconds:
            model = Model(instance(self.size, seed))
            self.seconds[seed] = _processor(lambda: _engine(model, self.gap))
        return self.seconds[seed]

    def first_answer(self, seed: int) -> float:
        """Return the seconds to the first plan that is told, which has to beat minimum-first."""
        given = instance(self.size, seed)
        heard: list[float] = []

        def stop(progress: Progress) -> bool:
            heard.append(progress.objective or 0.0)
            return False

        def listen() -> None:
            try:
                solve(given, gap=self.gap, tell=stop)
            except SolveCancelled:
                return

        seconds = _processor(listen)
        assert heard[0] > float(objective_points(minimum_first(given), given)), "the first answer is no better"
        return seconds

    def drawn(self, seed: int) -> float:
        """Return the seconds of so many draws from bands of 4 points either way."""
        given = instance(self.size, seed)
        bands = {a.code: (a.score_tenths - 40, a.score_tenths + 40) for a in given.applicants}
        return _processor(lambda: sensitivity(given, bands, draws=self.draws))

    def plan(self, seed: int) -> Plan:
        """Return the plan of a seed, solved once."""
        if seed not in self.plans:
            self.plans[seed] = solve(instance(self.size, seed), gap=self.gap)
        return self.plans[seed]

    def priced(self, seed: int) -> float:
        """Return the seconds of pricing each quota, by solving without it."""
        given, plan = instance(self.size, seed), self.plan(seed)
        return _processor(lambda: price_quotas(given, plan))

    def explained(self, seed: int) -> float:
        """Return the seconds of "why not us" for the best score that is not awarded."""
        given, plan = instance(self.size, seed), self.plan(seed)
        winners = {award.code for award in plan.awards}
        loser = next(applicant.code for applicant in by_merit(given) if applicant.code not in winners)
        return _processor(lambda: explain(given, plan, loser))

    def contradicted(self, seed: int) -> float:
        """Return the seconds until settings that cannot hold together are named: must-funds over the budget."""
        given = instance(self.size, seed)
        paid = itertools.accumulate(min(a.tickets) for a in given.applicants)
        needed = next(number for number, krw in enumerate(paid, start=1) if krw > given.terms.budget_krw)
        must = tuple(a.code for a in given.applicants[:needed])
        given = replace(given, terms=replace(given.terms, must_award=must))
        named: list[Setting] = []

        def find() -> None:
            try:
                solve(given)
            except PlanInfeasible as error:
                named.extend(error.conflict)

        seconds = _processor(find)
        assert Setting("budget") in named, "another conflict than the one that was made"
        return seconds

    def checked(self, seed: int) -> float:
        """Return the seconds of checking a plan, term by term."""
        given = instance(self.size, seed)
        awards = minimum_first(given)
        return _processor(lambda: violations(awards, given))

    def summed(self, seed: int) -> float:
        """Return the seconds of only adding up what a plan gives of each pool."""
        awards = minimum_first(instance(self.size, seed))
        return _processor(lambda: Counter(slot for award in awards for slot in flat_hours(award)))


def cases(size: int, repetitions: int, draws: int) -> Iterator[Case]:
    """Yield what is measured for calls of one size, each repetition another call."""
    calls = Calls(size, LARGE_GAP if size >= LARGE else GAP, draws)
    alone = {"HiGHS on the same matrices": calls.each(calls.engine_alone)}
    yield Case(f"plan for {size} applicants", "", size, "s", calls.each(calls.solved), alone, repetitions)
    if size >= LARGE:
        alone = {"HiGHS on the same matrices": calls.each(calls.engine_alone)}
        run = calls.each(calls.first_answer)
        yield Case(f"first answer for {size} applicants", "", size, "s", run, alone, repetitions)
        yield _checking(calls, repetitions)
        return
    rules = {
        "greedy by score": calls.each(lambda seed: float(objective_points(greedy(g := instance(size, seed)), g))),
        "minimum first": calls.each(lambda seed: float(objective_points(minimum_first(g := instance(size, seed)), g))),
    }
    worth = calls.each(lambda seed: solve(instance(size, seed)).objective)
    yield Case(f"worth of a plan for {size}", "", size, "points", worth, rules, repetitions)
    one = {"one solve": calls.each(calls.solved)}
    yield Case(f"{draws} draws of scores for {size}", "", size, "s", calls.each(calls.drawn), one, repetitions)
    for what, run in (
        ("price of the quotas", calls.priced),
        ("why not us", calls.explained),
        ("smallest conflict", calls.contradicted),
    ):
        one = {"one solve": calls.each(calls.solved)}
        yield Case(f"{what} for {size}", "", size, "s", calls.each(run), one, repetitions)
    yield _checking(calls, repetitions)


def _checking(calls: Calls, repetitions: int) -> Case:
    summed = {"adding up its hours": calls.each(calls.summed)}
    return Case(f"check a plan for {calls.size}", "", calls.size, "ms", calls.each(calls.checked), summed, repetitions)


def _processor(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _engine(model: Model, gap: float) -> None:
    low, high = model.row_bounds()
    result = milp(
        -np.array(model.cost),
        integrality=model.divisible(),
        bounds=Bounds(np.array(model.low), np.array(model.high)),
        constraints=LinearConstraint(model.matrix(), low, high),
        options={"mip_rel_gap": gap},
    )
    assert result.status == 0, result.message
