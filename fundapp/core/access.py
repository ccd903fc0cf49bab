"""One policy: who may see or do what to which object, and which of its fields.

Pages, API, search, sort, filters, counts, exports, files and mail all ask here. Rooms translate the answers into
SQL through `application_clause`, so that what may not be seen is never selected. Absent and forbidden look the same.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, true

from fundapp.core.errors import ForbiddenError


class Role(StrEnum):
    """The roles of the public contract."""

    APPLICANT = "applicant"
    ANALYST = "analyst"
    COMMITTEE = "committee"
    CHAIR = "chair"
    FINANCE = "finance"
    PARTNER = "partner"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Verb(StrEnum):
    """What somebody wants to do."""

    VIEW = "view"
    EDIT = "edit"
    SUBMIT = "submit"
    IMPORT = "import"
    EXPORT = "export"
    SCREEN = "screen"
    OVERRIDE = "override"
    ASSIGN = "assign"
    RECUSE = "recuse"
    REVIEW = "review"
    PROPOSE = "propose"
    VOTE = "vote"
    CLOSE = "close"
    RESOLVE = "resolve"
    CHECK = "check"
    PLAN = "plan"
    ADOPT = "adopt"
    SIGN = "sign"
    PREPARE = "prepare"
    APPROVE = "approve"
    FREEZE = "freeze"
    ADMINISTER = "administer"


class Kind(StrEnum):
    """What it would be done to."""

    CALL = "call"
    COMPANY = "company"
    APPLICATION = "application"
    DOCUMENT = "document"
    WORKFLOW = "workflow"
    SCORECARD = "scorecard"
    MODEL = "model"
    RUBRIC = "rubric"
    REVIEW = "review"
    DISCUSSION = "discussion"
    INQUIRY = "inquiry"
    CONFLICT = "conflict"
    BALLOT = "ballot"
    CONDITION = "condition"
    LETTER = "letter"
    APPEAL = "appeal"
    PLAN = "plan"
    POOL = "pool"
    AWARD = "award"
    TRANCHE = "tranche"
    CHANGE = "change"
    USAGE = "usage"
    LEDGER = "ledger"
    REPORT = "report"
    PERSON = "person"
    AUDIT = "audit"
    OUTBOX = "outbox"
    MAIL_TEXT = "mail_text"
    SAVED_VIEW = "saved_view"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody at the door: who they are, what they hold, what they are recused from, and where they judge blind.

    Attributes:
        masked_calls: Calls in which a member of the committee may not know yet who applies.
        confirmed: Whether the address is known to be theirs.
    """

    person_id: uuid.UUID | None
    name: str = ""
    email: str = ""
    roles: frozenset[str] = frozenset()
    company_ids: frozenset[uuid.UUID] = frozenset()
    recused_from: frozenset[uuid.UUID] = frozenset()
    masked_calls: frozenset[uuid.UUID] = frozenset()
    investor: str | None = None
    confirmed: bool = True

    def has(self, *roles: str) -> bool:
        """Return whether the viewer holds any of the roles."""
        return not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Thing:
    """The facts about an object that the policy needs; None where they do not apply."""

    kind: Kind
    application_id: uuid.UUID | None = None
    company_id: uuid.UUID | None = None
    draft: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


VIEWERS_KEPT = 256
"""For how many viewers a condition is kept that depends on nothing else: to build one takes longer than to ask it."""
ANONYMOUS = Viewer(person_id=None)
SYSTEM = Viewer(person_id=None, name="system", roles=frozenset({Role.ANALYST, Role.FINANCE, Role.AUDITOR, Role.ADMIN}))
"""The command line and the clock on the fund's own machine."""

_STAFF = frozenset({Role.ANALYST, Role.FINANCE})
_BOARD = frozenset({Role.COMMITTEE, Role.CHAIR})
_READERS = frozenset({Role.ANALYST, Role.COMMITTEE, Role.CHAIR, Role.AUDITOR})

_LEARNERS = frozenset({Role.ANALYST, Role.ADMIN})

_ALLOWED: dict[tuple[Verb, Kind], frozenset[Role]] = {
    (Verb.VIEW, Kind.CALL): frozenset(Role),
    (Verb.EDIT, Kind.CALL): frozenset({Role.ANALYST, Role.ADMIN}),
    (Verb.VIEW, Kind.WORKFLOW): frozenset({Role.ANALYST, Role.ADMIN, Role.AUDITOR}),
    (Verb.EDIT, Kind.WORKFLOW): frozenset({Role.ADMIN}),
    (Verb.APPROVE, Kind.WORKFLOW): frozenset({Role.ADMIN, Role.ANALYST}),
    (Verb.VIEW, Kind.APPLICATION): _READERS,
    (Verb.VIEW, Kind.COMPANY): frozenset({Role.ANALYST, Role.AUDITOR}),
    (Verb.CHECK, Kind.COMPANY): frozenset({Role.ANALYST}),
    (Verb.RESOLVE, Kind.COMPANY): frozenset({Role.ANALYST}),
    (Verb.IMPORT, Kind.APPLICATION): frozenset({Role.ANALYST}),
    (Verb.EXPORT, Kind.APPLICATION): _READERS,
    (Verb.VIEW, Kind.SCORECARD): _READERS,
    (Verb.SCREEN, Kind.APPLICATION): frozenset({Role.ANALYST}),
    (Verb.OVERRIDE, Kind.SCORECARD): frozenset({Role.ANALYST}),
    (Verb.VIEW, Kind.MODEL): _LEARNERS | {Role.AUDITOR},
    (Verb.PREPARE, Kind.MODEL): _LEARNERS,
    (Verb.PROPOSE, Kind.MODEL): _LEARNERS,
    (Verb.APPROVE, Kind.MODEL): _LEARNERS,
    (Verb.OVERRIDE, Kind.MODEL): _LEARNERS,
    (Verb.VIEW, Kind.RUBRIC): frozenset({Role.ANALYST, Role.AUDITOR}),
    (Verb.EDIT, Kind.RUBRIC): frozenset({Role.ANALYST}),
    (Verb.APPROVE, Kind.RUBRIC): frozenset({Role.ANALYST}),
    (Verb.ASSIGN, Kind.APPLICATION): frozenset({Role.ANALYST, Role.CHAIR}),
    (Verb.RECUSE, Kind.APPLICATION): _READERS,
    (Verb.VIEW, Kind.CONFLICT): frozenset({Role.ANALYST, Role.CHAIR, Role.AUDITOR}),
    (Verb.SUBMIT, Kind.CONFLICT): frozenset({Role.ANALYST, Role.COMMITTEE, Role.CHAIR}),
    (Verb.EDIT, Kind.CONFLICT): frozenset({Role.ANALYST, Role.CHAIR}),
    (Verb.RESOLVE, Kind.CONFLICT): frozenset({Role.ANALYST, Role.CHAIR}),
    (Verb.VOTE, Kind.CONFLICT): _BOARD,
    (Verb.VIEW, Kind.REVIEW): _READERS,
    (Verb.REVIEW, Kind.APPLICATION): _BOARD,
    (Verb.VIEW, Kind.DISCUSSION): _READERS,
    (Verb.EDIT, Kind.DISCUSSION): _BOARD | {Role.ANALYST},
    (Verb.PREPARE, Kind.INQUIRY): frozenset({Role.ANALYST}),
    (Verb.EDIT, Kind.SAVED_VIEW): _BOARD | {Role.ANALYST},
    (Verb.VIEW, Kind.BALLOT): _READERS,
    (Verb.PROPOSE, Kind.BALLOT): frozenset({Role.ANALYST, Role.CHAIR}),
    (Verb.VOTE, Kind.BALLOT): _BOARD,
    (Verb.CLOSE, Kind.BALLOT): frozenset({Role.CHAIR}),
    (Verb.VIEW, Kind.CONDITION): _READERS | _STAFF,
    (Verb.SUBMIT, Kind.CONDITION): _STAFF | _BOARD,
    (Verb.RESOLVE, Kind.CONDITION): frozenset({Role.ANALYST, Role.CHAIR}),
    (Verb.PROPOSE, Kind.CONDITION): frozenset({Role.ANALYST, Role.CHAIR}),
    (Verb.VOTE, Kind.CONDITION): _BOARD,
    (Verb.CLOSE, Kind.CONDITION): frozenset({Role.CHAIR}),
    (Verb.VIEW, Kind.LETTER): _READERS,
    (Verb.PREPARE, Kind.LETTER): frozenset({Role.ANALYST, Role.CHAIR}),
    (Verb.APPROVE, Kind.LETTER): frozenset({Role.ANALYST, Role.CHAIR}),
    (Verb.VIEW, Kind.APPEAL): _READERS,
    (Verb.RESOLVE, Kind.APPEAL): _BOARD,
    (Verb.VIEW, Kind.PLAN): _READERS | _STAFF,
    (Verb.PLAN, Kind.PLAN): frozenset({Role.ANALYST}),
    (Verb.ADOPT, Kind.PLAN): frozenset({Role.ANALYST}),
    (Verb.VIEW, Kind.POOL): _READERS | _STAFF | {Role.PARTNER},
    (Verb.EDIT, Kind.POOL): frozenset({Role.FINANCE, Role.ADMIN}),
    (Verb.VIEW, Kind.AWARD): _READERS | _STAFF,
    (Verb.SIGN, Kind.AWARD): frozenset({Role.FINANCE}),
    (Verb.PREPARE, Kind.AWARD): _STAFF,
    (Verb.APPROVE, Kind.AWARD): frozenset({Role.FINANCE}),
    (Verb.VIEW, Kind.CHANGE): _READERS | _STAFF,
    (Verb.RESOLVE, Kind.CHANGE): _STAFF,
    (Verb.PREPARE, Kind.TRANCHE): frozenset({Role.ANALYST, Role.FINANCE}),
    (Verb.APPROVE, Kind.TRANCHE): frozenset({Role.FINANCE}),
    (Verb.VIEW, Kind.USAGE): _STAFF | {Role.AUDITOR},
    (Verb.IMPORT, Kind.USAGE): _STAFF,
    (Verb.EDIT, Kind.USAGE): _STAFF,
    (Verb.VIEW, Kind.LEDGER): frozenset({Role.FINANCE, Role.AUDITOR}),
    (Verb.EDIT, Kind.LEDGER): frozenset({Role.FINANCE}),
    (Verb.CLOSE, Kind.LEDGER): frozenset({Role.FINANCE, Role.CHAIR}),
    (Verb.VIEW, Kind.REPORT): frozenset(
        {Role.PARTNER, Role.ANALYST, Role.FINANCE, Role.AUDITOR, Role.CHAIR, Role.COMMITTEE}
    ),
    (Verb.FREEZE, Kind.REPORT): frozenset({Role.FINANCE}),
    (Verb.APPROVE, Kind.REPORT): frozenset({Role.PARTNER, Role.FINANCE}),
    (Verb.SUBMIT, Kind.REPORT): frozenset({Role.PARTNER, Role.FINANCE}),
    (Verb.VIEW, Kind.PERSON): frozenset({Role.ADMIN}),
    (Verb.ADMINISTER, Kind.PERSON): frozenset({Role.ADMIN}),
    (Verb.VIEW, Kind.AUDIT): frozenset({Role.AUDITOR, Role.ADMIN}),
    (Verb.VIEW, Kind.OUTBOX): frozenset({Role.ADMIN}),
    (Verb.EDIT, Kind.OUTBOX): frozenset({Role.ADMIN}),
    (Verb.VIEW, Kind.MAIL_TEXT): frozenset({Role.ANALYST, Role.ADMIN, Role.AUDITOR}),
    (Verb.EDIT, Kind.MAIL_TEXT): frozenset({Role.ANALYST, Role.ADMIN}),
}

_OWN_COMPANY: frozenset[tuple[Verb, Kind]] = frozenset(
    {
        (Verb.VIEW, Kind.COMPANY),
        (Verb.EDIT, Kind.COMPANY),
        (Verb.CHECK, Kind.COMPANY),
        (Verb.VIEW, Kind.APPLICATION),
        (Verb.EDIT, Kind.APPLICATION),
        (Verb.SUBMIT, Kind.APPLICATION),
        (Verb.VIEW, Kind.DOCUMENT),
        (Verb.EDIT, Kind.DOCUMENT),
        (Verb.VIEW, Kind.CONDITION),
        (Verb.SUBMIT, Kind.CONDITION),
        (Verb.SUBMIT, Kind.APPEAL),
        (Verb.VIEW, Kind.AWARD),
        (Verb.VIEW, Kind.CHANGE),
        (Verb.SUBMIT, Kind.CHANGE),
        (Verb.SUBMIT, Kind.INQUIRY),
    }
)


def may(viewer: Viewer, verb: Verb, thing: Thing) -> bool:
    """Decide. Recusal wins over every role; a draft is its company's own; the rest is the table above."""
    if thing.application_id is not None and thing.application_id in viewer.recused_from:
        return False
    own = thing.company_id is not None and thing.company_id in viewer.company_ids
    if own and viewer.has(Role.APPLICANT) and (verb, thing.kind) in _OWN_COMPANY:
        return True
    if thing.draft:
        return False
    return viewer.has(*_ALLOWED.get((verb, thing.kind), frozenset()))


def require(viewer: Viewer, verb: Verb, thing: Thing) -> None:
    """Raise unless the policy allows it.

    Raises:
        ForbiddenError: shown exactly as if the object were absent.
    """
    if not may(viewer, verb, thing):
        raise ForbiddenError(verb=str(verb), kind=str(thing.kind))


def may_see_in_review(viewer: Viewer, openness: str, *, reviews_here: bool, own_review_filed: bool) -> bool:
    """Judge first, then see: say whether scores or others' views of an application are open to somebody.

    Args:
        viewer: Who asks.
        openness: What the present phase of the call says of them: `never`, `after_mine` or `always`.
        reviews_here: Whether the viewer is assigned to the application.
        own_review_filed: Whether they have filed their own review of it.
    """
    if viewer.has(Role.ANALYST, Role.AUDITOR):
        return True
    if not viewer.has(*_BOARD) or openness == "never":
        return False
    return openness == "always" or own_review_filed or not reviews_here


NAMED_STATES = frozenset({"approved", "rejected", "awarded"})
"""What has been decided has a name: masking ends with the decision."""


def may_see_names(viewer: Viewer, *, call_id: uuid.UUID, state: str) -> bool:
    """Say whether the viewer may know who applies: not while the call is judged blind and nothing is decided."""
    return call_id not in viewer.masked_calls or state in NAMED_STATES


def names_clause(
    viewer: Viewer, *, call_id: ColumnElement[uuid.UUID], state: ColumnElement[str]
) -> ColumnElement[bool]:
    """Return the same rule as a SQL condition."""
    if not viewer.masked_calls:
        return true()
    return call_id.not_in(viewer.masked_calls) | state.in_(NAMED_STATES)


def shown_name(
    viewer: Viewer,
    *,
    call_id: ColumnElement[uuid.UUID],
    state: ColumnElement[str],
    name: ColumnElement[str],
    number: ColumnElement[str],
) -> ColumnElement[str]:
    """Return in SQL what a company is called before this viewer: its name, or the application's number."""
    if not viewer.masked_calls:
        return name
    return case((names_clause(viewer, call_id=call_id, state=state), name), else_=number)


def application_clause(
    viewer: Viewer,
    *,
    application_id: ColumnElement[uuid.UUID],
    company_id: ColumnElement[uuid.UUID],
    is_draft: ColumnElement[bool],
) -> ColumnElement[bool]:
    """Return the SQL condition under which `viewer` may see an application's row.

    The same rule as `may(viewer, Verb.VIEW, application)`; a test compares the two over all roles.
    """
    own = company_id.in_(viewer.company_ids) if viewer.has(Role.APPLICANT) and viewer.company_ids else false()
    general = ~is_draft if viewer.has(*_READERS) else false()
    recused = application_id.in_(viewer.recused_from) if viewer.recused_from else false()
    return and_(own | general, ~recused if viewer.recused_from else true())
