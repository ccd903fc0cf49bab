"""What people put in the place of a plan's recommendations, each with its reason."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.allocation.keeping import newest_choice, note, require_no_recusal
from fundapp.allocation.rules import Choice, Instance, choose, differs, read_awards, read_instance
from fundapp.allocation.rules import breaches as find_breaches
from fundapp.allocation.rules.settings import Breach
from fundapp.allocation.tables import Plan, PlanAdoption, PlanChoice
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Chosen:
    """Choices as kept.

    Attributes:
        revision: Their number; the next change names it.
        breaches: Settings that they do not keep.
    """

    revision: int
    breaches: tuple[Breach, ...]


def choose_awards(
    session: Session,
    *,
    plan_id: uuid.UUID,
    choices: Sequence[Choice],
    seen: int,
    actor: Viewer,
    at: datetime,
) -> Chosen:
    """Keep what is to be asked of the committee instead of a plan's recommendations; all of it, every time.

    Args:
        session: A writing session.
        plan_id: The plan, not yet adopted.
        choices: One for each applicant whose amount differs or is pinned.
        seen: Revision that the actor's page showed, 0 for none.
        actor: Analyst.
        at: Now.

    Raises:
        NotFoundError: if there is no such plan.
        InvalidInputError: if a code is unknown, an amount negative, or another amount stands without a reason.
        TransitionRefusedError: if the plan went to a meeting, or somebody else chose meanwhile.
        ConflictOfInterestError: if the actor is recused from an application of the plan.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    plan = session.get(Plan, plan_id)
    if plan is None:
        raise NotFoundError(plan=str(plan_id))
    require_no_recusal(session, [row["code"] for row in plan.instance["applicants"]], actor)
    if session.scalar(select(exists().where(PlanAdoption.plan_id == plan_id))):
        raise TransitionRefusedError(thing="plan", state="adopted", verb="choose")
    instance = read_instance(plan.instance)
    kept = _checked(instance, plan, choices)
    earlier = newest_choice(session, plan_id)
    if (earlier.revision if earlier else 0) != seen:
        raise TransitionRefusedError(thing="plan", state="chosen", verb="choose")
    _keep(session, plan_id, seen + 1, kept, actor, at)
    note(
        session,
        actor,
        "plan.chosen",
        str(plan_id),
        at,
        revision=seen + 1,
        otherwise=sum(1 for choice in kept if choice.reason),
        pinned=sum(choice.pinned for choice in kept),
    )
    awards = choose(read_awards(plan.result["awards"]), kept)
    return Chosen(seen + 1, tuple(find_breaches(awards, instance)))


def _checked(instance: Instance, plan: Plan, choices: Sequence[Choice]) -> list[Choice]:
    """Return the choices worth keeping: what differs, with its reason, and what is pinned."""
    known = {applicant.code for applicant in instance.applicants}
    recommended = {award.code: award for award in read_awards(plan.result["awards"])}
    kept: dict[str, Choice] = {}
    for choice in choices:
        if choice.code not in known or choice.code in kept:
            raise _wrong(choice.code, "이 배정안의 신청이 아닙니다", "is no application of this plan")
        hours = [h for quarters in choice.gpu_hours.values() for h in quarters.values()]
        if choice.krw < 0 or any(h <= 0 for h in hours):
            raise _wrong(choice.code, "0보다 작은 값은 정할 수 없습니다", "an amount must not be negative")
        other = differs(choice, recommended)
        reason = choice.reason.strip()
        if other and not reason:
            raise _wrong(
                choice.code, "추천과 다르게 정한 이유를 적어 주세요", "say why this differs from the recommendation"
            )
        if len(reason) > LONGEST_REASON:
            raise _wrong(
                choice.code,
                f"이유는 {LONGEST_REASON}자까지 적을 수 있습니다",
                f"a reason has {LONGEST_REASON} characters at most",
            )
        if other or choice.pinned:
            kept[choice.code] = Choice(
                choice.code, choice.krw, choice.gpu_hours, reason if other else "", choice.pinned
            )
    return list(kept.values())


def _wrong(code: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field="choice", reason_ko=f"{code}: {reason_ko}", reason_en=f"{code}: {reason_en}")


def _keep(
    session: Session, plan_id: uuid.UUID, revision: int, kept: Sequence[Choice], actor: Viewer, at: datetime
) -> None:
    lines: dict[str, Any] = {choice.code: _line(choice) for choice in kept}
    try:
        with session.begin_nested():
            session.add(
                PlanChoice(
                    plan_id=plan_id,
                    revision=revision,
                    lines=lines,
                    chosen_by=actor.name or actor.email,
                    chosen_by_id=actor.person_id,
                    chosen_at=at,
                )
            )
    except IntegrityError as error:
        # Somebody else's revision of the same number came first.
        raise TransitionRefusedError(thing="plan", state="chosen", verb="choose") from error


def _line(choice: Choice) -> Mapping[str, Any]:
    return {
        "krw": choice.krw,
        "gpu_hours": {sku: dict(quarters) for sku, quarters in choice.gpu_hours.items()},
        "reason": choice.reason,
        "pinned": choice.pinned,
    }
