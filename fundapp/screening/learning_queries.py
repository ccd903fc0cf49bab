"""What pages, commands and jobs may ask about learned models."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, may, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.intake.queries import company_shown, visible_to
from fundapp.intake.tables import Application, Call, Company, Submission
from fundapp.screening.actions.activations import open_proposal
from fundapp.screening.actions.shadows import CHALLENGERS
from fundapp.screening.labels import MEANING, MEANING_EN, WITH_OUTCOMES, WITH_OUTCOMES_EN
from fundapp.screening.learning_rules import (
    LOW_SCORER_BELOW_TENTHS,
    NIGHTS_A_WEEK,
    SHADOW_WEEKS,
    may_be_explained,
    shadow_stopped,
    weeks_of_nights,
)
from fundapp.screening.serving import active_model_id, read_stored
from fundapp.screening.shadowed import NEVER, count_shadow_scores, shadowed_models
from fundapp.screening.tables import (
    ActivationProposal,
    FitModel,
    GateVerdict,
    ModelActivation,
    ModelCalibration,
    Scorecard,
)
from scoring import Model, drawn_for_review
from scoring.learning import gate
from scoring.learning.train import FEWEST_LABELS


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One verdict of the gate; `document` holds its checks."""

    passed: bool
    champion: str
    document: dict[str, Any]
    decided_at: datetime
    decided_by: str


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal that waits for a second person; `own` if it is the viewer's."""

    proposed_by: str
    reason: str
    proposed_at: datetime
    own: bool


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model.

    Attributes:
        serves: Whether it serves now.
        shadow_nights: Nights in the shadow.
        shadowed: Submissions it has scored there.
        last_night: The Korean day of its last night there.
        shadow_stopped: Whether it should shadow and has missed a night.
        verdicts: Newest first.
        proposal: What waits for a second person.
    """

    version: str
    method: str
    sha256: str
    labels: int
    smaller: int
    metrics: dict[str, Any]
    table_sha256: str
    trained_at: datetime
    trained_by: str
    serves: bool
    shadow_nights: int
    shadowed: int
    last_night: date | None
    shadow_stopped: bool
    verdicts: tuple[VerdictRow, ...]
    proposal: ProposalRow | None

    @property
    def shadow_weeks(self) -> int:
        """Whole weeks of nights in the shadow."""
        return weeks_of_nights(self.shadow_nights)

    @property
    def blocking(self) -> tuple[str, ...]:
        """The checks that the newest verdict failed, by key."""
        checks = self.verdicts[0].document["checks"] if self.verdicts else []
        return tuple(one["key"] for one in checks if one["passed"] is False)

    @property
    def open_findings(self) -> tuple[dict[str, Any], ...]:
        """The checks that the newest verdict failed and that a reason on record may let pass."""
        checks = self.verdicts[0].document["checks"] if self.verdicts else []
        return tuple(one for one in checks if one["passed"] is False and may_be_explained(one["key"]))


@dataclass(frozen=True, slots=True)
class ActivationRow:
    """One change of what serves; `version` is None for the rubric alone."""

    number: int
    version: str | None
    rolled_back: bool
    proposed_by: str | None
    approved_by: str
    reason: str
    serves_from: datetime


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """One correction of a model's probability, with calibration errors before and after."""

    version: str
    model: str
    labels: int
    found: dict[str, Any]
    fitted_at: datetime


@dataclass(frozen=True, slots=True)
class ModelsPage:
    """Everything about models: newest first."""

    serving: str | None
    models: tuple[ModelRow, ...] = field(default=())
    activations: tuple[ActivationRow, ...] = field(default=())
    calibrations: tuple[CalibrationRow, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Step:
    """One thing between learning and service.

    Attributes:
        key: `labels`, `smaller_class`, `trained`, `shadow`, `gate` or `approval`.
        have: How much of it there is; of `trained` labels, of `gate` and `approval` nothing is counted.
        needed: How much it takes.
    """

    key: str
    have: int
    needed: int
    done: bool


def way_to_service(page: ModelsPage, labels: int, fits: int) -> tuple[Step, ...]:
    """Return what the newest model has and lacks before it may serve; without a model, what labels there are say.

    Args:
        page: All models.
        labels: How many labels there are.
        fits: How many of them say fit.

    Returns:
        The steps in order; none where the newest model serves.
    """
    newest = page.models[0] if page.models else None
    if newest is None:
        smaller, nights = min(fits, labels - fits), 0
    elif newest.serves:
        return ()
    else:
        labels, smaller, nights = newest.labels, newest.smaller, newest.shadow_nights
    asked = NIGHTS_A_WEEK * SHADOW_WEEKS
    passed = newest is not None and bool(newest.verdicts) and newest.verdicts[0].passed
    return (
        Step("labels", labels, gate.FEWEST_LABELS, labels >= gate.FEWEST_LABELS),
        Step("smaller_class", smaller, gate.FEWEST_OF_A_CLASS, smaller >= gate.FEWEST_OF_A_CLASS),
        Step("trained", labels, FEWEST_LABELS, newest is not None),
        Step("shadow", nights, asked, nights >= asked),
        Step("gate", 0, 0, passed),
        Step("approval", 0, 0, done=False),
    )


def models_page(session: Session, viewer: Viewer, *, at: datetime) -> ModelsPage:
    """Return all models, their verdicts and who let what serve.

    Raises:
        ForbiddenError: if the viewer may not see models.
    """
    require(viewer, Verb.VIEW, Thing(Kind.MODEL))
    serving = active_model_id(session)
    kept = session.scalars(select(FitModel).order_by(FitModel.trained_at.desc(), FitModel.id.desc())).all()
    names = {model.id: model.version for model in kept}
    verdicts: dict[Any, list[VerdictRow]] = {}
    for row in session.scalars(select(GateVerdict).order_by(GateVerdict.decided_at.desc(), GateVerdict.id.desc())):
        champion = "" if row.champion_id is None else names[row.champion_id]
        verdicts.setdefault(row.model_id, []).append(
            VerdictRow(row.passed, champion, row.document, row.decided_at, row.decided_by)
        )
    nights, scored, today = shadowed_models(session), count_shadow_scores(session), kst_date(at)
    rows = []
    for place, model in enumerate(kept):
        shadow = nights.get(model.id, NEVER)
        due = place < CHALLENGERS and model.id != serving
        proposal = None if model.id == serving else open_proposal(session, model.id)
        rows.append(
            ModelRow(
                version=model.version,
                method=model.method,
                sha256=model.sha256,
                labels=model.labels,
                smaller=model.smaller,
                metrics=model.metrics,
                table_sha256=model.table_sha256,
                trained_at=model.trained_at,
                trained_by=model.trained_by,
                serves=model.id == serving,
                shadow_nights=shadow.nights,
                shadowed=scored.get(model.id, 0),
                last_night=shadow.last,
                shadow_stopped=due and shadow_stopped(shadow.last, kst_date(model.trained_at), today),
                verdicts=tuple(verdicts.get(model.id, ())),
                proposal=_proposal(proposal, viewer),
            )
        )
    return ModelsPage(
        serving=None if serving is None else names[serving],
        models=tuple(rows),
        activations=_activations(session, names),
        calibrations=_calibrations(session, names),
    )


def _proposal(row: ActivationProposal | None, viewer: Viewer) -> ProposalRow | None:
    if row is None:
        return None
    return ProposalRow(row.proposed_by, row.reason, row.proposed_at, row.proposed_by_id == viewer.person_id)


def _activations(session: Session, names: dict[Any, str]) -> tuple[ActivationRow, ...]:
    query = (
        select(ModelActivation, ActivationProposal.proposed_by)
        .outerjoin(ActivationProposal, ActivationProposal.id == ModelActivation.proposal_id)
        .order_by(ModelActivation.number.desc())
    )
    return tuple(
        ActivationRow(
            number=row.number,
            version=None if row.model_id is None else names[row.model_id],
            rolled_back=row.rollback_of is not None,
            proposed_by=proposed_by,
            approved_by=row.actor,
            reason=row.reason,
            serves_from=row.serves_from,
        )
        for row, proposed_by in session.execute(query)
    )


def _calibrations(session: Session, names: dict[Any, str]) -> tuple[CalibrationRow, ...]:
    rows = session.scalars(select(ModelCalibration).order_by(ModelCalibration.fitted_at.desc()))
    return tuple(CalibrationRow(row.version, names[row.model_id], row.labels, row.found, row.fitted_at) for row in rows)


@dataclass(frozen=True, slots=True)
class CardCriterion:
    """What a model makes of one criterion: maxima in tenths, and its bins with their log-odds; "" is no answer."""

    key: str
    label_ko: str
    label_en: str
    rule_maximum: int
    maximum: int
    bins: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model for people to read.

    Attributes:
        training: Rows, fits, window (seconds of Unix time), label in words, groups, hash.
        evidence: How much the labels weigh, m / (m + 50).
    """

    row: ModelRow
    activations: tuple[ActivationRow, ...]
    calibrations: tuple[CalibrationRow, ...]
    training: dict[str, Any]
    libraries: dict[str, str]
    evidence: float
    reads_text: bool
    criteria: tuple[CardCriterion, ...]

    @property
    def meaning_en(self) -> str:
        """What a label means, in English where the meaning is the one in use."""
        meaning = str(self.training["label"])
        return {MEANING: MEANING_EN, WITH_OUTCOMES: WITH_OUTCOMES_EN}.get(meaning, meaning)


def model_card(session: Session, viewer: Viewer, version: str, *, at: datetime) -> ModelCard:
    """Return the card of a model.

    Raises:
        NotFoundError: if there is none, or the viewer may not see models.
    """
    page = models_page(session, viewer, at=at)
    row = next((one for one in page.models if one.version == version), None)
    if row is None:
        raise NotFoundError(model=version)
    model = read_stored(session.scalars(select(FitModel.text).where(FitModel.version == version)).one())
    return ModelCard(
        row=row,
        activations=tuple(one for one in page.activations if one.version == version),
        calibrations=tuple(one for one in page.calibrations if one.model == version),
        training=dict(model.training),
        libraries=dict(model.libraries),
        evidence=model.evidence,
        reads_text=model.text is not None,
        criteria=tuple(_card_criterion(model, key, maximum) for key, maximum in model.maxima),
    )


def _card_criterion(model: Model, key: str, rule_maximum: int) -> CardCriterion:
    terms = model.by_criterion[key]
    bins: list[tuple[str, float]] = []
    for term in terms:
        # A criterion's cuts are tenths of a point; the last weight is for what is not known.
        scale = 10 if term.source.value == "criterion" else 1
        cuts = [f"{cut / scale:g}" for cut in term.cuts]
        within = [f"{low}–{high}" for low, high in pairwise(cuts)]
        ranges = [f"< {cuts[0]}", *within, f"≥ {cuts[-1]}"] if cuts else ["="]
        bins += zip([*(term.levels or ranges), ""], term.weights, strict=False)
    named = terms[0] if terms else None
    return CardCriterion(
        key=key,
        label_ko=named.label_ko if named else key,
        label_en=named.label_en if named else key,
        rule_maximum=rule_maximum,
        maximum=model.shares[key].maximum,
        bins=tuple(bins),
    )


def newest_model(session: Session, viewer: Viewer) -> str | None:
    """Return the version trained last, if there is one and the viewer may know."""
    if not may(viewer, Verb.VIEW, Thing(Kind.MODEL)):
        return None
    return session.scalar(select(FitModel.version).order_by(FitModel.trained_at.desc(), FitModel.id.desc()).limit(1))


def proposed_version(session: Session, viewer: Viewer, version: str) -> bool:
    """Return whether a model is proposed and waits for a second person."""
    if not may(viewer, Verb.VIEW, Thing(Kind.MODEL)):
        return False
    model_id = session.scalar(select(FitModel.id).where(FitModel.version == version))
    return model_id is not None and open_proposal(session, model_id) is not None


def ripe_models(session: Session, *, weeks: int) -> list[str]:
    """Return the challengers that have shadowed so many weeks and that nobody has proposed yet."""
    serving = active_model_id(session)
    newest = session.scalars(
        select(FitModel).order_by(FitModel.trained_at.desc(), FitModel.id.desc()).limit(CHALLENGERS)
    ).all()
    nights = shadowed_models(session)
    return [
        model.version
        for model in newest
        if model.id != serving
        and nights.get(model.id, NEVER).weeks >= weeks
        and open_proposal(session, model.id) is None
    ]


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A low scorer that was drawn for full review."""

    number: str
    company: str
    total_tenths: int


def drawn_low_scorers(session: Session, viewer: Viewer, call_code: str) -> list[DrawnRow]:
    """Return the tenth of a call's low scorers that goes to full review whatever the score says.

    The draw is fixed by the application's number and the hash of the call: nobody can draw again.
    """
    if not may(viewer, Verb.ASSIGN, Thing(Kind.APPLICATION)):
        return []
    query = (
        select(Application.number, company_shown(viewer).label("name"), Scorecard.total_tenths, Call.document_sha256)
        .join(Application, Application.id == Scorecard.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .join(Submission, Submission.id == Scorecard.submission_id)
        .where(Call.code == call_code, Application.state == "eligible", visible_to(viewer))
        .order_by(Application.number, Submission.version, Scorecard.version)
    )
    newest = {row.number: row for row in session.execute(query)}
    return [
        DrawnRow(row.number, row.name, row.total_tenths)
        for row in newest.values()
        if row.total_tenths < LOW_SCORER_BELOW_TENTHS and drawn_for_review(row.number, salt=row.document_sha256)
    ]
