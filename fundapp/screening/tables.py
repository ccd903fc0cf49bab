"""Scorecards, the human judgements about knock-outs, and what was learned."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id

LONGEST_FINDING = 50_000
"""Characters of a finding that is kept: 200 marks, at most 60 to 90 characters each, leave it far from full."""

_OPEN = "state IN ('waiting','running')"


class Scorecard(Base):
    """One scoring of one frozen submission, with the hashes that let it be replayed bit for bit."""

    __tablename__ = "scorecard"
    __table_args__ = (UniqueConstraint("submission_id", "version"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submission.id"))
    version: Mapped[int]
    total_tenths: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(10))
    document: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]]
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    rubric: Mapped[str] = mapped_column(String(80))
    rubric_sha256: Mapped[str] = mapped_column(ForeignKey("rubric_version.sha256"))
    model_sha256: Mapped[str | None] = mapped_column(String(64))
    calibration: Mapped[str | None] = mapped_column(String(80))
    dictionary_sha256: Mapped[str | None] = mapped_column(String(64))
    code_version: Mapped[str] = mapped_column(String(80))
    scored_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))


class RubricVersion(Base):
    """The text of each rubric that ever scored, by hash."""

    __tablename__ = "rubric_version"
    __table_args__ = ({"info": APPEND_ONLY},)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    first_used_at: Mapped[datetime]


class TextDictionary(Base):
    """The text of each dictionary that ever marked an applicant's texts, by hash."""

    __tablename__ = "text_dictionary"
    __table_args__ = (UniqueConstraint("version"), {"info": APPEND_ONLY})

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    first_used_at: Mapped[datetime]


class TextSearch(Base):
    """What a search for a dictionary's words found in one text, as canonical JSON: by text, dictionary and code.

    Only scoring reads it, to spare a search that would find the same; no record is verified against it.
    """

    __tablename__ = "text_search"
    __table_args__ = (CheckConstraint(f"length(found) <= {LONGEST_FINDING}", name="found"), {"info": APPEND_ONLY})

    text_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    dictionary_sha256: Mapped[str] = mapped_column(String(64), ForeignKey("text_dictionary.sha256"), primary_key=True)
    search_version: Mapped[str] = mapped_column(String(64), primary_key=True)
    found: Mapped[str] = mapped_column(Text)
    searched_at: Mapped[datetime]


class RubricDraft(Base):
    """A rubric that its author works on until somebody else publishes it; the text is always one that reads."""

    __tablename__ = "rubric_draft"
    __table_args__ = (
        CheckConstraint("state IN ('open','proposed','published','discarded')", name="state"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> author_id", name="four_eyes"),
        CheckConstraint("(state = 'published') = (decided_by_id IS NOT NULL)", name="decided"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    state: Mapped[str] = mapped_column(String(10))
    version: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    edits: Mapped[int]
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(Text)
    return_reason: Mapped[str | None] = mapped_column(Text)
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))


class PublishedRubric(Base):
    """A rubric that two people put in force; what is scored from then on is scored by the newest."""

    __tablename__ = "published_rubric"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("version"),
        UniqueConstraint("draft_id"),
        CheckConstraint("published_by_id <> author_id", name="four_eyes"),
        CheckConstraint("length(reason) > 0", name="reason"),
        {"info": APPEND_ONLY},
    )

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int]
    version: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    draft_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("rubric_draft.id"))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    published_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]


class FitModel(Base):
    """A learned model as canonical JSON: what `scoring.parse_model` reads, byte for byte as it was trained."""

    __tablename__ = "fit_model"
    __table_args__ = (CheckConstraint("labels > 0 AND smaller >= 0", name="labels"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    version: Mapped[str] = mapped_column(String(80), unique=True)
    method: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    rubric_sha256: Mapped[str] = mapped_column(ForeignKey("rubric_version.sha256"))
    labels: Mapped[int]
    smaller: Mapped[int]
    table_sha256: Mapped[str] = mapped_column(String(64))
    metrics: Mapped[dict[str, Any]]
    trained_at: Mapped[datetime]
    trained_by: Mapped[str] = mapped_column(String(120))


class GateVerdict(Base):
    """What the gate found about a model, passed or not, with every check and its reason."""

    __tablename__ = "gate_verdict"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("fit_model.id"), index=True)
    champion_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("fit_model.id"))
    passed: Mapped[bool]
    document: Mapped[dict[str, Any]]
    decided_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(String(120))


class ActivationProposal(Base):
    """That one person wants a model to serve; nothing changes until another one says so too."""

    __tablename__ = "activation_proposal"
    __table_args__ = (CheckConstraint("length(reason) > 0", name="reason"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("fit_model.id"), index=True)
    verdict_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("gate_verdict.id"))
    proposed_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    proposed_by: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text)
    proposed_at: Mapped[datetime]


class ModelActivation(Base):
    """What serves from when on: a model that two people activated, or what served before, by a rollback.

    The highest number holds. `model_id` is empty where the rubric alone serves again.
    """

    __tablename__ = "model_activation"
    __table_args__ = (
        CheckConstraint("proposal_id IS NULL OR rollback_of IS NULL", name="kind"),
        CheckConstraint("proposal_id IS NULL OR model_id IS NOT NULL", name="model"),
        CheckConstraint(
            "proposal_id IS NULL OR (proposed_by_id IS NOT NULL AND approved_by_id IS NOT NULL)", name="two_people"
        ),
        CheckConstraint("proposed_by_id IS NULL OR approved_by_id <> proposed_by_id", name="four_eyes"),
        CheckConstraint("length(reason) > 0", name="reason"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(unique=True)
    model_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("fit_model.id"))
    proposal_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("activation_proposal.id"), unique=True)
    proposed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    rollback_of: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("model_activation.id"), unique=True)
    reason: Mapped[str] = mapped_column(Text)
    serves_from: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))


class ModelCalibration(Base):
    """A later correction of a model's probability on newer labels; the newest one of a model holds."""

    __tablename__ = "model_calibration"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    version: Mapped[str] = mapped_column(String(80), unique=True)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("fit_model.id"), index=True)
    document: Mapped[dict[str, Any]]
    labels: Mapped[int]
    found: Mapped[dict[str, Any]]
    fitted_at: Mapped[datetime]
    fitted_by: Mapped[str] = mapped_column(String(120))


class ShadowScore(Base):
    """What a model that does not serve would have said of a submission."""

    __tablename__ = "shadow_score"
    __table_args__ = (UniqueConstraint("model_id", "submission_id"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("fit_model.id"))
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    submission_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("submission.id"))
    total_tenths: Mapped[int]
    probability_e4: Mapped[int]
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    scored_at: Mapped[datetime]


class ShadowNight(Base):
    """A night on which a model scored in the shadow what was new to it, were it nothing; by its Korean day."""

    __tablename__ = "shadow_night"
    __table_args__ = (UniqueConstraint("model_id", "day"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    model_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("fit_model.id"))
    day: Mapped[date] = mapped_column(Date)
    ran_at: Mapped[datetime]


class ModelRequest(Base):
    """That somebody wants a model trained, or one judged; the clock does it and writes here what became of it.

    `found` names the model and, of a verdict, whether it passed; where it was refused, the reason in both languages.
    """

    __tablename__ = "model_request"
    __table_args__ = (
        CheckConstraint("kind IN ('train','judge')", name="kind"),
        CheckConstraint("state IN ('waiting','running','done','refused')", name="state"),
        CheckConstraint("(kind = 'judge') = (model_id IS NOT NULL)", name="model"),
        CheckConstraint("(state = 'waiting') = (started_at IS NULL)", name="started"),
        CheckConstraint("(state IN ('done','refused')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("(ended_at IS NULL) = (found IS NULL)", name="found"),
        Index(
            "uq_model_request_open_training",
            "kind",
            unique=True,
            sqlite_where=text(f"kind = 'train' AND {_OPEN}"),
            postgresql_where=text(f"kind = 'train' AND {_OPEN}"),
        ),
        Index(
            "uq_model_request_open_verdict",
            "model_id",
            unique=True,
            sqlite_where=text(f"kind = 'judge' AND {_OPEN}"),
            postgresql_where=text(f"kind = 'judge' AND {_OPEN}"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(8))
    model_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("fit_model.id"))
    explained: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(8))
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    asked_by: Mapped[str] = mapped_column(String(120))
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    found: Mapped[dict[str, Any] | None]


class KnockoutJudgement(Base):
    """A person's decision about an application that a knock-out stopped, with the reason."""

    __tablename__ = "knockout_judgement"
    __table_args__ = (
        CheckConstraint("outcome IN ('released','ineligible')", name="outcome"),
        CheckConstraint("length(reason) > 0", name="reason"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    scorecard_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("scorecard.id"))
    outcome: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    actor: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
