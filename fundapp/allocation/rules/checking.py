"""Whether a plan is lawful: every term, in whole-number arithmetic, from the instance and the awards alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from fundapp.allocation.rules.instance import (
    PERMILLE,
    Applicant,
    Instance,
    free_codev_days,
    free_hours,
    held_krw,
    rates_krw,
)
from fundapp.allocation.rules.plan import Plan, PlannedAward, flat_hours, gpu_value_krw
from fundapp.allocation.rules.settings import Breach, Setting


def violations(plan: Plan | Sequence[PlannedAward], instance: Instance) -> list[str]:
    """List every term that a plan breaks, as sentences; empty when the plan is lawful.

    Args:
        plan: A plan, or its awards.
        instance: What it should answer.
    """
    return [breach.sentence for breach in breaches(plan, instance)]


def breaches(plan: Plan | Sequence[PlannedAward], instance: Instance) -> list[Breach]:
    """List every setting that a plan breaks; empty when the plan is lawful."""
    awards = plan.awards if isinstance(plan, Plan) else tuple(plan)
    known = {applicant.code: applicant for applicant in instance.applicants}
    codes = [award.code for award in awards]
    found = [_breach("applicant", c, f"{c}: no such applicant", c) for c in codes if c not in known]
    found += [
        _breach("applicant", c, f"{c}: awarded twice", c) for c in sorted({c for c in codes if codes.count(c) > 1})
    ]
    found += _promise_breaches(awards, instance)
    if any(code not in known for code in codes):
        return found
    for award in awards:
        found += award_breaches(award, known[award.code], instance)
    return [*found, *_pool_breaches(awards, instance), *share_breaches(awards, instance)]


def _breach(kind: str, subject: str, sentence: str, code: str = "") -> Breach:
    return Breach(Setting(kind, subject), code, sentence)


def _promise_breaches(awards: Sequence[PlannedAward], instance: Instance) -> Iterator[Breach]:
    terms = instance.terms
    held = {award.code: award for award in awards}
    for code in terms.must_award:
        if code not in held:
            yield _breach("must", code, f"{code}: must be awarded", code)
    for code in terms.must_not_award:
        if code in held:
            yield _breach("must_not", code, f"{code}: must not be awarded", code)
    for pin in terms.pins:
        award = held.get(pin.code, PlannedAward(pin.code, 0, {}))
        if pin.krw is not None and pin.krw != award.krw:
            yield _breach("pin", pin.code, f"{pin.code}: {award.krw} won, but pinned to {pin.krw}", pin.code)
        if pin.gpu_hours is not None:
            given = {(s, q): h for s, q, h in flat_hours(award) if h}
            pinned = {(s, q): h for s, q, h in flat_hours(PlannedAward(pin.code, 0, pin.gpu_hours)) if h}
            if given != pinned:
                yield _breach("pin", pin.code, f"{pin.code}: its hours are not those it is pinned to", pin.code)


def award_breaches(award: PlannedAward, applicant: Applicant, instance: Instance) -> Iterator[Breach]:
    """Yield what one award breaks by itself, whatever the others get."""
    code, block = award.code, instance.terms.block_hours
    if award.krw not in (*applicant.tickets, 0):
        yield _breach("ticket", code, f"{code}: {award.krw} won is not one of its tickets", code)
    wanted = {(r.sku, r.quarter): r.hours for r in applicant.requests}
    taken: dict[str, int] = defaultdict(int)
    for sku, quarter, hours in flat_hours(award):
        taken[sku] += hours
        if not 0 <= hours <= wanted.get((sku, quarter), 0):
            yield _breach(
                "request", code, f"{code}: {hours} hours of {sku} in {quarter} is not within its request", code
            )
        if hours % block:
            yield _breach(
                "block", "", f"{code}: {hours} hours of {sku} in {quarter} are no whole blocks of {block}", code
            )
    for sku, hours in taken.items():
        if hours < applicant.minimum_hours.get(sku, 0):
            yield _breach("minimum", code, f"{code}: {hours} hours of {sku} is below its minimum", code)
    yield from _joint_breaches(award, applicant, instance.terms.joint, gpu=any(taken.values()))
    value = gpu_value_krw(award, rates_krw(instance))
    held = held_krw(instance).get(code, 0)
    if value and (value + held) * PERMILLE > instance.terms.own_cap_permille * instance.pool_value_krw:
        yield _breach("own_cap", "", f"{code}: GPU value {value + held} won is above the cap for one applicant", code)


def _joint_breaches(award: PlannedAward, applicant: Applicant, joint: str, *, gpu: bool) -> Iterator[Breach]:
    code, cash = award.code, award.krw > 0
    both = bool(applicant.tickets and applicant.requests)
    if not (cash or gpu):
        yield _breach("joint", code, f"{code}: awarded, but neither cash nor GPU time", code)
    elif both and not cash and joint != "either":
        yield _breach("joint", code, f"{code}: asked for cash and gets none", code)
    elif both and not gpu and joint == "both":
        yield _breach("joint", code, f"{code}: asked for GPU time and gets none", code)


def _pool_breaches(awards: Sequence[PlannedAward], instance: Instance) -> Iterator[Breach]:
    used: dict[tuple[str, str], int] = defaultdict(int)
    days: dict[str, int] = defaultdict(int)
    known = {applicant.code: applicant for applicant in instance.applicants}
    for award in awards:
        for sku, quarter, hours in flat_hours(award):
            used[sku, quarter] += hours
        for quarter, needed in known[award.code].codev_days.items():
            days[quarter] += needed
    free = free_hours(instance)
    for (sku, quarter), hours in sorted(used.items()):
        left = free.get((sku, quarter), 0)
        if hours > left:
            yield _breach("capacity", f"{sku} {quarter}", f"{sku} {quarter}: {hours} hours awarded of {left}")
    for quarter, left in free_codev_days(instance).items():
        if days[quarter] > left:
            yield _breach("codev", quarter, f"{quarter}: {days[quarter]} co-development days taken of {left}")
    cash = sum(award.krw for award in awards)
    if cash > instance.terms.budget_krw:
        yield _breach("budget", "", f"cash: {cash} won awarded of {instance.terms.budget_krw}")


def share_breaches(awards: Sequence[PlannedAward], instance: Instance) -> list[Breach]:
    """List the quotas that a set of awards breaks: shares of the GPU value that it gives."""
    rates, terms = rates_krw(instance), instance.terms
    known = {applicant.code: applicant for applicant in instance.applicants}
    value = {award.code: gpu_value_krw(award, rates) for award in awards}
    total = sum(value.values())

    def part(belongs: Callable[[Applicant], bool]) -> int:
        return sum(krw for code, krw in value.items() if belongs(known[code]))

    by_sector: dict[str, int] = defaultdict(int)
    for code, krw in value.items():
        by_sector[known[code].sector] += krw
    found = [
        _breach("sector_cap", sector, f"sector {sector}: {krw} of {total} won is above the sector cap")
        for sector, krw in sorted(by_sector.items())
        if krw * PERMILLE > terms.sector_cap_permille * total
    ]
    sme, region = part(lambda a: a.sme), part(lambda a: a.non_capital)
    if sme * PERMILLE < terms.sme_floor_permille * total:
        found.append(_breach("sme_floor", "", f"SME: {sme} of {total} won is below the floor"))
    if region * PERMILLE < terms.non_capital_floor_permille * total:
        found.append(_breach("non_capital_floor", "", f"non-capital: {region} of {total} won is below the floor"))
    for quota in terms.quotas:
        krw = part(lambda a, tag=quota.tag: tag in a.tags)  # type: ignore[misc]
        over = krw * PERMILLE - quota.permille * total
        if over > 0 if quota.direction == "at_most" else over < 0:
            found.append(_breach("quota", quota.tag, f"{quota.tag}: {krw} of {total} won is not {quota.direction}"))
    return found
