"""Scoring submissions, moving applications by their knock-outs, judging those that stopped, replaying scorecards."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.orm import canonical_json, new_id
from fundapp.core.sessions import Database, RetryTransactionError
from fundapp.intake.actions import actor_name, move_application
from fundapp.intake.rules import advance
from fundapp.intake.tables import Application, Call, Submission, Transition
from fundapp.screening.facts import derive_facts, reference_date
from fundapp.screening.rubric_queries import newest_rubric
from fundapp.screening.rubrics import LoadedRubric, read_rubric
from fundapp.screening.tables import KnockoutJudgement, RubricVersion, Scorecard
from scoring import Facts, Outcome, code_version, score
from scoring import Scorecard as ScoredCard

CHUNK = 300
_SCORED_STATES = ("submitted", "on_hold", "eligible")


@dataclass(frozen=True, slots=True)
class ScorecardSummary:
    """One application's score in tenths of a point, and its knock-outs together: pass, fail or unknown."""

    application_id: uuid.UUID
    number: str
    version: int
    total_tenths: int
    verdict: str
    state: str
    rubric: str
    created: bool


@dataclass(frozen=True, slots=True)
class ScreenResult:
    """What scoring a call did.

    Attributes:
        scored: Scorecards written.
        unchanged: Applications whose newest submission this rubric and code had scored before.
        passed: Applications that became eligible.
        held: Applications that a knock-out put on hold.
    """

    scored: int
    unchanged: int
    passed: int
    held: int
    rubric: str
    model: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A scorecard that a replay did not reproduce, and in what: inputs, rubric or result."""

    application: str
    scorecard_id: uuid.UUID
    what: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What replaying scorecards found."""

    replayed: int
    identical: int
    different: tuple[Difference, ...]


@dataclass(slots=True)
class _Chunk:
    summaries: list[ScorecardSummary] = field(default_factory=list)
    cards: list[dict[str, Any]] = field(default_factory=list)
    moves: list[tuple[uuid.UUID, str, str]] = field(default_factory=list)


def overall_verdict(card: ScoredCard) -> str:
    """Return fail if any knock-out fails, else unknown if any is open, else pass."""
    outcomes = {knockout.outcome for knockout in card.knockouts}
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        if outcome in outcomes:
            return outcome.value
    return Outcome.PASS.value


def score_application(
    session: Session,
    *,
    application_id: uuid.UUID,
    actor: Viewer,
    at: datetime,
    rubric: LoadedRubric | None = None,
) -> ScorecardSummary:
    """Score an application's newest submission; from `submitted` it becomes eligible or goes on hold.

    The score never moves anything, only knock-outs do, and they never reject: what fails or is unknown waits for a
    person. The same submission, rubric and code are not scored twice.

    Raises:
        NotFoundError: if there is no such application, or the actor may not screen it.
        TransitionRefusedError: if it has no submission or its review has begun.
    """
    require(actor, Verb.SCREEN, Thing(Kind.APPLICATION, application_id))
    chunk = _screen(session, [application_id], actor, at, rubric or newest_rubric(session))
    if not chunk.summaries:
        state = session.scalar(select(Application.state).where(Application.id == application_id))
        if state is None:
            raise NotFoundError
        raise TransitionRefusedError(thing="application", state=state, verb="score")
    return chunk.summaries[0]


def screen_call(
    db: Database, call_code: str, *, actor: Viewer, at: datetime, rubric: LoadedRubric | None = None
) -> ScreenResult:
    """Score every submission of a call that awaits it, some hundreds to a transaction; safe to repeat.

    Raises:
        NotFoundError: if there is no such call, or the actor may not screen.
    """
    require(actor, Verb.SCREEN, Thing(Kind.APPLICATION))
    started = time.perf_counter()
    with db.read() as session:
        loaded = rubric or newest_rubric(session)
        call_id = session.scalar(select(Call.id).where(Call.code == call_code))
        if call_id is None:
            raise NotFoundError
        waiting = list(
            session.scalars(
                select(Application.id)
                .where(Application.call_id == call_id, Application.state.in_(_SCORED_STATES))
                .order_by(Application.number)
            )
        )
    ids = [one for one in waiting if one not in actor.recused_from]
    summaries: list[ScorecardSummary] = []
    moves: list[str] = []
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        chunk = db.transaction(lambda session, part=part: _screen(session, part, actor, at, loaded))  # type: ignore[misc]
        summaries += chunk.summaries
        moves += [verb for _, verb, _ in chunk.moves]
    scored = sum(summary.created for summary in summaries)
    return ScreenResult(
        scored=scored,
        unchanged=len(summaries) - scored,
        passed=moves.count("pass_screening"),
        held=moves.count("hold"),
        rubric=loaded.rubric.version,
        model=None,
        seconds=round(time.perf_counter() - started, 3),
    )


def _screen(session: Session, ids: Sequence[uuid.UUID], actor: Viewer, at: datetime, loaded: LoadedRubric) -> _Chunk:
    chunk = _Chunk()
    newest = _newest_cards(session, ids)
    for application, call, submission in _load(session, ids):
        on = reference_date(call, submission.submitted_at)
        facts = derive_facts(submission.answers, on)
        known = newest.get(submission.id)
        _score_one(chunk, application, submission, facts, known, loaded)
        summary = chunk.summaries[-1]
        if application.state == "submitted":
            verb = "pass_screening" if summary.verdict == Outcome.PASS else "hold"
            chunk.moves.append((application.id, verb, summary.number))
    for card in chunk.cards:
        card |= {"scored_at": at, "actor": actor_name(actor)}
    _write(session, chunk, actor, at, loaded)
    return chunk


def _load(session: Session, ids: Sequence[uuid.UUID]) -> list[tuple[Application, Call, Submission]]:
    newest = (
        select(Submission.application_id, func.max(Submission.version).label("version"))
        .where(Submission.application_id.in_(ids))
        .group_by(Submission.application_id)
        .subquery()
    )
    query = (
        select(Application, Call, Submission)
        .join(Call, Call.id == Application.call_id)
        .join(newest, newest.c.application_id == Application.id)
        .join(
            Submission,
            (Submission.application_id == newest.c.application_id) & (Submission.version == newest.c.version),
        )
        .where(Application.id.in_(ids), Application.state.in_(_SCORED_STATES))
        .order_by(Application.number)
        .execution_options(populate_existing=True)
    )
    return [(application, call, submission) for application, call, submission in session.execute(query)]


@dataclass(frozen=True, slots=True)
class _Known:
    version: int
    total_tenths: int
    verdict: str
    fingerprint: tuple[str, str, str]


def _newest_cards(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, _Known]:
    query = (
        select(
            Scorecard.submission_id,
            Scorecard.version,
            Scorecard.total_tenths,
            Scorecard.verdict,
            Scorecard.inputs_sha256,
            Scorecard.rubric_sha256,
            Scorecard.code_version,
        )
        .where(Scorecard.application_id.in_(ids))
        .order_by(Scorecard.version)
    )
    return {
        submission: _Known(version, total, verdict, (inputs, rubric, code))
        for submission, version, total, verdict, inputs, rubric, code in session.execute(query)
    }


def _score_one(
    chunk: _Chunk,
    application: Application,
    submission: Submission,
    facts: Facts,
    known: _Known | None,
    loaded: LoadedRubric,
) -> None:
    rubric = loaded.rubric
    version = 1 if known is None else known.version
    fresh = known is None or known.fingerprint != (facts.sha256, rubric.sha256, code_version())
    if fresh:
        card = score(facts, rubric)
        version = 1 if known is None else known.version + 1
        total, verdict = card.total_tenths, overall_verdict(card)
        chunk.cards.append(
            {
                "id": new_id(),
                "application_id": application.id,
                "submission_id": submission.id,
                "version": version,
                "total_tenths": total,
                "verdict": verdict,
                "document": card.to_document(),
                "facts": facts.to_answers(),
                "inputs_sha256": card.inputs_sha256,
                "rubric": rubric.version,
                "rubric_sha256": rubric.sha256,
                "code_version": card.code_version,
            }
        )
    elif known is not None:
        total, verdict = known.total_tenths, known.verdict
    state = application.state
    if state == "submitted":
        state = advance(state, "pass_screening" if verdict == Outcome.PASS else "hold")
    chunk.summaries.append(
        ScorecardSummary(
            application.id, application.number, version, total, verdict, state, rubric.version, created=fresh
        )
    )


def _write(session: Session, chunk: _Chunk, actor: Viewer, at: datetime, loaded: LoadedRubric) -> None:
    if not chunk.cards and not chunk.moves:
        return
    try:
        if chunk.cards:
            _keep_rubric(session, loaded, at)
            session.execute(insert(Scorecard), chunk.cards)
    except IntegrityError as error:
        # A rival scored the same submission first: start again and find its card.
        raise RetryTransactionError from error
    for verb in ("pass_screening", "hold"):
        _move(session, [(id_, number) for id_, moved, number in chunk.moves if moved == verb], verb, actor, at)
    details = {
        "rubric": loaded.rubric.version,
        "rubric_sha256": loaded.rubric.sha256,
        "applications": [
            [summary.number, summary.version, summary.total_tenths, summary.verdict, summary.state]
            for summary in chunk.summaries
        ],
    }
    record_event(
        session,
        actor=actor,
        verb="applications.screened",
        subject_kind="rubric",
        subject=loaded.rubric.version,
        at=at,
        details=details,
    )


def _keep_rubric(session: Session, loaded: LoadedRubric, at: datetime) -> None:
    if session.get(RubricVersion, loaded.rubric.sha256) is None:
        session.add(
            RubricVersion(
                sha256=loaded.rubric.sha256, version=loaded.rubric.version, text=loaded.text, first_used_at=at
            )
        )
        session.flush()


def _move(session: Session, moved: list[tuple[uuid.UUID, str]], verb: str, actor: Viewer, at: datetime) -> None:
    if not moved:
        return
    target = advance("submitted", verb)
    changed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Application)
        .where(Application.id.in_([id_ for id_, _ in moved]), Application.state == "submitted")
        .values(state=target, updated_at=at)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != len(moved):
        raise RetryTransactionError
    session.execute(
        insert(Transition),
        [
            {
                "id": new_id(),
                "application_id": id_,
                "verb": verb,
                "from_state": "submitted",
                "to_state": target,
                "reason": None,
                "actor": actor_name(actor),
                "at": at,
            }
            for id_, _ in moved
        ],
    )


def judge_knockout(
    session: Session, *, application_id: uuid.UUID, outcome: str, reason: str, actor: Viewer, at: datetime
) -> str:
    """Decide as a person about an application that a knock-out put on hold; return its new state.

    Args:
        session: The session.
        application_id: Which.
        outcome: `released` or `ineligible`.
        reason: Why, in the person's own words; it stays on record.
        actor: An analyst.
        at: Now.

    Raises:
        InvalidInputError: without a reason, or for another outcome.
        NotFoundError: if there is no such application, or the actor may not judge it.
        TransitionRefusedError: if it is not on hold.
    """
    require(actor, Verb.OVERRIDE, Thing(Kind.SCORECARD, application_id))
    verb = {"released": "release", "ineligible": "declare_ineligible"}.get(outcome)
    if verb is None:
        raise InvalidInputError(field="outcome", reason_ko="없는 판단입니다", reason_en="no such outcome")
    why = reason.strip()
    if not why:
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    application = session.get(Application, application_id, populate_existing=True)
    if application is None:
        raise NotFoundError
    card = session.scalar(
        select(Scorecard.id)
        .join(Submission, Submission.id == Scorecard.submission_id)
        .where(Scorecard.application_id == application_id)
        .order_by(Submission.version.desc(), Scorecard.version.desc())
        .limit(1)
    )
    if card is None:
        raise TransitionRefusedError(thing="application", state=application.state, verb=verb)
    state = move_application(session, application, verb, actor=actor, at=at, reason=why)
    session.add(
        KnockoutJudgement(
            application_id=application_id,
            scorecard_id=card,
            outcome=outcome,
            reason=why,
            person_id=actor.person_id,
            actor=actor_name(actor),
            at=at,
        )
    )
    session.flush()
    return state


def replay_scorecards(session: Session, *, every: bool = False) -> Replay:
    """Score again from the stored facts and rubric, and compare the whole documents. Writes nothing.

    Args:
        session: Any session.
        every: All scorecards ever made, not only each application's newest.
    """
    replayed = 0
    different: list[Difference] = []
    query = (
        select(Scorecard, Application.number, RubricVersion.text)
        .join(Application, Application.id == Scorecard.application_id)
        .join(RubricVersion, RubricVersion.sha256 == Scorecard.rubric_sha256)
        .order_by(Application.number, Scorecard.id)
    )
    if not every:
        place = func.row_number().over(
            partition_by=Scorecard.application_id, order_by=(Submission.version.desc(), Scorecard.version.desc())
        )
        ranked = select(Scorecard.id, place.label("place")).join(Submission, Submission.id == Scorecard.submission_id)
        newest = ranked.subquery()
        query = query.where(Scorecard.id.in_(select(newest.c.id).where(newest.c.place == 1)))
    for card, number, text in session.execute(query.execution_options(yield_per=500)):
        replayed += 1
        if (what := _difference(card, text)) is not None:
            different.append(Difference(number, card.id, what))
    return Replay(replayed, replayed - len(different), tuple(different))


def _difference(card: Scorecard, rubric_text: str) -> str | None:
    rubric = read_rubric(rubric_text).rubric
    facts = Facts.from_answers(card.facts)
    if rubric.sha256 != card.rubric_sha256:
        return "rubric"
    if facts.sha256 != card.inputs_sha256:
        return "inputs"
    again = score(facts, rubric)
    # Newer code that comes to the same result is no difference; its version is the one thing left out.
    mine = canonical_json(again.to_document() | {"code_version": ""})
    theirs = canonical_json(card.document | {"code_version": ""})
    columns = (card.total_tenths, card.verdict) == (again.total_tenths, overall_verdict(again))
    return None if mine == theirs and columns else "result"
