"""Which rows of the docket: what the viewer may see, what they ask for, and what stays sealed, all in SQL."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    and_,
    any_,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from fundapp.committee.queries.masked import load_maskers
from fundapp.committee.queries.phases import find_doors
from fundapp.committee.queries.sight import Seal, require_sight, seal_of, waiting_for, waits_for
from fundapp.committee.rules import DOCKET_STATES
from fundapp.committee.tables import Assignment, Review
from fundapp.core.access import Kind, Viewer, application_clause, names_clause
from fundapp.intake.grams import terms_of
from fundapp.intake.listing import Submitted, form_of, found_by, searched_words, submitted
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, Call, Listing, ListingText

OwnState = Literal["unassigned", "waiting", "filed", "abstained"]
View = Literal["waiting", "all", "dispute", "gap", "proposed", "decided"]
VIEWS: tuple[View, ...] = ("waiting", "all", "dispute", "gap", "proposed", "decided")

DISPUTED_TENTHS = 100
"""From this standard deviation, or distance between machine and committee, a row is worth talking about."""

_PROPOSED = DOCKET_STATES.index("proposed")
VIEW_CONDITIONS: dict[View, ColumnElement[bool]] = {
    "all": true(),
    "dispute": Listing.deviation_tenths >= DISPUTED_TENTHS,
    "gap": Listing.gap_tenths >= DISPUTED_TENTHS,
    "proposed": Listing.stage == _PROPOSED,
    "decided": Listing.stage > _PROPOSED,
}
"""What puts a row into a view, before anything is sealed; `waiting` is the viewer's own."""


@dataclass(frozen=True, slots=True)
class DocketFilter:
    """What to leave in; None and empty mean everything.

    Attributes:
        states: Application states; outside `DOCKET_STATES` none is shown.
        search: Parts of words, all of which must occur in number, company, titles, sector or plans.
        own: Own review state.
        sector: Industry of the solution.
        least_score_tenths: Machine score; rows whose score is sealed or missing are left out then, whatever it is.
        view: One of the built-in views.
        numbers: Only these applications.
        found: What the search found, where it was done already: see `looked_up`.
    """

    states: tuple[str, ...] = ()
    search: str = ""
    own: OwnState | None = None
    sector: str = ""
    least_score_tenths: int | None = None
    view: View = "all"
    numbers: tuple[str, ...] = ()
    found: frozenset[int] | None = None

    @property
    def narrowed(self) -> bool:
        """Whether anything beside the view leaves rows out."""
        return bool(self.states or self.search.strip() or self.own or self.sector or self.numbers) or (
            self.least_score_tenths is not None
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """Who looks at the docket of which call, and what the present phase keeps sealed from them.

    Attributes:
        others: Of which rows the ratings and what follows from them are sealed.
        machine: Of which rows the machine's score is.
    """

    viewer: Viewer
    call_code: str
    others: Seal
    machine: Seal

    @property
    def either(self) -> Seal:
        """Of which rows the distance between the two is sealed."""
        return max(self.others, self.machine, key=_SEALS.index)

    def seals(self, seal: Seal, *, waits: bool) -> bool:
        """Whether a seal lies on a row."""
        return seal == "everything" or (seal == "waiting" and waits)


_SEALS: tuple[Seal, ...] = ("nothing", "waiting", "everything")


def sight_of(session: Session, viewer: Viewer, call_code: str) -> Sight:
    """Return what a viewer may see of a docket, in one statement.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    doors = find_doors(session, call_code)
    return Sight(viewer, call_code, seal_of(viewer, doors.others), seal_of(viewer, doors.machine))


def on_docket(viewer: Viewer, call_code: str, *, by_stage: bool = True) -> ColumnElement[bool]:
    """Return the condition for the rows of a call's docket that the viewer may know of.

    Args:
        viewer: Who looks.
        call_code: Of which call.
        by_stage: Whether the index of stages is any help; SQLite, which knows no statistics, takes it where it is not.
    """
    own = Listing.company_id.not_in(viewer.company_ids) if viewer.company_ids else true()
    seen = application_clause(
        viewer,
        application_id=Listing.application_id.expression,
        company_id=Listing.company_id.expression,
        is_draft=false(),  # a draft has no stage
    )
    call_id = select(Call.id).where(Call.code == call_code).scalar_subquery()
    stage = Listing.stage.expression if by_stage else Listing.stage + 0
    return and_(Listing.call_id == call_id, stage.is_not(None), seen, own)


def beside(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return conditions as one that no index answers, where another table has far fewer rows to begin with.

    SQLite, which knows no statistics, would look through a whole sector to find somebody's few.
    """
    return and_(*conditions).is_(true())


def unsealed(viewer: Viewer, seal: Seal) -> ColumnElement[bool]:
    """Return the condition for the rows on which a seal does not lie."""
    match seal:
        case "nothing":
            return true()
        case "waiting":
            return Listing.application_id.not_in(waiting_for(viewer))
        case "everything":
            return false()


def in_view(sight: Sight, view: View) -> ColumnElement[bool]:
    """Return the condition of a built-in view. None of them reads a sealed figure, so it puts no row into any."""
    if view == "waiting":
        return waits_for(sight.viewer, Listing.application_id.expression)
    condition = VIEW_CONDITIONS[view]
    seal = seal_of_view(sight, view)
    return condition if seal == "nothing" else and_(condition, unsealed(sight.viewer, seal))


def seal_of_view(sight: Sight, view: View) -> Seal:
    """Return of which rows the figures that put one into a view are sealed."""
    if view == "dispute":
        return sight.others
    return sight.either if view == "gap" else "nothing"


def left_in(sight: Sight, chosen: DocketFilter, *, sqlite: bool) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter whose search is done, the view not among them."""
    conditions: list[ColumnElement[bool]] = []
    if chosen.states:
        places = sorted({DOCKET_STATES.index(one) for one in map(counts_as, chosen.states) if one in DOCKET_STATES})
        conditions += [Listing.stage.in_(places), Listing.state.in_(chosen.states)]
    if chosen.sector:
        conditions.append(Listing.sector == chosen.sector)
    if chosen.numbers:
        conditions.append(Listing.number.in_(chosen.numbers))
    if chosen.least_score_tenths is not None:
        conditions += [Listing.score_tenths >= chosen.least_score_tenths, unsealed(sight.viewer, sight.machine)]
    if chosen.own is not None:
        conditions.append(_own(sight.viewer, chosen.own))
    if chosen.search.strip():
        conditions.append(_one_of(chosen.found or frozenset(), sqlite=sqlite))
    return conditions


def is_sqlite(session: Session) -> bool:
    """Whether the session talks to SQLite; the two databases take a long list of keys in different ways."""
    return session.get_bind().dialect.name == "sqlite"


def looked_up(session: Session, viewer: Viewer, chosen: DocketFilter) -> DocketFilter:
    """Return the filter with its search done, so that rows and counts do not each look through the texts again.

    Who judges blind finds only what they may read: a hit in a text that is masked for them is no hit.
    """
    if chosen.found is not None or not chosen.search.strip():
        return chosen
    ids = frozenset(session.scalars(select(ListingText.listing_id).where(found_by(session, chosen.search))))
    return replace(chosen, found=ids - _betrayed(session, viewer, ids, chosen.search))


def _betrayed(session: Session, viewer: Viewer, ids: frozenset[int], search: str) -> set[int]:
    """Return the hits that only words tell which the viewer may not read."""
    if not viewer.masked_calls or not ids:
        return set()
    named = names_clause(viewer, call_id=Listing.call_id.expression, state=Listing.state.expression)
    blind = set(session.scalars(select(Listing.application_id).where(_one_of(ids, sqlite=is_sqlite(session)), ~named)))
    if not blind:
        return set()
    maskers = load_maskers(session, viewer, select(Application.id).where(Application.id.in_(blind)))
    terms, found = terms_of(search), set[int]()
    for call, ones in submitted(session, Application.id.in_(blind)):
        form = form_of(call)
        for listing_id, one in ones:
            answers = maskers[one.application_id].answers(one.answers)
            shown = Submitted(one.application_id, one.number, one.number, one.region, answers)
            words = searched_words(form, shown)
            if not all(term in words for term in terms):
                found.add(listing_id)
    return found


def _one_of(ids: frozenset[int], *, sqlite: bool) -> ColumnElement[bool]:
    """Return the condition that a listing is one of many, given as one parameter however many they are."""
    if sqlite:
        given = func.json_each(json.dumps(sorted(ids))).table_valued("value")
        return Listing.id.in_(select(given.c.value))
    return Listing.id == any_(cast(literal(sorted(ids), ARRAY(BigInteger)), ARRAY(BigInteger)))


def _own(viewer: Viewer, own: OwnState) -> ColumnElement[bool]:
    later = aliased(Review)
    superseded = select(later.id).where(
        later.application_id == Review.application_id,
        later.person_id == Review.person_id,
        later.version > Review.version,
    )
    mine = select(Review.application_id).where(Review.person_id == viewer.person_id, ~superseded.exists())
    match own:
        case "waiting":
            return Listing.application_id.in_(waiting_for(viewer))
        case "filed":  # the least that a rated review can come to is above nothing
            return Listing.application_id.in_(mine.where(Review.total_tenths > 0))
        case "abstained":
            return Listing.application_id.in_(mine.where(Review.total_tenths == 0))
        case "unassigned":
            assigned = select(Assignment.application_id).where(Assignment.person_id == viewer.person_id)
            return ~or_(Listing.application_id.in_(assigned), Listing.application_id.in_(mine))
