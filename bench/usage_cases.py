"""Importing a million rows of usage, beside the least that reading their columns costs; and the memory it takes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
from measuring import Case, Result, clock
from pyarrow import csv as arrow_csv
from sqlalchemy.orm import Session
from stores import Store, copied

from fundapp.allocation.tables import Fund, Investor, Pool
from fundapp.committee.rules import BallotRule
from fundapp.committee.tables import Ballot, Decision, Meeting
from fundapp.core.access import SYSTEM
from fundapp.core.quantities import Quantity, gpu_commodity, imputed_value
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application, Call, Company
from fundapp.ledger.actions import open_account, post_many
from fundapp.ledger.rules import Entry, Leg
from fundapp.portfolio.focus.columns import COLUMNS
from fundapp.portfolio.tables import Award, Grant
from fundapp.portfolio.usage import import_usage

OWNERS = 300
DAYS = 90
FIRST = date(2026, 7, 1)
SKUS = ("h100", "h200", "a100", "t4")
SIZES = ("Standard_NC40ads_H100_v5", "Standard_ND96isr_H200_v5", "Standard_NC24ads_A100_v4", "Standard_NC4as_T4_v3")
REGION = "koreacentral"
AT = datetime(2026, 6, 20, 3, 0, tzinfo=UTC)
LATER = datetime(2026, 10, 5, 3, 0, tzinfo=UTC)
GRANT_E4 = 100_000 * 10_000
TITLES = [
    "AvailabilityZone",
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "SkuId",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_SkuDetails",
]
OTHERS = (
    ("Storage Accounts", "Storage", "Standard LRS", "GB"),
    ("Virtual Network", "Networking", "Standard Data Transfer", "GB"),
    ("Virtual Machines", "Compute", "D4s v5", "Hours"),
    ("Azure Monitor", "Management and Governance", "Analytics Logs", "GB"),
    ("Key Vault", "Security", "Operations", "10K"),
)


def business_number(owner: int) -> str:
    """Return the number of an invented company."""
    return f"{1_200_000_000 + owner * 7}"


def write_export(target: Path, count: int) -> Path:
    """Write an export: a fifth of its rows GPU machines, over 300 companies, four SKUs and ninety days."""
    dice = random.Random(7)  # noqa: S311 - a seeded generator of invented data, not cryptography
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(TITLES) + "\n")
        file.writelines(_row(dice, gpu=serial % 5 == 0) for serial in range(count))
    return target


def _row(dice: random.Random, *, gpu: bool) -> str:
    owner, day = dice.randrange(OWNERS), FIRST + timedelta(days=dice.randrange(DAYS))
    service, category, meter, unit = OTHERS[dice.randrange(len(OTHERS))]
    size = "Standard_D4s_v5" if unit == "Hours" else ""
    quantity = f"{dice.randrange(10**8) / 10**6:.6f}"
    if gpu:
        size = SIZES[owner % len(SIZES)]
        service, category, meter, unit = "Virtual Machines", "Compute", size.removeprefix("Standard_"), "Hours"
        quantity = f"{dice.randrange(240_000) / 10_000:.4f}"
    month = day.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    account = f"/subscriptions/{owner:08x}-1111-4222-8333-{owner * 7919:012x}"
    machine = f"vm-{meter.lower().replace(' ', '-')}-{dice.randrange(400):03d}"
    place = f"resourcegroups/rg-ml-{dice.randrange(6)}/providers/microsoft.compute/virtualmachines/{machine}"
    tags = {"ax-company": business_number(owner), "env": "prod", "cost-center": f"cc-{dice.randrange(40)}"}
    cost, price = f"{dice.random() * 90:.10f}", f"{dice.random() * 5:.6f}"
    cells = (
        "", "0", "/providers/Microsoft.Billing/billingAccounts/bench", "AX fund", "KRW", f"{after}T00:00:00Z",
        f"{month}T00:00:00Z", "Usage", "", _quoted(f"{service}, {meter} - KR Central"), "Usage-Based",
        f"{day + timedelta(days=1)}T00:00:00Z", f"{day}T00:00:00Z", "", "", "", "", "", quantity, unit, cost, price,
        "0",
        "Microsoft", cost, price, "Standard", quantity, unit, "Microsoft", "Microsoft", REGION, "Korea Central",
        f"{account}/{place}", machine, "Virtual machine" if size else service, category, service,
        f"DZH318Z0{dice.randrange(5000):06d}", f"DZH318Z0{dice.randrange(5000):06d}/00{dice.randrange(9)}", account,
        f"company-{owner}", _quoted(json.dumps(tags)),
        _quoted(json.dumps({"ServiceType": size, "ImageType": "Canonical"})) if size else "",
    )  # fmt: skip
    return ",".join(cells) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def keep_awarded(store: Store) -> None:
    """Keep a template with an award and a grant for each company of the export."""
    store.keep("awarded", lambda database: database.transaction(_award_all))


def _award_all(session: Session) -> None:
    session.add(
        Fund(id=1, name_ko="측정", name_en="Bench", legal_form="계약형", recognition="at_delivery", started_on=FIRST)
    )
    session.add(Investor(code="microsoft", name_ko="가", name_en="M", kind="in_kind", committed_krw=0))
    call = Call(
        code="B", title_ko="측정", title_en="B", opens_at=AT - timedelta(days=9), closes_at=AT, document={},
        document_sha256="0" * 64,
        created_at=AT,
    )  # fmt: skip
    session.add(call)
    session.flush()
    meeting = Meeting(call_id=call.id, title="B", held_on=FIRST, created_at=AT)
    pools = [
        Pool(
            investor_code="microsoft", sku=sku, region=REGION, quarter="2026Q3", rate_krw=5200, created_at=AT,
            account=f"pool:microsoft:{sku}:{REGION}:2026Q3",
        )
        for sku in SKUS
    ]  # fmt: skip
    session.add_all([meeting, *pools])
    session.flush()
    entries = [_award(session, call, meeting, pools[owner % len(SKUS)], owner) for owner in range(OWNERS)]
    post_many(session, entries, actor=SYSTEM, at=AT)


def _award(session: Session, call: Call, meeting: Meeting, pool: Pool, owner: int) -> Entry:
    company = Company(identifier=business_number(owner), name=f"company-{owner}", region="경기도", created_at=AT)
    session.add(company)
    session.flush()
    application = Application(
        number=f"B-{owner}", call_id=call.id, company_id=company.id, state="approved", answers={}, created_at=AT,
        updated_at=AT,
    )  # fmt: skip
    session.add(application)
    session.flush()
    ballot = Ballot(
        meeting_id=meeting.id, application_id=application.id, proposed_krw=0, gpu_lines=[], conditions=[], hold_keys=[],
        state="closed", rule=BallotRule().as_document(), opened_by="bench", opened_at=AT, closed_at=AT,
    )  # fmt: skip
    session.add(ballot)
    session.flush()
    decision = Decision(
        ballot_id=ballot.id, application_id=application.id, outcome="carried", approved_krw=0, gpu_lines=[], tally={},
        closed_by="bench", decided_at=AT,
    )  # fmt: skip
    session.add(decision)
    session.flush()
    award = Award(
        number=f"AW-2026-{owner:04d}", decision_id=decision.id, application_id=application.id, company_id=company.id,
        instrument="none", committed_krw=0, signed_on=FIRST, signed_by="bench", created_at=AT,
    )  # fmt: skip
    session.add(award)
    session.flush()
    account = f"grant:{award.number}:{pool.sku}:{REGION}:2026Q3"
    session.add(
        Grant(
            award_id=award.id, pool_id=pool.id, sku=pool.sku, region=REGION, quarter="2026Q3", hours_e4=GRANT_E4,
            account=account, usable_until=date(2026, 9, 30), expires_on=date(2026, 10, 14),
        )
    )  # fmt: skip
    hours = Quantity(GRANT_E4, gpu_commodity(pool.sku.upper()))
    legs = []
    for one in (hours, imputed_value(hours, pool.rate_krw)):
        open_account(session, "investor:microsoft", one.commodity, on=FIRST, floor=None)
        open_account(session, account, one.commodity, on=FIRST)
        legs.append(Leg("investor:microsoft", account, one))
    return Entry(f"bench:{account}", "award", tuple(legs), FIRST)


def used_columns(path: Path) -> list[str]:
    """Return the columns of a file that an import reads."""
    with path.open(encoding="utf-8") as file:
        titles = file.readline().strip().split(",")
    return [title for title in titles if title in COLUMNS]


def readers(path: Path) -> Mapping[str, Callable[[], float]]:
    """Return the readers, each of which does nothing but read the columns that an import uses."""
    columns = used_columns(path)
    chosen = ", ".join(f'"{name}"' for name in columns)

    def arrow() -> object:
        return arrow_csv.read_csv(path, convert_options=arrow_csv.ConvertOptions(include_columns=columns))

    def duck() -> object:
        return duckdb.sql(f"SELECT {chosen} FROM read_csv('{path}')").to_arrow_table()

    return {
        "polars reads": lambda: clock(lambda: pl.read_csv(path, columns=columns)),
        "pyarrow reads": lambda: clock(arrow),
        "duckdb reads": lambda: clock(duck),
    }


def importing(store: Store, path: Path, count: int, repetitions: int) -> Case:
    """Import an export into a fund of 300 awards, to posted drawdowns."""
    keep_awarded(store)

    def work(database: Database) -> None:
        result = import_usage(database, path, actor=SYSTEM, at=LATER)
        assert (result.rows, result.rejected, result.suspense_rows) == (count, [], 0), result
        assert result.posted > 0, result

    def run() -> float:
        with copied(store, "awarded") as database:
            return clock(lambda: work(database))

    return Case(
        what="import a large export",
        store=store.name,
        n=count,
        unit="s",
        run=run,
        floors=readers(path),
        repetitions=repetitions,
    )


_ALONE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.portfolio.usage import import_usage
result = import_usage(Database(sys.argv[1]), Path(sys.argv[2]), actor=SYSTEM, at=datetime(2026, 10, 5, 3, tzinfo=UTC))
assert result.posted > 0, result
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def peak_memory(store: Store, path: Path, count: int) -> Iterator[Result]:
    """Import in a process of its own and report its peak resident memory beside the bound of 1 GiB, in MiB."""
    keep_awarded(store)
    with copied(store, "awarded") as database:
        url = database.url.render_as_string(hide_password=False)
        done = subprocess.run(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-c", _ALONE, url, str(path)], check=True, capture_output=True, text=True
        )
    peak = int(done.stdout) / 1024
    yield Result(
        "peak memory of that import",
        store.name,
        count,
        peak,
        "MiB",
        "1 GiB",
        1024.0,
        peak / 1024,
        0.0,
        (peak,),
        (1024.0,),
    )


def main() -> None:
    """Measure alone: `python bench/usage_cases.py [rows] [file]`."""
    from stores import SqliteStore  # noqa: PLC0415 - only here

    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else "/tmp/fund-usage-bench")  # noqa: S108 - asked for by hand
    folder.mkdir(exist_ok=True)
    path = folder / f"export-{count}.csv"
    if not path.exists():
        write_export(path, count)
    store = SqliteStore(folder)
    case = importing(store, path, count, 3)
    for _ in range(case.repetitions):
        print({"import": case.run(), **{name: run() for name, run in case.floors.items()}})
    print([(row.what, row.median, row.unit) for row in peak_memory(store, path, count)])


if __name__ == "__main__":
    main()
