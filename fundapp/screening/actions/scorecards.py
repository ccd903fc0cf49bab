"""Scoring submissions and moving applications by their knock-outs."""

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
from fundapp.core.errors import NotFoundError, TransitionRefusedError
from fundapp.core.orm import new_id
from fundapp.core.sessions import Database, RetryTransactionError
from fundapp.intake.actions import actor_name
from fundapp.intake.rules import advance
from fundapp.intake.tables import Application, Call, Submission, Transition
from fundapp.screening.dictionaries import LoadedDictionary, keep_dictionary, load_dictionary_file
from fundapp.screening.facts import derive_facts, reference_date
from fundapp.screening.keeping import keep_rubric
from fundapp.screening.rubric_queries import newest_rubric
from fundapp.screening.rubrics import LoadedRubric
from fundapp.screening.serving import NOTHING, Serving, load_serving
from fundapp.screening.tables import Scorecard
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


@dataclass(slots=True)
class _Chunk:
    words: LoadedDictionary
    serving: Serving = NOTHING
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
    dictionary: LoadedDictionary | None = None,
) -> ScorecardSummary:
    """Score an application's newest submission; from `submitted` it becomes eligible or goes on hold.

    The score never moves anything, only knock-outs do, and they never reject: what fails or is unknown waits for a
    person. The same submission, rubric, model, dictionary and code are not scored twice.

    Raises:
        NotFoundError: if there is no such application, or the actor may not screen it.
        TransitionRefusedError: if it has no submission or its review has begun.
    """
    require(actor, Verb.SCREEN, Thing(Kind.APPLICATION, application_id))
    chunk = _screen(
        session, [application_id], actor, at, rubric or newest_rubric(session), dictionary or load_dictionary_file()
    )
    if not chunk.summaries:
        state = session.scalar(select(Application.state).where(Application.id == application_id))
        if state is None:
            raise NotFoundError
        raise TransitionRefusedError(thing="application", state=state, verb="score")
    return chunk.summaries[0]


def screen_call(
    db: Database,
    call_code: str,
    *,
    actor: Viewer,
    at: datetime,
    rubric: LoadedRubric | None = None,
    dictionary: LoadedDictionary | None = None,
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
    words = dictionary or load_dictionary_file()
    ids = [one for one in waiting if one not in actor.recused_from]
    summaries: list[ScorecardSummary] = []
    moves: list[str] = []
    model = None
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        chunk = db.transaction(lambda session, part=part: _screen(session, part, actor, at, loaded, words))  # type: ignore[misc]
        summaries += chunk.summaries
        model = chunk.serving.model.version if chunk.serving.model else None
        moves += [verb for _, verb, _ in chunk.moves]
    scored = sum(summary.created for summary in summaries)
    return ScreenResult(
        scored=scored,
        unchanged=len(summaries) - scored,
        passed=moves.count("pass_screening"),
        held=moves.count("hold"),
        rubric=loaded.rubric.version,
        model=model,
        seconds=round(time.perf_counter() - started, 3),
    )


def _screen(
    session: Session,
    ids: Sequence[uuid.UUID],
    actor: Viewer,
    at: datetime,
    loaded: LoadedRubric,
    words: LoadedDictionary,
) -> _Chunk:
    chunk = _Chunk(words, load_serving(session).fit_for(loaded.rubric))
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
    fingerprint: tuple[str | None, ...]


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
            Scorecard.model_sha256,
            Scorecard.calibration,
            Scorecard.dictionary_sha256,
        )
        .where(Scorecard.application_id.in_(ids))
        .order_by(Scorecard.version)
    )
    return {
        submission: _Known(version, total, verdict, tuple(fingerprint))
        for submission, version, total, verdict, *fingerprint in session.execute(query)
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
    serving, words = chunk.serving, chunk.words.dictionary
    mark = (facts.sha256, rubric.sha256, code_version(), *serving.fingerprint, words.sha256)
    fresh = known is None or known.fingerprint != mark
    if fresh:
        card = score(facts, rubric, serving.model, calibration=serving.calibration, dictionary=words)
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
                "model_sha256": mark[3],
                "calibration": mark[4],
                "dictionary_sha256": words.sha256,
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
            keep_rubric(session, loaded, at)
            keep_dictionary(session, chunk.words, at)
            session.execute(insert(Scorecard), chunk.cards)
    except IntegrityError as error:
        # A rival scored the same submission first: start again and find its card.
        raise RetryTransactionError from error
    for verb in ("pass_screening", "hold"):
        _move(session, [(id_, number) for id_, moved, number in chunk.moves if moved == verb], verb, actor, at)
    details = {
        "rubric": loaded.rubric.version,
        "rubric_sha256": loaded.rubric.sha256,
        "model_sha256": chunk.serving.fingerprint[0],
        "dictionary_sha256": chunk.words.dictionary.sha256,
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
