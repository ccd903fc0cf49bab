"""Between which scores a company's own may lie."""

from __future__ import annotations

import pytest
from capital_scene import TERMS, capital
from committee_factory import AT, CALL, add_application, do
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.planning import build_instance
from fundapp.allocation.planning.bands import Band, find_band
from fundapp.core.sessions import Database
from fundapp.intake.tables import Call
from fundapp.screening.tables import Scorecard


@pytest.mark.parametrize(
    ("spread", "reach", "band"),
    [
        (23, (40, 10), Band(677, 723, "reviews")),
        (None, (40, 10), Band(660, 710, "scorecard")),
        (None, None, Band(650, 750, "call")),
        (800, None, Band(0, 1000, "reviews")),
    ],
)
def test_reviews_speak_first_then_the_scorecards_interval_then_the_call(
    spread: int | None, reach: tuple[int, int] | None, band: Band
) -> None:
    assert find_band(700, spread, reach, 50) == band


def test_a_plan_takes_each_companys_own_band_from_its_newest_scorecard(db: Database) -> None:
    def work(session: Session) -> None:
        capital(session)
        session.scalars(select(Call)).one().document = {**TERMS, "allocation": {"score_band_tenths": 30}}
        for ordinal, bands in ((1, [[61.5, 74.0]]), (2, [[61.5, 74.0], None]), (3, [])):
            key = add_application(session, ordinal, gpu_h100_2026Q3="10")
            first = session.scalars(select(Scorecard).where(Scorecard.application_id == key)).one()
            for version, band in enumerate(bands, start=2):
                values = {c.name: getattr(first, c.name) for c in Scorecard.__table__.columns if c.name != "id"}
                document = {**first.document, "band": band}
                session.add(Scorecard(**{**values, "version": version, "document": document, "scored_at": AT}))
                session.flush()

    do(db, work)
    with db.read() as session:
        found = build_instance(session, CALL)
    assert found.score_bands == {
        f"{CALL}-0001": Band(615, 740, "scorecard"),
        f"{CALL}-0002": Band(670, 730, "call"),
        f"{CALL}-0003": Band(670, 730, "call"),
    }
