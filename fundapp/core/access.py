"""One policy: who may see or do what to which object, and which of its fields.

Pages, API, search, sort, filters, counts, exports, files and mail all ask here. Rooms translate the answers into
SQL through `application_clause`, so that what may not be seen is never selected. Absent and forbidden look the same.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, false, true

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
    APPLICATION = "application"
    DOCUMENT = "document"
    SCORECARD = "scorecard"
    MODEL = "model"
    RUBRIC = "rubric"
    REVIEW = "review"
    BALLOT = "ballot"
    CONDITION = "condition"
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


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody at the door: who they are, what they hold, and what they are recused from."""

    person_id: uuid.UUID | None
    name: str = ""
    email: str = ""
    roles: frozenset[str] = frozenset()
    company_ids: frozenset[uuid.UUID] = frozenset()
    recused_from: frozenset[uuid.UUID] = frozenset()
    investor: str | None = None

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
    (Verb.VIEW, Kind.APPLICATION): _READERS,
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
    (Verb.VIEW, Kind.REVIEW): _READERS,
    (Verb.REVIEW, Kind.APPLICATION): _BOARD,
    (Verb.VIEW, Kind.BALLOT): _READERS,
    (Verb.PROPOSE, Kind.BALLOT): frozenset({Role.ANALYST, Role.CHAIR}),
    (Verb.VOTE, Kind.BALLOT): _BOARD,
    (Verb.CLOSE, Kind.BALLOT): frozenset({Role.CHAIR}),
    (Verb.VIEW, Kind.CONDITION): _READERS | _STAFF,
    (Verb.RESOLVE, Kind.CONDITION): frozenset({Role.ANALYST, Role.CHAIR}),
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
    (Verb.VIEW, Kind.PERSON): frozenset({Role.ADMIN}),
    (Verb.ADMINISTER, Kind.PERSON): frozenset({Role.ADMIN}),
    (Verb.VIEW, Kind.AUDIT): frozenset({Role.AUDITOR, Role.ADMIN}),
    (Verb.VIEW, Kind.OUTBOX): frozenset({Role.ADMIN}),
}

_OWN_COMPANY: frozenset[tuple[Verb, Kind]] = frozenset(
    {
        (Verb.VIEW, Kind.APPLICATION),
        (Verb.EDIT, Kind.APPLICATION),
        (Verb.SUBMIT, Kind.APPLICATION),
        (Verb.VIEW, Kind.DOCUMENT),
        (Verb.EDIT, Kind.DOCUMENT),
        (Verb.VIEW, Kind.AWARD),
        (Verb.VIEW, Kind.CHANGE),
        (Verb.SUBMIT, Kind.CHANGE),
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


def may_see_machine_score(viewer: Viewer, *, reviews_here: bool, own_review_filed: bool) -> bool:
    """Judge first, then see: an assigned reviewer sees the score and others' views after filing their own."""
    if viewer.has(Role.ANALYST, Role.AUDITOR):
        return True
    return viewer.has(Role.COMMITTEE, Role.CHAIR) and (own_review_filed or not reviews_here)


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
