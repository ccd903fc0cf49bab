"""Scoring submissions and moving applications by their knock-outs."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, select, true, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.collecting import paused_collector
from fundapp.core.errors import NotFoundError, TransitionRefusedError
from fundapp.core.orm import CanonicalText, new_id
from fundapp.core.sessions import Database, RetryTransactionError
from fundapp.intake.actions import actor_name
from fundapp.intake.rules import advance
from fundapp.intake.tables import Application, Call, Submission, Transition
from fundapp.screening.ahead import Ahead, Pile, Ready, load_means
from fundapp.screening.dictionaries import LoadedDictionary, keep_dictionary
from fundapp.screening.facts import reference_date
from fundapp.screening.findings import keep_findings
from fundapp.screening.keeping import keep_rubric
from fundapp.screening.rubrics import LoadedRubric
from fundapp.screening.tables import Scorecard
from scoring import Outcome

BLOCK = 1_000
"""So many applications are read, scored and written at a time: what is held in memory does not grow with the call."""

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
        unchanged: Applications whose newest submission this rubric, model, dictionary and code had scored before.
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
class _Known:
    """The newest scorecard of a submission: enough to see whether scoring it again could say anything else."""

    version: int
    total_tenths: int
    verdict: str
    fingerprint: tuple[str | None, ...]


@dataclass(slots=True)
class _Run:
    """One scoring of one application or of a call: with what, and what came of it."""

    ahead: Ahead
    actor: Viewer
    at: datetime
    summaries: list[ScorecardSummary] = field(default_factory=list)
    moves: list[tuple[uuid.UUID, str]] = field(default_factory=list)


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
    with closing(Pile()) as pile:
        ahead = Ahead(load_means(session, rubric, dictionary), pile)
        run = _screen(session, Application.id == application_id, _Run(ahead, actor, at))
    if not run.summaries:
        state = session.scalar(select(Application.state).where(Application.id == application_id))
        if state is None:
            raise NotFoundError
        raise TransitionRefusedError(thing="application", state=state, verb="score")
    return run.summaries[0]


def screen_call(
    db: Database,
    call_code: str,
    *,
    actor: Viewer,
    at: datetime,
    rubric: LoadedRubric | None = None,
    dictionary: LoadedDictionary | None = None,
) -> ScreenResult:
    """Score every submission of a call that awaits it, all or none of them; safe to repeat.

    What can be worked out is worked out before the transaction: meanwhile others write.

    Raises:
        NotFoundError: if there is no such call, or the actor may not screen.
    """
    require(actor, Verb.SCREEN, Thing(Kind.APPLICATION))
    started = time.perf_counter()
    with closing(Pile()) as pile, paused_collector():
        with db.read() as session:
            ahead = Ahead(load_means(session, rubric, dictionary), pile)
            for _ in _scored_blocks(session, _of_call(session, call_code, actor), ahead):
                pass

        def work(session: Session) -> _Run:
            means = load_means(session, rubric, dictionary)
            # Published, activated or calibrated in between: what was worked out is of no use any more.
            mine = ahead if means.columns == ahead.means.columns else Ahead(means, pile)
            return _screen(session, _of_call(session, call_code, actor), _Run(mine, actor, at))

        run = db.transaction(work)
    return _result(run, time.perf_counter() - started)


def _of_call(session: Session, call_code: str, actor: Viewer) -> ColumnElement[bool]:
    call_id = session.scalar(select(Call.id).where(Call.code == call_code))
    if call_id is None:
        raise NotFoundError
    recused = Application.id.not_in(actor.recused_from) if actor.recused_from else true()
    return and_(Application.call_id == call_id, recused)


def _result(run: _Run, seconds: float) -> ScreenResult:
    scored = sum(summary.created for summary in run.summaries)
    verbs = [verb for _, verb in run.moves]
    model = run.ahead.means.serving.model
    return ScreenResult(
        scored=scored,
        unchanged=len(run.summaries) - scored,
        passed=verbs.count("pass_screening"),
        held=verbs.count("hold"),
        rubric=run.ahead.means.loaded.rubric.version,
        model=model.version if model else None,
        seconds=round(seconds, 3),
    )


def _screen(session: Session, among: ColumnElement[bool], run: _Run) -> _Run:
    """Write what scoring says of what awaits it among some applications.

    The number of statements does not depend on how many these are, up to `BLOCK`: beyond, each further block is a few
    more.
    """
    means = run.ahead.means
    try:
        for block in _scored_blocks(session, among, run.ahead):
            cards = [card for scored in block if (card := _note(run, *scored)) is not None]
            if cards:
                keep_rubric(session, means.loaded, run.at)
                keep_dictionary(session, means.words, run.at)
                keep_findings(session, means.words.dictionary.sha256, _found(run, block), run.at)
                session.connection().execute(insert(Scorecard), cards)
    except IntegrityError as error:
        # A rival scored the same submission first: start again and find its card.
        raise RetryTransactionError from error
    for verb in ("pass_screening", "hold"):
        _move(session, [id_ for id_, moved in run.moves if moved == verb], verb, run.actor, run.at)
    if run.moves or any(summary.created for summary in run.summaries):
        _record(session, run)
    return run


def _scored_blocks(
    session: Session, among: ColumnElement[bool], ahead: Ahead
) -> Iterator[list[tuple[Row[Any], Ready, _Known | None]]]:
    """Yield, block by block, what awaits scoring, what comes of it, and its newest scorecard."""
    calls = {call.id: call for call in session.scalars(select(Call).where(_calls_of(among)))}
    known = _newest_cards(session, among)
    newest = {submission_id: one.fingerprint for submission_id, one in known.items()}
    for block in session.execute(_waiting(among).execution_options(yield_per=BLOCK)).partitions():
        asked = [(row.submission_id, reference_date(calls[row.call_id], row.submitted_at)) for row in block]
        ready = ahead.score(session, asked, newest)
        yield [(row, one, known.get(row.submission_id)) for row, one in zip(block, ready, strict=True)]


def _calls_of(among: ColumnElement[bool]) -> ColumnElement[bool]:
    return Call.id.in_(select(Application.call_id).where(among))


def _waiting(among: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a select of many columns
    newest = (
        select(Submission.application_id, func.max(Submission.version).label("version"))
        .join(Application, Application.id == Submission.application_id)
        .where(among)
        .group_by(Submission.application_id)
        .subquery()
    )
    return (
        select(
            Application.id,
            Application.number,
            Application.state,
            Application.call_id,
            Submission.id.label("submission_id"),
            Submission.submitted_at,
        )
        .join(newest, newest.c.application_id == Application.id)
        .join(
            Submission,
            (Submission.application_id == newest.c.application_id) & (Submission.version == newest.c.version),
        )
        .where(among, Application.state.in_(_SCORED_STATES))
        .order_by(Application.number)
    )


def _newest_cards(session: Session, among: ColumnElement[bool]) -> dict[uuid.UUID, _Known]:
    query = (
        select(
            Scorecard.submission_id,
            Scorecard.version,
            Scorecard.total_tenths,
            Scorecard.verdict,
            Scorecard.inputs_sha256,
            Scorecard.rubric_sha256,
            Scorecard.model_sha256,
            Scorecard.calibration,
            Scorecard.dictionary_sha256,
            Scorecard.code_version,
        )
        .join(Application, Application.id == Scorecard.application_id)
        .where(among)
        .order_by(Scorecard.version)
    )
    return {
        submission: _Known(version, total, verdict, tuple(fingerprint))
        for submission, version, total, verdict, *fingerprint in session.execute(query)
    }


def _note(run: _Run, row: Row[Any], ready: Ready, known: _Known | None) -> dict[str, Any] | None:
    """Note what is to become of one application, and return its scorecard's row; None if it would say nothing new."""
    made = None
    if known is None or known.fingerprint != run.ahead.fingerprint(ready.inputs_sha256):
        made = _row(run, row, ready, 1 if known is None else known.version + 1)
        known = _Known(made["version"], made["total_tenths"], made["verdict"], ())
    state = row.state
    if state == "submitted":
        verb = "pass_screening" if known.verdict == Outcome.PASS else "hold"
        run.moves.append((row.id, verb))
        state = advance(state, verb)
    run.summaries.append(
        ScorecardSummary(
            row.id,
            row.number,
            known.version,
            known.total_tenths,
            known.verdict,
            state,
            run.ahead.means.loaded.rubric.version,
            created=made is not None,
        )
    )
    return made


def _row(run: _Run, row: Row[Any], ready: Ready, version: int) -> dict[str, Any]:
    card, pile = ready.card, run.ahead.pile
    if card is None:
        raise AssertionError("scored, for its newest scorecard names other means")
    return {
        "id": new_id(),
        "application_id": row.id,
        "submission_id": row.submission_id,
        "version": version,
        "total_tenths": card.total_tenths,
        "verdict": card.verdict,
        "document": CanonicalText(pile.get(card.document)),
        "facts": CanonicalText(pile.get(card.facts)),
        "inputs_sha256": ready.inputs_sha256,
        "rubric": run.ahead.means.loaded.rubric.version,
        **run.ahead.means.columns,
        "scored_at": run.at,
        "actor": actor_name(run.actor),
    }


def _found(run: _Run, block: Iterable[tuple[Row[Any], Ready, _Known | None]]) -> dict[str, str]:
    """Return what was found in the texts that were searched for some applications, by the texts' hashes."""
    cards = (ready.card for _, ready, _ in block if ready.card is not None)
    return {sha256: run.ahead.pile.get(place) for card in cards for sha256, place in card.found}


def _record(session: Session, run: _Run) -> None:
    rubric, columns = run.ahead.means.loaded.rubric, run.ahead.means.columns
    record_event(
        session,
        actor=run.actor,
        verb="applications.screened",
        subject_kind="rubric",
        subject=rubric.version,
        at=run.at,
        details={
            "rubric": rubric.version,
            **{name: columns[name] for name in ("rubric_sha256", "model_sha256", "dictionary_sha256")},
            "applications": [
                [summary.number, summary.version, summary.total_tenths, summary.verdict, summary.state]
                for summary in run.summaries
            ],
        },
    )


def _move(session: Session, moved: Sequence[uuid.UUID], verb: str, actor: Viewer, at: datetime) -> None:
    target = advance("submitted", verb)
    way = session.scalar(select(Application.workflow_id).where(Application.id.in_(moved[:1])))
    for start in range(0, len(moved), BLOCK):
        part = moved[start : start + BLOCK]
        changed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
            update(Application)
            .where(Application.id.in_(part), Application.state == "submitted")
            .values(state=target, updated_at=at)
            .execution_options(synchronize_session=False)
        )
        if changed.rowcount != len(part):
            raise RetryTransactionError
        session.connection().execute(
            insert(Transition),
            [
                {
                    "id": new_id(),
                    "application_id": id_,
                    "workflow_id": way,
                    "verb": verb,
                    "from_state": "submitted",
                    "to_state": target,
                    "reason": None,
                    "actor": actor_name(actor),
                    "at": at,
                }
                for id_ in part
            ],
        )
