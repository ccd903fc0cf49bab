"""Rubrics written in the product: drafted by one person, published by another, and tried on all that was scored."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from learning_cases import learner, rate, train
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.audit.queries import verify_chain
from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person
from fundapp.intake.queries import list_applications
from fundapp.screening.actions import ScreenResult, replay_scorecards, screen_call
from fundapp.screening.queries import list_scores
from fundapp.screening.rubric_drafts import discard_draft, propose_draft, publish_draft, return_draft, save_draft
from fundapp.screening.rubric_drafts import start_draft as begin
from fundapp.screening.rubric_queries import (
    DraftView,
    ModelUnder,
    find_model_under,
    get_draft,
    list_drafts,
    list_published,
    newest_rubric,
    replay_rubric,
)
from fundapp.screening.rubrics import load_rubric_file, read_rubric
from fundapp.screening.serving import read_stored
from fundapp.screening.tables import FitModel, ModelActivation
from scoring import Model, parse_rubric

DEFAULT = Path(__file__).resolve().parents[2] / "scoring" / "rubrics" / "default.toml"


@pytest.fixture
def analysts(db: Database, at: datetime) -> tuple[Viewer, Viewer]:
    """Two analysts, the author first."""
    made = []
    for name in ("author", "second"):
        key = db.transaction(
            lambda session, name=name: create_person(  # type: ignore[misc]
                session,
                actor=SYSTEM,
                at=at,
                email=f"{name}@example.com",
                name=name,
                roles=("analyst",),
                password_hash="x",
            )
        )
        made.append(Viewer(key, name=name, roles=frozenset({Role.ANALYST})))
    return made[0], made[1]


def start(db: Database, actor: Viewer, at: datetime) -> DraftView:
    key = db.transaction(lambda session: begin(session, actor=actor, at=at))
    return view(db, key)


def view(db: Database, key: uuid.UUID) -> DraftView:
    with db.read() as session:
        return get_draft(session, SYSTEM, key)


def save(db: Database, draft: DraftView, text: str, actor: Viewer, at: datetime, *, edits: int = 0) -> None:
    db.transaction(lambda session: save_draft(session, draft_id=draft.id, text=text, edits=edits, actor=actor, at=at))


def propose(db: Database, draft: DraftView, actor: Viewer, at: datetime) -> None:
    db.transaction(
        lambda session: propose_draft(session, draft_id=draft.id, reason="팀 비중을 줄임", actor=actor, at=at)
    )


def publish(db: Database, draft: DraftView, actor: Viewer, at: datetime, *, reason: str = "위원회 결정") -> None:
    sha256 = view(db, draft.id).sha256
    db.transaction(
        lambda session: publish_draft(session, draft_id=draft.id, sha256=sha256, reason=reason, actor=actor, at=at)
    )


def worth_more(text: str) -> str:
    """The draft's text with three points, not two, for a planned move to Azure; the maximum stays."""
    lines = text.splitlines()
    place = next(number for number, line in enumerate(lines) if "Azure 이전 계획이 있음" in line)
    assert lines[place - 1] == '"points" = 2'
    lines[place - 1] = '"points" = 3'
    return "\n".join(lines) + "\n"


def test_a_draft_says_what_the_rubric_in_force_says_under_the_next_free_version(
    db: Database, analysts: tuple[Viewer, Viewer], at: datetime
) -> None:
    draft = start(db, analysts[0], at)
    drafted, shipped = parse_rubric(draft.text), parse_rubric(DEFAULT.read_text(encoding="utf-8"))
    assert draft.version == "2026.2"
    assert drafted.criteria == shipped.criteria
    assert drafted.knockouts == shipped.knockouts
    assert start(db, analysts[0], at).version == "2026.3"


def test_two_people_put_a_rubric_in_force_and_old_scorecards_keep_theirs(
    db: Database, call: str, analysts: tuple[Viewer, Viewer], at: datetime
) -> None:
    author, second = analysts
    screen_call(db, call, actor=SYSTEM, at=at)
    with db.read() as session:
        before = list_scores(session, SYSTEM, call)
    draft = start(db, author, at)
    save(db, draft, worth_more(draft.text), author, at)
    propose(db, draft, author, at)
    with pytest.raises(FourEyesError):
        publish(db, draft, author, at)
    publish(db, draft, second, at)
    with db.read() as session:
        assert newest_rubric(session).rubric.version == "2026.2"
        assert {one.rubric for one in list_scores(session, SYSTEM, call).values()} == {"2026.1"}
        [published] = list_published(session, SYSTEM)
        assert (published.author, published.published_by, published.reason) == ("author", "second", "위원회 결정")
        assert list_drafts(session, SYSTEM) == []
    screen_call(db, call, actor=SYSTEM, at=at + timedelta(hours=1))
    with db.read() as session:
        after = list_scores(session, SYSTEM, call)
        assert {one.rubric for one in after.values()} == {"2026.2"}
        assert {after[key].total_tenths - before[key].total_tenths for key in before} >= {0, 10}
        replay = replay_scorecards(session, every=True)
        assert (replay.replayed, replay.different) == (228, ())
        assert verify_chain(session).ok


def test_a_draft_is_tried_on_every_scored_application(
    db: Database, scored: ScreenResult, analysts: tuple[Viewer, Viewer], at: datetime
) -> None:
    draft = start(db, analysts[0], at)
    with db.read() as session:
        [same] = replay_rubric(session, SYSTEM, read_rubric(draft.text).rubric)
        assert (same.replayed, same.rows) == (114, ())
        [other] = replay_rubric(session, SYSTEM, parse_rubric(worth_more(draft.text)))
    full = {row.number for row in other.rows if row.after - row.before}
    assert {row.after - row.before for row in other.rows if row.number in full} == {10}
    assert other.rescored == len(full) > 0
    climbs = [abs(row.climbed) for row in other.rows]
    assert climbs == sorted(climbs, reverse=True)
    assert other.moved == sum(one > 0 for one in climbs)
    assert other.judged == 0


def test_a_replay_tells_changed_knockouts_and_hides_what_the_viewer_is_recused_from(
    db: Database, call: str, scored: ScreenResult, analysts: tuple[Viewer, Viewer], at: datetime
) -> None:
    with db.read() as session:
        text = load_rubric_file().text.replace("value = 100000", "value = 1")
        [found] = replay_rubric(session, SYSTEM, parse_rubric(text))
        judged = [row for row in found.rows if row.knockouts]
        assert found.judged == len(judged) > 0
        assert {(one.before, one.after) for row in judged for one in row.knockouts} == {("pass", "fail")}
        key = judged[0].application_id
        company = next(row.company_id for row in list_applications(session, SYSTEM, call, limit=200) if row.id == key)
        author = analysts[0]
        for blind in (
            Viewer(author.person_id, roles=author.roles, recused_from=frozenset({key})),
            Viewer(author.person_id, roles=author.roles, company_ids=frozenset({company})),
        ):
            [less] = replay_rubric(session, blind, parse_rubric(text))
            assert key not in {row.application_id for row in less.rows}
            assert less.replayed < found.replayed
        with pytest.raises(NotFoundError):
            replay_rubric(session, Viewer(uuid.uuid4(), roles=frozenset({Role.CHAIR})), parse_rubric(text))


def serve(db: Database, at: datetime) -> Model:
    """Train a model on invented labels and let it serve, as two people would after its gate."""
    ratings = rate(db, at)
    actor = learner(db, "trainer", at)
    later = at + timedelta(days=200)
    version = train(db, ratings, actor, later).version

    def activate(session: Session) -> Model:
        kept = session.scalars(select(FitModel).where(FitModel.version == version)).one()
        session.add(ModelActivation(number=1, model_id=kept.id, reason="시험", serves_from=later, actor="trainer"))
        return read_stored(kept.text)

    return db.transaction(activate)


def test_while_a_model_serves_the_replay_tells_what_the_committee_would_see(
    db: Database, call: str, scored: ScreenResult, at: datetime
) -> None:
    shipped = load_rubric_file()
    changed = parse_rubric(shipped.text.replace('version = "2026.1"', 'version = "2026.1-b"'))
    with db.read() as session:
        assert find_model_under(session, SYSTEM, changed) is None
        assert replay_rubric(session, SYSTEM, changed)[0].rows == ()
    model = serve(db, at)
    with db.read() as session:
        # What is on record is the rubric's alone; under its own rubric the model would be added to it.
        assert find_model_under(session, SYSTEM, shipped.rubric) == ModelUnder(model.version, applies=True)
        [found] = replay_rubric(session, SYSTEM, shipped.rubric)
    assert (found.rescored, found.moved, found.judged) == (0, 0, 0)
    assert found.served_moved > 0
    screen_call(db, call, actor=SYSTEM, at=at + timedelta(days=201))
    with db.read() as session:
        totals = list_scores(session, SYSTEM, call)
        seen = {row.application_id: row.served for row in found.rows}
        assert {key: one.after for key, one in seen.items() if one} == {key: totals[key].total_tenths for key in seen}
        assert replay_rubric(session, SYSTEM, shipped.rubric)[0].rows == ()
        # Under another rubric the model falls silent: from its points to the rule points, at other ranks.
        assert find_model_under(session, SYSTEM, changed) == ModelUnder(model.version, applies=False)
        [silent] = replay_rubric(session, SYSTEM, changed)
    assert (silent.rescored, silent.moved) == (0, 0)
    assert silent.served_moved > 0
    for row in silent.rows:
        assert row.served is not None
        assert (row.served.before, row.served.after) == (totals[row.application_id].total_tenths, row.after)


def test_only_its_author_edits_a_draft_and_a_second_window_overwrites_nothing(
    db: Database, analysts: tuple[Viewer, Viewer], at: datetime
) -> None:
    author, second = analysts
    draft = start(db, author, at)
    with pytest.raises(FourEyesError):
        save(db, draft, draft.text, second, at)
    save(db, draft, worth_more(draft.text), author, at)
    with pytest.raises(TransitionRefusedError):
        save(db, draft, draft.text, author, at)
    assert view(db, draft.id).text == worth_more(draft.text)


def test_what_is_no_rubric_or_has_a_taken_version_is_not_saved(
    db: Database, analysts: tuple[Viewer, Viewer], at: datetime
) -> None:
    author = analysts[0]
    draft = start(db, author, at)
    for text, fault in ((draft.text.replace("roles_filled", "role_filled"), "role_filled"), ("", "version")):
        with pytest.raises(InvalidInputError, match=fault):
            save(db, draft, text, author, at)
    with pytest.raises(InvalidInputError, match="the version is taken"):
        save(db, draft, draft.text.replace("2026.2", "2026.1"), author, at)
    assert view(db, draft.id) == draft


def test_a_draft_that_changes_nothing_or_says_no_reason_is_not_proposed(
    db: Database, analysts: tuple[Viewer, Viewer], at: datetime
) -> None:
    author = analysts[0]
    draft = start(db, author, at)
    with pytest.raises(InvalidInputError, match="nothing differs"):
        propose(db, draft, author, at)
    save(db, draft, worth_more(draft.text), author, at)
    with pytest.raises(InvalidInputError, match="a reason is needed"):
        db.transaction(lambda session: propose_draft(session, draft_id=draft.id, reason=" ", actor=author, at=at))


def test_a_proposed_draft_stands_still_until_it_is_sent_back(
    db: Database, analysts: tuple[Viewer, Viewer], at: datetime
) -> None:
    author, second = analysts
    draft = start(db, author, at)
    save(db, draft, worth_more(draft.text), author, at)
    propose(db, draft, author, at)
    with pytest.raises(TransitionRefusedError):
        save(db, draft, draft.text, author, at, edits=1)
    with pytest.raises(TransitionRefusedError):
        db.transaction(
            lambda session: publish_draft(session, draft_id=draft.id, sha256="0" * 64, reason="ok", actor=second, at=at)
        )
    db.transaction(
        lambda session: return_draft(session, draft_id=draft.id, reason="근거가 더 필요함", actor=second, at=at)
    )
    assert (view(db, draft.id).state, view(db, draft.id).return_reason) == ("open", "근거가 더 필요함")
    db.transaction(lambda session: discard_draft(session, draft_id=draft.id, actor=author, at=at))
    with pytest.raises(TransitionRefusedError):
        publish(db, draft, second, at)
    assert view(db, draft.id).state == "discarded"


@pytest.mark.parametrize("role", [Role.COMMITTEE, Role.CHAIR, Role.FINANCE, Role.AUDITOR, Role.PARTNER, Role.ADMIN])
def test_only_an_analyst_drafts_and_publishes(
    db: Database, analysts: tuple[Viewer, Viewer], at: datetime, role: Role
) -> None:
    author = analysts[0]
    draft = start(db, author, at)
    save(db, draft, worth_more(draft.text), author, at)
    propose(db, draft, author, at)
    other = Viewer(uuid.uuid4(), roles=frozenset({role}))
    with pytest.raises(NotFoundError):
        start(db, other, at)
    with pytest.raises(NotFoundError):
        publish(db, draft, other, at)
    assert view(db, draft.id).state == "proposed"


def test_the_machine_itself_publishes_nothing(db: Database, analysts: tuple[Viewer, Viewer], at: datetime) -> None:
    draft = start(db, analysts[0], at)
    save(db, draft, worth_more(draft.text), analysts[0], at)
    propose(db, draft, analysts[0], at)
    with pytest.raises(FourEyesError):
        publish(db, draft, SYSTEM, at)
    assert view(db, draft.id).state == "proposed"
