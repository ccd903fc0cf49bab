"""The last hour before a deadline, compressed: many applicants at once, sending and sending again.

    .venv/bin/python bench/rush.py                    # 300 applicants, 2,000 submissions in five minutes
    .venv/bin/python bench/rush.py --applicants 25 --submissions 150 --seconds 10

A private PostgreSQL, the product's own server with two workers, and applicants that are threads with a cookie jar each.
Everybody signs in, hands a business plan in, and then several times: opens a section, saves a changed answer while
typing, reads all answers, sends, opens the receipt. One sending in ten is pressed twice at the same moment. The
sendings come as they do before a deadline: ever closer together.

Afterwards the database is asked what it holds. `lost` counts receipts without their submission, submissions that
lack the words which were saved before them, and receipts that never came; `doubled` counts submissions that no receipt
names; `errors` counts applicants who were told what nobody should ever be told, and gave up. The same steps by one
applicant on the idle server come first.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from measuring import Result
from page_cases import PASSWORD
from rush_visitors import Applicant, Log, Visitor
from sheets import EXAMPLES, business_number
from sqlalchemy import select
from sqlalchemy.orm import Session
from stores import PostgresStore, copied, postgres

from fundapp.committee.queries import load_viewer
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person, ensure_roles
from fundapp.identity.passwords import hash_password
from fundapp.intake.actions import open_call, record_consent, register_company, save_answers, start_application
from fundapp.intake.call_file import read_call_file
from fundapp.intake.tables import Application, Submission

WORKERS = 2
_FUND = Path(sys.executable).with_name("fund")
_CALL = EXAMPLES / "calls" / "rolling.toml"
_TEMPLATE = "rush"
_STEEPNESS = 4.0
"""How much denser sendings are at the end: e^4 = 55 times as many a second as at the beginning."""
_IDLE_SENDINGS = 20
_ANSWERS = {
    "founded_on": "2021-03-02",
    "ksic": "J58222",
    "region": "부산광역시",
    "employees": "24",
    "revenue_krw_y1": "1820000000",
    "revenue_krw_y2": "940000000",
    "assets_krw": "2600000000",
    "contact_name": "문새봄",
    "solution_title": "항만 하역 순서 추천",
    "solution_summary": "하역 기록과 기상 자료로 다음 날의 하역 순서를 추천합니다.",
    "sector": "물류",
    "spc_link": "부두별 하역 기록을 SPC 안에서만 처리하고 접근 기록을 남깁니다.",
    "azure_ready": "running",
    "data_in_korea": "yes",
    "foreign_processing_only": "no",
    "korean_model": "open",
    "requested_krw": "100000000",
    "gpu_h100_2027Q2": "2160",
    "paying_customers": "3",
    "tax_arrears": "no",
    "sanctions": "no",
    "conflict_cleared": "yes",
}


@dataclass(frozen=True, slots=True)
class Rush:
    """How many come, how often they send in all, and in how many seconds."""

    applicants: int = 300
    submissions: int = 2000
    seconds: float = 300.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. Times are in milliseconds: of one sending, the middle and the 95th of a hundred."""

    applicants: int
    submissions: int
    seconds: float
    requests: int
    errors: int
    error_examples: list[str]
    lost: int
    doubled: int
    late_ms: tuple[float, float]
    idle_ms: tuple[float, float]

    @property
    def ratio(self) -> float:
        """The rush's 95th percentile over the idle server's."""
        return self.late_ms[1] / self.idle_ms[1]


def run(store: PostgresStore, folder: Path, rush: Rush) -> Outcome:
    """Let them come, and ask the database afterwards."""
    with copied(store, _kept(store, rush.applicants)) as database, served(database, folder) as address:
        drafts = database.transaction(_drafts)
        idle, late = Log(), Log()
        _come(address, idle, drafts[:1], {0: [0.0] * _IDLE_SENDINGS}, rush.seed)
        started = time.perf_counter()
        _come(address, late, drafts[1:], _instants(rush), rush.seed)
        seconds = time.perf_counter() - started
        lost, doubled = database.transaction(lambda session: _missing(session, late, rush.submissions))
    return Outcome(
        applicants=rush.applicants,
        submissions=len(late.receipts),
        seconds=round(seconds, 1),
        requests=late.requests,
        errors=len(late.errors),
        error_examples=late.errors[:5],
        lost=lost,
        doubled=doubled,
        late_ms=_middle_and_tail(late.seconds["submit"]),
        idle_ms=_middle_and_tail(idle.seconds["submit"]),
    )


def rows(outcome: Outcome) -> Iterator[Result]:
    """Return the outcome as a line of the table.

    Raises:
        AssertionError: if anything was lost or doubled, or one request in a thousand failed.
    """
    assert (outcome.lost, outcome.doubled) == (0, 0), outcome
    assert outcome.errors * 1000 <= outcome.requests, outcome
    late, idle = outcome.late_ms[1], outcome.idle_ms[1]
    yield Result(
        "a sending in a rush, 95th percentile",
        "postgresql",
        outcome.submissions,
        late,
        "ms",
        "the idle server's",
        idle,
        outcome.ratio,
        0.0,
        (late / 1000,),
        (idle / 1000,),
    )


@contextmanager
def served(database: Database, folder: Path) -> Iterator[str]:
    """Serve a database with the product's own server, two workers."""
    port = _free_port()
    url = database.url.render_as_string(hide_password=False)
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(EXAMPLES.parent),
        "FUND_HOME": str(folder / "rush"),
        "FUND_DATABASE_URL": url,
        "FUND_PROXY_COUNT": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [str(_FUND), "serve", "--port", str(port), "--workers", str(WORKERS)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    address = f"http://127.0.0.1:{port}"
    try:
        _await(process, address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await(process: subprocess.Popen[bytes], address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()  # noqa: S310 - our own server on loopback
        except OSError:
            assert process.poll() is None, "the server stopped"
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server did not answer")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _kept(store: PostgresStore, applicants: int) -> str:
    name = f"{_TEMPLATE} {applicants}"
    store.keep(name, lambda database: _prepare(database, applicants + 1))
    return name


def _prepare(database: Database, count: int) -> None:
    at = datetime.now(UTC)
    password = hash_password(PASSWORD)  # one for all of them: it is signing in that takes the time
    file = read_call_file(_CALL)
    hours = {"opens": (at - timedelta(days=1)).isoformat(), "closes": (at + timedelta(hours=6)).isoformat()}

    def begin(session: Session) -> None:
        ensure_roles(session)
        open_call(session, actor=SYSTEM, at=at, document=file.document | hours, text=file.text)

    database.transaction(begin)
    for serial in range(count):
        database.transaction(
            lambda session, serial=serial: _draft(session, serial, password, str(file.document["code"]), at)
        )


def _draft(session: Session, serial: int, password: str, code: str, at: datetime) -> None:
    """Let one company have a draft that lacks nothing but its business plan."""
    email = f"founder{serial}@c{serial}.example"
    name = f"여울{serial}"
    person = create_person(
        session, actor=SYSTEM, at=at, email=email, name="윤가온", roles=["applicant"], password_hash=password
    )
    number = business_number(serial)
    company = register_company(session, actor=load_viewer(session, person), at=at, name=name, business_number=number)
    owner = load_viewer(session, person)
    key = start_application(session, actor=owner, at=at, call_code=code, company_id=company)
    own = {
        "company_name": name,
        "business_number": number,
        "contact_email": email,
        "contact_phone": f"070-{serial:04d}-0000",
    }
    saved = save_answers(session, actor=owner, at=at, application_id=key, answers=_ANSWERS | own, expected_revision=1)
    assert not saved.problems, saved.problems
    record_consent(session, actor=owner, at=at, application_id=key, purpose="personal_data", given=True)


def _drafts(session: Session) -> list[tuple[str, uuid.UUID]]:
    """Return whose draft is which, in the order they were made."""
    drafts = session.execute(select(Application.answers, Application.id).order_by(Application.number))
    return [(str(answers["contact_email"]), application) for answers, application in drafts]


def _instants(rush: Rush) -> dict[int, list[float]]:
    """Return when each applicant sends: everybody once, the others by chance, denser towards the end."""
    dice = random.Random(rush.seed)  # noqa: S311 - when people come, the same each time
    whose = [
        *range(rush.applicants),
        *(dice.randrange(rush.applicants) for _ in range(rush.submissions - rush.applicants)),
    ]
    instants: dict[int, list[float]] = {}
    for who in whose:
        share = math.log1p(dice.random() * math.expm1(_STEEPNESS)) / _STEEPNESS
        instants.setdefault(who, []).append(rush.seconds * share)
    return {who: sorted(times) for who, times in instants.items()}


def _come(
    address: str, log: Log, drafts: Sequence[tuple[str, uuid.UUID]], instants: Mapping[int, Sequence[float]], seed: int
) -> None:
    started = time.perf_counter()
    crowd = []
    for who, times in instants.items():
        email, application = drafts[who]
        dice = random.Random(seed * 1_000_003 + who)  # noqa: S311 - who presses twice, the same each time
        applicant = Applicant(Visitor(address, log, who), email, application, dice)
        crowd.append(threading.Thread(target=applicant.come, args=(started, times)))
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()


def _missing(session: Session, log: Log, wanted: int) -> tuple[int, int]:
    """Return how many receipts or words are missing, and how many submissions or receipts there are too many.

    A button pressed twice gives one receipt; a press that failed may have been received all the same.
    """
    kept = {
        (frozen.application_id, frozen.version): str(frozen.answers.get("solution_summary"))
        for frozen in session.scalars(select(Submission).where(Submission.application_id.in_(log.presses)))
    }
    named = Counter((sent.application, sent.version) for sent in log.receipts)
    lost = sum(kept.get((sent.application, sent.version)) != sent.words for sent in log.receipts)
    unnamed = len(kept.keys() - named.keys())
    return lost + wanted - log.gave_up - len(log.receipts), max(0, unnamed - len(log.errors)) + sum(
        count - 1 for count in named.values()
    )


def _middle_and_tail(seconds: Sequence[float]) -> tuple[float, float]:
    tail = quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
    return median(seconds) * 1000, tail * 1000


def main() -> None:
    """Run alone and print what came of it as JSON."""
    parser = argparse.ArgumentParser(description="A deadline rush on PostgreSQL with two workers.")
    for name, default in (("applicants", 300), ("submissions", 2000), ("seconds", 300), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fundrush") as place, postgres(_made(Path(place) / "postgresql")) as store:
        outcome = run(store, Path(place), Rush(asked.applicants, asked.submissions, asked.seconds, asked.seed))
    print(
        json.dumps({name: getattr(outcome, name) for name in Outcome.__dataclass_fields__} | {"ratio": outcome.ratio})
    )


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
