"""Commands about GPU pools, allocation plans and usage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fundapp.allocation.actions import PlanSummary, add_pool, adopt_plan, plan_call
from fundapp.allocation.queries import list_pools
from fundapp.cli.console import OK, PARTLY_REFUSED, Answer, Console, command, say
from fundapp.cli.metering import source, utilisation
from fundapp.committee.actions import schedule_meeting
from fundapp.core.access import SYSTEM
from fundapp.core.quantities import gpu_hours
from fundapp.core.quarters import Quarter, kst_date
from fundapp.portfolio.standing import earlier_awards
from fundapp.portfolio.usage import import_usage

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@command(
    "add",
    click.option("--sku", required=True),
    click.option("--region", required=True),
    click.option("--quarter", required=True, help="for example 2026Q1"),
    click.option("--hours", required=True, help="GPU-hours, at most four decimals"),
    click.option("--rate-krw", type=click.IntRange(min=1), help="won an hour; default the rate card's"),
    click.option("--investor", default="microsoft", show_default=True),
    click.option("--key", help="Name of this contribution; the same name again adds nothing."),
)
def add(
    console: Console,
    *,
    sku: str,
    region: str,
    quarter: str,
    hours: str,
    rate_krw: int | None,
    investor: str,
    key: str | None,
) -> Answer:
    """Add contributed GPU time to a pool; repeat for more."""
    try:
        period, amount = Quarter.parse(quarter), gpu_hours(sku.upper(), hours)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    database, at = console.database, console.now()
    rate = rate_krw or _known_rate(console, sku.upper(), str(period))
    added = database.transaction(
        lambda s: add_pool(
            s,
            investor=investor,
            sku=sku.upper(),
            region=region,
            quarter=str(period),
            hours=amount,
            rate_krw=rate,
            actor=SYSTEM,
            at=at,
            key=f"pool:{key or at.isoformat()}",
        )
    )
    return Answer(
        {"pool": added.account, "hours": str(added.hours)}, [f"{added.account}: {added.hours} GPU-hours contributed"]
    )


def _known_rate(console: Console, sku: str, quarter: str) -> int:
    """Return the rate of the SKU's newest pool up to the quarter.

    Raises:
        click.UsageError: if there is none yet.
    """
    with console.database.read() as session:
        known = [pool for pool in list_pools(session, SYSTEM) if pool.sku == sku.lower() and pool.quarter <= quarter]
    if not known:
        raise click.UsageError(f"no rate is known for {sku}: give --rate-krw")
    return max(known, key=lambda pool: pool.quarter).rate_krw


@click.group("pool")
def pool() -> None:
    """GPU time contributed."""


pool.add_command(add)


@command(
    "plan",
    click.option("--call", "call_code", required=True),
    click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan as JSON."),
    click.option("--adopt", is_flag=True, help="Turn it into ballots and holds at a meeting held today."),
)
def plan(console: Console, *, call_code: str, out: Path | None, adopt: bool) -> Answer:
    """Find the best use of free cash and GPU-hours for a call, beside two greedy baselines."""
    database, at = console.database, console.now()
    made = plan_call(database, call_code=call_code, actor=SYSTEM, at=at, standing=earlier_awards)
    document = _plan_document(made)
    if adopt:
        document["ballots"] = _adopt(console, made)
    if out is not None:
        out.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    cash = sum(award.krw for award in made.awards)
    return Answer(document, [f"{len(made.awards)} companies, {cash:,} won, gap {made.gap:.1e}"])


def _plan_document(made: PlanSummary) -> dict[str, Any]:
    return {
        "objective": made.objective,
        "bound": made.bound,
        "gap": made.gap,
        "seconds": round(made.seconds, 3),
        "instance_sha256": made.instance_sha256,
        "awards": [
            {
                "application": award.code,
                "krw": award.krw,
                "gpu_hours": {sku: dict(by_quarter) for sku, by_quarter in award.gpu_hours.items()},
            }
            for award in made.awards
        ],
        "prices": dict(made.prices),
        "baseline": dict(made.baseline),
        "unscored": list(made.unscored),
    }


def _adopt(console: Console, made: PlanSummary) -> int:
    """Put the plan to a meeting today; return how many ballots that opened."""
    at = console.now()
    meeting = console.database.transaction(
        lambda s: schedule_meeting(
            s,
            call_code=made.call_code,
            title=f"{made.call_code} {kst_date(at):%Y-%m-%d}",
            held_on=kst_date(at),
            actor=SYSTEM,
            at=at,
        )
    )
    adopted = console.database.transaction(
        lambda s: adopt_plan(s, plan_id=made.plan_id, meeting_id=meeting, actor=SYSTEM, at=at, standing=earlier_awards)
    )
    return len(adopted.ballots)


@command(
    "import",
    click.argument("file", type=click.Path(exists=True, path_type=Path)),
    click.option("--mapping", type=_FILE, help="TOML file that maps columns and companies."),
    click.option("--dry-run", is_flag=True, help="Say what would be posted and post nothing."),
    click.option("--take-over", is_flag=True, help="Let this export's scope replace the one that stated its bills."),
)
def import_(console: Console, *, file: Path, mapping: Path | None, dry_run: bool, take_over: bool) -> Answer:
    """Import GPU usage from a FOCUS 1.0 to 1.3 export (file or folder) or a list of hours; only differences post."""
    result = import_usage(
        console.database,
        file,
        mapping=mapping,
        actor=SYSTEM,
        at=console.now(),
        dry_run=dry_run,
        take_over=take_over,
    )
    rejected = [
        {
            "row": row.row,
            "field": row.field,
            "code": row.code,
            "message": row.message_en if console.locale == "en" else row.message_ko,
        }
        for row in result.rejected
    ]
    for row in rejected:
        say(f"row {row['row']}, {row['field']}: {row['message']}")
    document = {
        "rows": result.rows,
        "usage_rows": result.usage_rows,
        "posted": result.posted,
        "unchanged": result.unchanged,
        "suspense_rows": result.suspense_rows,
        "gpu_hours": dict(result.gpu_hours),
        "rejected": rejected,
        "missing_scopes": list(result.missing_scopes),
        "held_back": list(result.held_back),
    }
    line = (
        f"{result.rows} rows: {result.posted} posted, {result.unchanged} unchanged, {result.suspense_rows} in suspense"
    )
    return Answer(document, [line], PARTLY_REFUSED if rejected else OK)


@click.group("usage")
def usage() -> None:
    """GPU usage."""


usage.add_command(import_)
usage.add_command(utilisation)
usage.add_command(source)
COMMANDS = [pool, plan, usage]
