"""What reviews say together, kept beside the application: the page of ten thousand reads it and computes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from fundapp.committee.queries.figures import FIGURES, figures_of
from fundapp.intake.tables import Listing

_BLOCK = 500
_KEEP = (
    update(Listing)
    .where(Listing.application_id == bindparam("of"))
    .values(
        {name: bindparam(name) for name in FIGURES}
        # The distance to the machine's score, which a trigger may be changing: so the database computes it.
        | {"gap_tenths": func.abs(Listing.score_tenths - bindparam("trimmed_tenths"))}
    )
)


def keep_figures(session: Session, application_ids: Collection[uuid.UUID]) -> None:
    """Write down what the reviews of applications that count say now: in the transaction that changes one of them."""
    ids = sorted(application_ids)
    session.flush()
    for start in range(0, len(ids), _BLOCK):
        found = figures_of(session, ids[start : start + _BLOCK])
        if rows := [figures | {"of": application_id} for application_id, figures in found.items()]:
            session.connection().execute(_KEEP, rows)


def keep_all_figures(session: Session) -> int:
    """Do so for every application whose kept figures differ from its reviews, as after an upgrade; return how many."""
    kept = {
        row.application_id: row._asdict()
        for row in session.execute(select(Listing.application_id, *(getattr(Listing, name) for name in FIGURES)))
    }
    ids, stale = sorted(kept), list[uuid.UUID]()
    for start in range(0, len(ids), _BLOCK):
        found = figures_of(session, ids[start : start + _BLOCK])
        stale += [key for key, figures in found.items() if figures | {"application_id": key} != kept[key]]
    keep_figures(session, stale)
    return len(stale)
