from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from fund_factory import HOUR, SIGNED, SIGNED_AT, Use, add_person, add_pool, decide, found_fund, write_usage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import InputFileError, NotFoundError
from fundapp.core.sessions import Database
from fundapp.ledger.actions import close_books
from fundapp.ledger.queries import balances, find_balance, transfers, verify
from fundapp.portfolio.actions import UsageResult, expire_grants, import_usage, sign_award
from fundapp.portfolio.focus import FocusMapping
from fundapp.portfolio.queries import award_page, list_suspense, usage_by_day
from fundapp.portfolio.tables import UsageDay, UsageImport

LATER = datetime(2026, 10, 5, 3, 0, tzinfo=UTC)
AUGUST = date(2026, 8, 3)
GRANT = "grant:AW-2026-0001:h100:koreacentral:2026Q3"
USED = "used:AW-2026-0001:h100"
OVERAGE = "overage:AW-2026-0001:h100:koreacentral:2026Q3"


def set_up(db: Database, *, hours: int = 100) -> None:
    def work(session: Session) -> None:
        found_fund(session)
        pool = add_pool(session)
        case = decide(session, hours=[(pool, hours)])
        sign_award(
            session,
            decision_id=case.decision_id,
            instrument="RCPS",
            key="sign",
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=SIGNED,
        )

    db.transaction(work)


def load(
    db: Database, folder: Path, rows: Sequence[Use], *, mapping: FocusMapping | None = None, name: str = "usage.csv"
) -> UsageResult:
    return import_usage(db, write_usage(folder / name, rows), mapping, actor=SYSTEM, at=LATER)


def hours(db: Database, path: str) -> Decimal:
    with db.read() as session:
        row = find_balance(session, path, "GPUH.H100")
    return Decimal(0) if row is None else Decimal(row.posted) / HOUR


def test_gpu_hours_are_machine_hours_times_the_gpus_of_the_size(db: Database, tmp_path: Path) -> None:
    set_up(db)
    result = load(db, tmp_path, [Use(AUGUST, "10.5", size="Standard_NC80adis_H100_v5"), Use(AUGUST, "1")])
    assert result.gpu_hours == {"h100": "22.0000"}
    assert (result.rows, result.usage_rows, result.posted, result.suspense_rows) == (2, 2, 1, 0)
    assert (hours(db, USED), hours(db, GRANT)) == (Decimal(22), Decimal(78))
    with db.read() as session:
        value = find_balance(session, USED, "KRW-IMPUTED")
        assert value is not None
        assert value.posted == 22 * 5200 * 10_000


def test_the_same_file_twice_posts_nothing(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "10")])
    again = load(db, tmp_path, [Use(AUGUST, "10")])
    assert (again.posted, again.unchanged) == (0, 1)
    assert hours(db, USED) == 10
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(UsageImport)) == 1


def test_a_restated_month_posts_only_the_difference_in_its_direction(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "10"), Use(AUGUST + timedelta(days=1), "5"), Use(AUGUST + timedelta(days=2), "1")])
    restated = load(
        db, tmp_path, [Use(AUGUST, "7"), Use(AUGUST + timedelta(days=1), "5"), Use(AUGUST + timedelta(days=3), "2")]
    )
    assert (restated.posted, restated.unchanged) == (3, 1)
    assert (hours(db, USED), hours(db, GRANT)) == (Decimal(14), Decimal(86))
    with db.read() as session:
        back = [row for row in transfers(session, kind="drawdown_correction") if row.commodity == "GPUH.H100"]
        assert [(row.debit, row.credit, row.amount) for row in back] == [
            (USED, GRANT, 3 * HOUR),
            (USED, GRANT, 1 * HOUR),
        ]


def test_a_correction_on_a_later_bill_survives_a_restatement_of_the_earlier_one(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "10")])
    load(db, tmp_path, [Use(AUGUST, "-2", billed=date(2026, 9, 1)), Use(date(2026, 9, 2), "3")])
    assert hours(db, USED) == 11
    load(db, tmp_path, [Use(AUGUST, "12")])
    assert hours(db, USED) == 13


def test_files_may_arrive_in_any_order(db: Database, tmp_path: Path) -> None:
    set_up(db)
    early = load(db, tmp_path, [Use(AUGUST, "-2", billed=date(2026, 9, 1))])
    assert [(one.owner, one.utc_day, one.hours_e4) for one in early.negative] == [("AW-2026-0001", AUGUST, -2 * HOUR)]
    assert (hours(db, USED), hours(db, "suspense:h100")) == (0, 2)
    load(db, tmp_path, [Use(AUGUST, "10")])
    assert hours(db, "suspense:h100") == 0
    assert (hours(db, USED), hours(db, GRANT)) == (Decimal(8), Decimal(92))
    with db.read() as session:
        assert verify(session).ok


def test_negative_usage_rows_are_summed_with_their_sign(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "10"), Use(AUGUST, "-2.5")])
    assert hours(db, USED) == Decimal("7.5")


def test_use_beyond_the_grant_is_overage_and_a_correction_takes_overage_back_first(
    db: Database, tmp_path: Path
) -> None:
    set_up(db, hours=20)
    load(db, tmp_path, [Use(AUGUST, "15"), Use(AUGUST + timedelta(days=1), "9")])
    assert (hours(db, GRANT), hours(db, OVERAGE), hours(db, USED)) == (Decimal(0), Decimal(-4), Decimal(24))
    load(db, tmp_path, [Use(AUGUST, "10"), Use(AUGUST + timedelta(days=1), "9")])
    assert (hours(db, GRANT), hours(db, OVERAGE), hours(db, USED)) == (Decimal(1), Decimal(0), Decimal(19))


def test_a_day_in_a_quarter_without_a_grant_is_overage(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(date(2026, 10, 1), "2")])
    assert hours(db, GRANT) == 100
    assert hours(db, "overage:AW-2026-0001:h100:koreacentral:2026Q4") == -2


def test_use_that_names_nobody_waits_in_suspense_until_a_restated_file_names_the_company(
    db: Database, tmp_path: Path
) -> None:
    set_up(db)
    first = load(db, tmp_path, [Use(AUGUST, "4", tag=""), Use(AUGUST, "1")])
    assert first.suspense_rows == 1
    assert hours(db, "suspense:h100") == -4
    with db.read() as session:
        assert [(row.owner, row.hours_e4) for row in list_suspense(session, SYSTEM)] == [("one", 4 * HOUR)]
    second = load(db, tmp_path, [Use(AUGUST, "4"), Use(AUGUST, "1")])
    assert second.suspense_rows == 0
    assert (hours(db, "suspense:h100"), hours(db, "unmapped:one:h100"), hours(db, USED)) == (0, 0, 5)
    with db.read() as session:
        assert list_suspense(session, SYSTEM) == []


def test_reading_the_same_file_with_a_mapping_moves_suspense_to_the_award(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "4", tag="")])
    mapping = FocusMapping(sub_accounts={"/subscriptions/one": "123-45-67891"})
    moved = load(db, tmp_path, [Use(AUGUST, "4", tag="")], mapping=mapping)
    assert moved.posted == 2
    assert (hours(db, "suspense:h100"), hours(db, USED)) == (0, 4)


def test_an_award_tag_names_the_award_itself(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "4", tag="AW-2026-0001", tag_key="ax-award")])
    assert hours(db, USED) == 4


def test_a_file_about_one_account_leaves_the_other_accounts_of_the_month_alone(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "4"), Use(AUGUST, "3", account="/subscriptions/two")])
    result = load(db, tmp_path, [Use(AUGUST, "5")])
    assert hours(db, USED) == 8
    assert result.missing_scopes == ["/subscriptions/two"]


def test_a_late_record_of_use_before_expiry_takes_lapsed_hours_back(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "60")])
    db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=LATER))
    assert hours(db, "expired:microsoft:h100") == 40
    load(db, tmp_path, [Use(AUGUST, "75")])
    assert hours(db, "expired:microsoft:h100") == 25
    assert (hours(db, GRANT), hours(db, OVERAGE), hours(db, USED)) == (0, 0, 75)
    load(db, tmp_path, [Use(AUGUST, "110")])
    assert (hours(db, "expired:microsoft:h100"), hours(db, OVERAGE), hours(db, USED)) == (0, -10, 110)


def test_hours_given_back_after_expiry_lapse_in_the_next_run(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "60")])
    db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=LATER))
    load(db, tmp_path, [Use(AUGUST, "50")])
    db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=LATER))
    assert (hours(db, GRANT), hours(db, "expired:microsoft:h100")) == (0, 50)


def test_a_record_for_a_closed_period_takes_effect_in_the_open_one(db: Database, tmp_path: Path) -> None:
    set_up(db)
    db.transaction(lambda s: close_books(s, through=date(2026, 9, 30), actor=SYSTEM, at=LATER))
    load(db, tmp_path, [Use(AUGUST, "4")])
    with db.read() as session:
        assert {row.effective_on for row in transfers(session, kind="drawdown")} == {date(2026, 10, 1)}
        assert session.scalars(select(UsageDay.utc_day)).one() == AUGUST


def test_a_refused_row_takes_no_posted_hours_back(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "10"), Use(AUGUST + timedelta(days=1), "5")])
    again = load(db, tmp_path, [Use(AUGUST, "oops"), Use(AUGUST + timedelta(days=1), "5")])
    assert (hours(db, USED), hours(db, GRANT)) == (15, 85)
    assert (again.posted, len(again.rejected), again.held_back) == (0, 1, ["/subscriptions/one 2026-08"])


def test_more_use_on_a_bill_with_a_refused_row_is_posted(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "10"), Use(AUGUST + timedelta(days=1), "5")])
    load(db, tmp_path, [Use(AUGUST, "oops"), Use(AUGUST + timedelta(days=1), "7")])
    assert hours(db, USED) == 17


def test_a_refused_row_holds_back_only_the_bill_it_names(db: Database, tmp_path: Path) -> None:
    set_up(db)
    two = "/subscriptions/two"
    days = [AUGUST, AUGUST + timedelta(days=1)]
    load(db, tmp_path, [Use(days[0], "10"), Use(days[1], "5"), Use(AUGUST, "9", account=two)])
    again = load(db, tmp_path, [Use(days[0], "oops"), Use(days[1], "5"), Use(AUGUST, "6", account=two)])
    assert (hours(db, USED), again.held_back) == (21, ["/subscriptions/one 2026-08"])


def test_a_row_that_does_not_say_where_it_belongs_holds_back_every_bill_of_the_file(
    db: Database, tmp_path: Path
) -> None:
    set_up(db)
    two = "/subscriptions/two"
    load(db, tmp_path, [Use(AUGUST, "10"), Use(AUGUST, "9", account=two)])
    path = write_usage(tmp_path / "cut.csv", [Use(AUGUST, "8"), Use(AUGUST, "6", account=two)])
    path.write_text(path.read_text(encoding="utf-8") + "billing/one,cut\n", encoding="utf-8")
    again = import_usage(db, path, actor=SYSTEM, at=LATER)
    assert hours(db, USED) == 19
    assert again.held_back == ["/subscriptions/one 2026-08", "/subscriptions/two 2026-08"]


def test_the_mended_file_lowers_what_was_held_back(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(AUGUST, "10"), Use(AUGUST + timedelta(days=1), "5")])
    load(db, tmp_path, [Use(AUGUST, "oops"), Use(AUGUST + timedelta(days=1), "5")])
    mended = load(db, tmp_path, [Use(AUGUST, "8"), Use(AUGUST + timedelta(days=1), "5")])
    assert (hours(db, USED), mended.held_back) == (13, [])


OCTOBER = date(2026, 10, 1)
ASIDE = ("suspense:h100", "unmapped:one:h100")


def imputed(db: Database, path: str) -> int:
    with db.read() as session:
        row = find_balance(session, path, "KRW-IMPUTED")
    return 0 if row is None else row.posted


def test_use_posted_before_there_was_a_rate_leaves_suspense_without_value(db: Database, tmp_path: Path) -> None:
    set_up(db)
    load(db, tmp_path, [Use(OCTOBER, "4", tag="")])
    assert [(hours(db, path), imputed(db, path)) for path in ASIDE] == [(-4, 0), (4, 0)]
    db.transaction(lambda s: add_pool(s, rate_krw=9_999, quarter="2026Q4"))
    load(db, tmp_path, [Use(OCTOBER, "4", tag="AW-2026-0001", tag_key="ax-award")])
    assert [(hours(db, path), imputed(db, path)) for path in ASIDE] == [(0, 0), (0, 0)]
    assert (hours(db, USED), imputed(db, USED)) == (4, 4 * 9_999 * 10_000)


def test_a_correction_in_suspense_takes_value_back_pro_rata_of_what_its_day_was_valued_at(
    db: Database, tmp_path: Path
) -> None:
    set_up(db)
    second = OCTOBER + timedelta(days=1)
    load(db, tmp_path, [Use(OCTOBER, "4", tag="")])
    db.transaction(lambda s: add_pool(s, rate_krw=9_999, quarter="2026Q4"))
    load(db, tmp_path, [Use(OCTOBER, "4", tag=""), Use(second, "8", tag="")])
    load(db, tmp_path, [Use(OCTOBER, "1", tag=""), Use(second, "2", tag="")])
    assert [(hours(db, path), imputed(db, path)) for path in ASIDE] == [
        (-3, -2 * 9_999 * 10_000),
        (3, 2 * 9_999 * 10_000),
    ]


def test_overage_posted_before_there_was_a_rate_is_taken_back_without_value(db: Database, tmp_path: Path) -> None:
    set_up(db)
    over = "overage:AW-2026-0001:h100:koreacentral:2026Q4"
    load(db, tmp_path, [Use(OCTOBER, "4")])
    db.transaction(lambda s: add_pool(s, rate_krw=9_999, quarter="2026Q4"))
    load(db, tmp_path, [Use(OCTOBER, "1")])
    assert [(hours(db, path), imputed(db, path)) for path in (over, USED)] == [(-1, 0), (1, 0)]


def test_an_unreadable_file_posts_nothing_and_says_why(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputFileError):
        import_usage(db, path, actor=SYSTEM, at=LATER)


def test_a_committee_member_may_not_import(db: Database, tmp_path: Path) -> None:
    member = Viewer(None, roles=frozenset({"committee"}))
    with pytest.raises(NotFoundError):
        import_usage(db, write_usage(tmp_path / "u.csv", []), actor=member, at=LATER)


def test_pages_show_what_the_ledger_holds(db: Database, tmp_path: Path) -> None:
    set_up(db, hours=20)
    load(db, tmp_path, [Use(AUGUST, "25")])
    finance = db.transaction(lambda s: add_person(s, "Kim", "finance"))
    with db.read() as session:
        page = award_page(session, finance, "AW-2026-0001")
        grant = page.grants[0]
        assert (grant.granted_e4, grant.used_e4, grant.remaining_e4, grant.overage_e4, grant.expired_e4) == (
            20 * HOUR,
            20 * HOUR,
            0,
            5 * HOUR,
            0,
        )
        assert [(row.utc_day, row.hours_e4) for row in usage_by_day(session, finance)] == [(AUGUST, 25 * HOUR)]


QUARTERS_OF_HOURS = st.integers(min_value=-40, max_value=200)
FILES = st.lists(
    st.dictionaries(st.tuples(st.integers(0, 4), st.sampled_from(["1234567891", ""])), QUARTERS_OF_HOURS, max_size=6),
    min_size=1,
    max_size=4,
)


@given(files=FILES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_posted_hours_always_equal_the_totals_of_the_newest_file(
    sqlite_template: Path, tmp_path: Path, files: list[dict[tuple[int, str], int]]
) -> None:
    copy = tmp_path / f"{os.urandom(4).hex()}.db"
    copy.write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{copy}")
    set_up(db, hours=50)
    anchor = Use(AUGUST, "0", tag="")  # keeps the account in the file, as a real export would
    for content in files:
        rows = [
            Use(AUGUST + timedelta(days=day), str(Decimal(amount) / 4), tag=tag)
            for (day, tag), amount in content.items()
        ]
        load(db, tmp_path, [anchor, *rows])
        by_day: dict[int, int] = defaultdict(int)
        for (day, tag), amount in content.items():
            by_day[day] += amount if tag else 0
        known = Decimal(sum(max(0, amount) for amount in by_day.values())) / 4
        below = Decimal(sum(min(0, amount) for amount in by_day.values())) / 4
        unknown = Decimal(sum(amount for (_, tag), amount in content.items() if not tag)) / 4
        assert hours(db, USED) == known
        assert hours(db, "suspense:h100") == -unknown - below
        assert hours(db, OVERAGE) == -max(Decimal(0), known - 50)
    with db.read() as session:
        assert verify(session).ok
    db.dispose()


KILLED = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.portfolio.usage import importing

post = importing.post_changes
def die(*args, **named):
    post(*args, **named)
    os.kill(os.getpid(), signal.SIGKILL)
importing.post_changes = die
importing.import_usage(Database(sys.argv[1]), Path(sys.argv[2]), actor=SYSTEM, at=datetime(2026, 10, 5, tzinfo=UTC))
"""


def test_an_import_that_is_killed_leaves_nothing_and_may_be_run_again(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    set_up(db)
    path = write_usage(tmp_path / "usage.csv", [Use(AUGUST, "4"), Use(AUGUST, "1", tag="")])
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", KILLED, database_url, str(path)], cwd=root, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert hours(db, USED) == 0
    assert import_usage(db, path, actor=SYSTEM, at=LATER).posted == 2
    with db.read() as session:
        assert verify(session).ok
        assert [row.posted for row in balances(session, prefix=USED) if row.commodity == "GPUH.H100"] == [4 * HOUR]


def example_hours(*names: str) -> Decimal:
    """Machine-hours times cards, straight from the files; the size names the machine."""
    cards = {"NC40ads": 1, "NC80adis": 2, "ND96": 8, "NC24ads": 1, "NC48ads": 2, "NC96ads": 4}
    total = Decimal(0)
    for name in names:
        with (EXAMPLES / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                size = json.loads(row["SkuPriceDetails"] or "{}").get("InstanceType", "")
                count = next((n for stem, n in cards.items() if size.startswith(f"Standard_{stem}")), 0)
                total += Decimal(row["ConsumedQuantity"]) * count
    return total


EXAMPLES = Path(__file__).parents[2] / "examples" / "usage"


def test_a_restated_example_month_replaces_the_first_one_and_keeps_later_corrections(db: Database) -> None:
    db.transaction(found_fund)
    for name in ("2026-07.csv", "2026-08.csv", "2026-09.csv", "2026-08-restated.csv"):
        import_usage(db, EXAMPLES / name, actor=SYSTEM, at=LATER)
    with db.read() as session:
        rows = balances(session, prefix="unmapped:")
    posted = sum(row.posted for row in rows if row.commodity.startswith("GPUH."))
    assert Decimal(posted) / HOUR == example_hours("2026-07.csv", "2026-08-restated.csv", "2026-09.csv")


def test_a_quarter_of_example_files_adds_up_to_what_the_rows_say(db: Database) -> None:
    db.transaction(found_fund)
    names = ("2026-07.csv", "2026-08.csv", "2026-09.csv")
    results = [import_usage(db, EXAMPLES / name, actor=SYSTEM, at=LATER) for name in names]
    with db.read() as session:
        rows = balances(session, prefix="unmapped:")
    posted = sum(row.posted for row in rows if row.commodity.startswith("GPUH."))
    assert Decimal(posted) / HOUR == example_hours(*names)
    assert [result.rejected for result in results] == [[], [], []]
    assert [import_usage(db, EXAMPLES / name, actor=SYSTEM, at=LATER).posted for name in names] == [0, 0, 0]


def test_four_importers_of_one_file_at_once_post_it_once(db: Database, tmp_path: Path) -> None:
    set_up(db)
    rows = [Use(AUGUST + timedelta(days=day), "1") for day in range(20)]
    path = write_usage(tmp_path / "usage.csv", rows)
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(import_usage, db, path, actor=SYSTEM, at=LATER) for _ in range(4)]
        posted = sorted(one.result().posted for one in done)
    assert posted == [0, 0, 0, 20]
    assert hours(db, USED) == 20
    with db.read() as session:
        assert verify(session).ok
