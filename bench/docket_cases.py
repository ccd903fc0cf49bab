"""The docket with ten thousand applications and three reviews each, its search, and filing a review.

The floor of a page is the barest one that could stand in its place: Flask, SQLAlchemy and a template, fifty of as many
rows filtered, sorted and counted, without anybody signed in. The floor of filing is the barest route that inserts one.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from itertools import count as counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, render_template_string, request
from flask.testing import FlaskClient
from measuring import Case, Run, clock
from page_cases import PASSWORD, TOKEN, signed_in
from peers.running import Peer
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session
from stores import Store, commit_something, copied

from config import Settings
from fundapp import create_app
from fundapp.committee.actions import keep_all_figures, pledge_no_conflict
from fundapp.committee.queries import load_viewer
from fundapp.committee.rules import CRITERIA
from fundapp.committee.tables import Assignment, Review
from fundapp.core.access import SYSTEM
from fundapp.core.collecting import spare_what_lasts
from fundapp.core.orm import Base, new_id
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person, ensure_roles
from fundapp.identity.passwords import hash_password
from fundapp.identity.tables import Person
from fundapp.intake.listing import list_missing
from fundapp.intake.tables import Application, Call, Company, Listing, Submission
from fundapp.screening.tables import RubricVersion, Scorecard

AT = datetime(2026, 9, 1, tzinfo=UTC)
CALL = "AX-BENCH"
MEMBERS = 60
REVIEWS_EACH = 3
WAITING = 20
SECTORS = ("제조", "물류", "의료", "금융", "교육", "국방", "농업", "에너지", "문화", "통신")
STATES = ("eligible",) * 6 + ("proposed", "approved", "rejected", "deferred")
WORDS = ("공정 예측 로봇 음성 합성 검사 설비 이상 탐지 물류 최적 배차 진단 영상 판독 추천 번역 한국 모델 학습").split()  # noqa: SIM905
RARE, RARITY = "수중드론", 100
TITLE = {"key": "solution_title", "kind": "text", "label_ko": "솔루션명", "label_en": "Title"}
SECTIONS = [{"key": "solution", "title_ko": "솔루션", "title_en": "Solution", "questions": [TITLE]}]
PLAIN = "/committee/?call=AX-BENCH"
FILTERED = f"{PLAIN}&sector={quote('제조')}&state=eligible&sort=rating&down=1"
SOUGHT = f"{PLAIN}&q={quote('중드')}"


def keep_reviewed(store: Store, count: int) -> str:
    """Keep a template with `count` scored applications and three filed reviews of each; return its name.

    The first member still has `WAITING` reviews to file.
    """

    def prepare(database: Database) -> None:
        database.transaction(partial(_open, count=count))
        database.transaction(partial(_apply, count=count))
        database.transaction(_review)
        database.transaction(list_missing)
        database.transaction(keep_all_figures)
        if not database.is_sqlite:
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")

    store.keep(f"reviewed {count}", prepare)
    return f"reviewed {count}"


def _open(session: Session, count: int) -> None:
    ensure_roles(session)
    hashed = hash_password(PASSWORD)
    for place in range(MEMBERS):
        person = {"email": _email(place), "name": f"위원 {place}", "roles": ["committee"]}
        create_person(session, actor=SYSTEM, at=AT, password_hash=hashed, **person)  # type: ignore[arg-type]
    session.add(
        Call(
            code=CALL,
            title_ko="벤치마크",
            title_en="Benchmark",
            opens_at=AT - timedelta(days=90),
            closes_at=AT - timedelta(days=60),
            document={"code": CALL, "sections": SECTIONS},
            document_sha256="0" * 64,
            next_number=count + 1,
            created_at=AT,
        )
    )
    session.add(RubricVersion(sha256="2" * 64, version="t", text="t", first_used_at=AT))


def _email(place: int) -> str:
    return f"member{place}@example.com"


def _apply(session: Session, count: int) -> None:
    call_id, chance = session.scalars(select(Call.id)).one(), random.Random(7)  # noqa: S311 - invented data
    companies, applications, submissions, cards = [], [], [], []
    for place in range(count):
        company, application, submission = new_id(), new_id(), new_id()
        answers = _answers(chance)
        companies.append(
            {"id": company, "scheme": "brn", "identifier": f"{place:010d}", "name": _name(chance), "created_at": AT}
        )
        applications.append(
            {
                "id": application,
                "number": f"{CALL}-{place:05d}",
                "call_id": call_id,
                "company_id": company,
                "state": chance.choice(STATES),
                "answers": answers,
                "revision": 1,
                "created_at": AT,
                "updated_at": AT,
            }
        )
        submissions.append(
            {
                "id": submission,
                "application_id": application,
                "version": 1,
                "answers": answers,
                "sha256": "1" * 64,
                "submitted_at": AT,
                "submitted_by": "x",
            }
        )
        cards.append(_card(application, submission, chance))
    for table, rows in (
        (Company, companies),
        (Application, applications),
        (Submission, submissions),
        (Scorecard, cards),
    ):
        _put(session, table, rows)


def _name(chance: random.Random) -> str:
    return "".join(chance.choices(WORDS, k=2)) + str(chance.randrange(1000))


def _answers(chance: random.Random) -> dict[str, Any]:
    def said(words: int) -> str:
        return " ".join(chance.choices(WORDS, k=words))

    return {
        "solution_title": said(4),
        "solution_summary": said(60) + (f" {RARE}" if chance.randrange(RARITY) == 0 else ""),
        "sector": chance.choice(SECTORS),
        "region": "경기도",
        "spc_link": said(40),
        "korean_ai_link": said(40),
        "founded_on": f"20{chance.randrange(10, 26)}-01-01",
        "requested_krw": chance.randrange(1, 50) * 100_000_000,
        "gpu_h100_2027Q1": str(chance.randrange(100, 5000)),
        "gpu_h200_2027Q2": str(chance.randrange(100, 5000)),
    }


def _card(application: uuid.UUID, submission: uuid.UUID, chance: random.Random) -> dict[str, Any]:
    return {
        "id": new_id(),
        "application_id": application,
        "submission_id": submission,
        "version": 1,
        "total_tenths": chance.randrange(200, 1000),
        "verdict": "pass",
        "document": {},
        "facts": {"company_class": "sme"},
        "inputs_sha256": "3" * 64,
        "rubric": "t",
        "rubric_sha256": "2" * 64,
        "code_version": "t",
        "scored_at": AT,
        "actor": "system",
    }


def _review(session: Session) -> None:
    people = session.scalars(select(Person.id).order_by(Person.email)).all()
    chance = random.Random(11)  # noqa: S311 - invented data
    assignments, reviews, waiting = [], [], 0
    for place, application in enumerate(session.scalars(select(Application.id).order_by(Application.number))):
        for turn in range(REVIEWS_EACH):
            person = people[(REVIEWS_EACH * place + turn) % MEMBERS]
            pair = {"id": new_id(), "application_id": application, "person_id": person}
            assignments.append(pair | {"assigned_by": "x", "at": AT})
            if person == people[0] and waiting < WAITING:
                waiting += 1
                continue
            reviews.append(pair | _rated(chance))
    _put(session, Assignment, assignments)
    _put(session, Review, reviews)


def _rated(chance: random.Random) -> dict[str, Any]:
    ratings = [{"criterion": one.key, "points": chance.randrange(1, 6), "reason": "근거"} for one in CRITERIA]
    total = sum(one.weight * rating["points"] * 2 for one, rating in zip(CRITERIA, ratings, strict=True))
    return {"version": 1, "ratings": ratings, "total_tenths": total, "note": None, "filed_at": AT}


def _put(session: Session, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    session.execute(insert(table), list(rows))


BARE = """<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>{{ total }}</title></head><body>
<table><thead><tr>{% for head in heads %}<th>{{ head }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr>{% for head in heads %}<td>{{ row[head] }}</td>{% endfor %}</tr>{% endfor %}
</tbody></table></body></html>"""
SHOWN = (
    "number",
    "company",
    "title",
    "linkages",
    "founded_on",
    "requested_krw",
    "requested_hours_e4",
    "score_tenths",
    "trimmed_tenths",
    "deviation_tenths",
    "reviews_filed",
    "state",
)


def bare_site(database: Database) -> FlaskClient:
    """Return the barest site in Flask and SQLAlchemy: a page of fifty rows, and a route that inserts a review."""
    app = Flask("bare")

    @app.get("/")
    def page() -> str:
        chosen = [getattr(Listing, key) == request.args[key] for key in ("state", "sector") if key in request.args]
        order = getattr(Listing, request.args.get("sort", "number")).desc()
        with database.read() as session:
            total = session.scalar(select(func.count()).select_from(Listing).where(*chosen))
            columns = [getattr(Listing, name) for name in SHOWN]
            rows = session.execute(select(*columns).where(*chosen).order_by(order).limit(50)).mappings().all()
        return render_template_string(BARE, rows=rows, total=total, heads=SHOWN)

    @app.post("/")
    def insert_review() -> str:
        row = {
            "id": new_id(),
            "application_id": uuid.UUID(request.form["application"]),
            "person_id": uuid.UUID(request.form["person"]),
            **_rated(random.Random(1)),  # noqa: S311 - invented data
            "version": int(request.form["version"]),
        }
        database.transaction(lambda session: session.execute(insert(Review), [row]))
        return "ok"

    return app.test_client()


@contextmanager
def docket_pages(
    store: Store, folder: Path, sizes: tuple[int, int], peer: Peer | None, repetitions: int
) -> Iterator[list[Case]]:
    """Open the docket as a member with reviews to file; yields cases that live as long as the context.

    Args:
        store: Where the databases are made.
        folder: For the site's own files.
        sizes: A small number of applications and the one to measure with.
        peer: pretalx, or None where it is left out.
        repetitions: How often each page is opened.
    """
    templates = [keep_reviewed(store, size) for size in sizes]
    with copied(store, templates[0]) as fewer, copied(store, templates[1]) as database:
        clients = [
            signed_in(create_app(_settings(folder, store, size), one), _email(0))
            for size, one in zip(sizes, (fewer, database), strict=True)
        ]
        bare = bare_site(database)
        paths = {"docket": (PLAIN, "/"), "docket, filtered and sorted": (FILTERED, BARE_FILTERED)}
        opened = [(client, path) for client in clients for path, _ in (*paths.values(), (SOUGHT, ""))]
        for client, path in (*opened, *((bare, path) for _, path in paths.values())):
            _open_page(client, path)  # templates are compiled once in a process's life
        spare_what_lasts()  # as the server does
        drawn = [partial(_drawing, one, client) for one, client in zip((fewer, database), clients, strict=True)]
        again = [partial(_opening, client) for client in clients]
        cases = [
            _page_case(store, sizes, what, drawn, {"a bare page": _opening(bare, floor)}, path, repetitions)
            for what, (path, floor) in paths.items()
        ]
        if peer is not None:
            cases[0].floors["pretalx's review list"] = partial(peer.take, "review list")  # type: ignore[index]
        cases.append(_page_case(store, sizes, "docket, searched", drawn, {}, SOUGHT, repetitions))
        plain = {"a bare page": _opening(bare, "/")}
        cases.append(_page_case(store, sizes, "docket again", again, plain, PLAIN, repetitions))
        cases.append(_filing(store, sizes[1], database, clients[1], bare, repetitions))
        yield cases


BARE_FILTERED = f"/?sector={quote('제조')}&state=eligible&sort=trimmed_tenths"


def _settings(folder: Path, store: Store, size: int) -> Settings:
    return Settings.from_environment({"FUND_HOME": str(folder / f"docket-{store.name}-{size}")})


def _opening(client: FlaskClient, path: str) -> Run:
    return partial(clock, partial(_open_page, client, path))


def _drawing(database: Database, client: FlaskClient, path: str) -> Run:
    """Open a page right after something has been committed, so that nothing of it is remembered."""

    def draw() -> float:
        commit_something(database)
        return clock(partial(_open_page, client, path))

    return draw


def _page_case(
    store: Store,
    sizes: tuple[int, int],
    what: str,
    openings: list[Callable[[str], Run]],
    floors: dict[str, Run],
    path: str,
    repetitions: int,
) -> Case:
    return Case(
        what=what,
        store=store.name,
        n=sizes[1],
        unit="ms",
        run=openings[1](path),
        floors=floors | {f"the same of {sizes[0]:,}": openings[0](path)},
        repetitions=repetitions,
    )


def _open_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == HTTPStatus.OK, (path, answer.status)


def _filing(
    store: Store, count: int, database: Database, client: FlaskClient, bare: FlaskClient, repetitions: int
) -> Case:
    """File reviews one after the other, each a new version of a member's; the floor inserts the bare row."""
    with database.read() as session:
        person = session.scalars(select(Person.id).where(Person.email == _email(0))).one()
        waiting = session.scalars(
            select(Assignment.application_id)
            .join(Application, Application.id == Assignment.application_id)
            .where(Assignment.person_id == person, Application.state.in_(("eligible", "proposed")))
            .order_by(Application.number)
            .limit(1 + repetitions)
        ).all()
    # Far apart, so that a version filed on top of a bare row never meets the next one.
    turns, versions = counter(), counter(1000, 1000)
    page = f"/committee/applications/{waiting[0]}"
    with database.read() as session:
        viewer = load_viewer(session, person)
    for application in waiting:
        pledge = partial(pledge_no_conflict, application_id=application, actor=viewer, at=AT)
        database.transaction(pledge)

    def file() -> float:
        application = waiting[next(turns) % len(waiting)]
        fields = _token(client, page) | {"note": "", "key": uuid.uuid4().hex}
        for criterion in CRITERIA:
            fields |= {f"{criterion.key}_points": "4", f"{criterion.key}_reason": "근거를 확인함"}
        return clock(lambda: _post(client, f"/committee/applications/{application}", fields, HTTPStatus.FOUND))

    def insert_one() -> float:
        fields = {"application": str(waiting[-1]), "person": str(person), "version": str(next(versions))}
        return clock(lambda: _post(bare, "/", fields, HTTPStatus.OK))

    insert_one()
    return Case(
        what="file a review",
        store=store.name,
        n=count,
        unit="ms",
        run=file,
        floors={"a bare insert": insert_one},
        repetitions=repetitions,
    )


def _token(client: FlaskClient, page: str) -> dict[str, str]:
    found = TOKEN.search(client.get(page).text)
    assert found is not None, page
    return {"csrf_token": found[1]}


def _post(client: FlaskClient, path: str, fields: dict[str, str], wanted: HTTPStatus) -> None:
    answer = client.post(path, data=fields)
    assert answer.status_code == wanted, (path, answer.status)
