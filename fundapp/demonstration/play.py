"""The whole demonstration, act by act. Each act finds out what is there already and does the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from fundapp.core.quantities import HOUR
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.demonstration import delivery, opening, servicing, sitting
from fundapp.demonstration.cast import gather, password_of
from fundapp.demonstration.scenario import read_scenario
from fundapp.demonstration.stage import Stage
from fundapp.intake.queries import list_applications
from fundapp.portfolio.queries import list_awards, portfolio_totals
from fundapp.reporting.actions import BuiltReport, build_report, freeze_quarter


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of it, as the command's JSON object."""

    document: dict[str, Any]


def play(
    database: Database,
    *,
    examples: Path,
    home: Path,
    files_url: str,
    secret_key: str,
    locale: Literal["ko", "en"],
    seed: int | None,
    tell: Callable[[str], None],
) -> Summary:
    """Build the demonstration fund and carry its call to a quarterly report.

    Killed at any point and started again it ends in the same state: every act skips what has been done.

    Args:
        database: A migrated database.
        examples: Folder with `scenario.toml` and what it names.
        home: The instance's folder; the report goes to `reports/` in it.
        files_url: Where artefacts are kept.
        secret_key: The accounts' passwords are derived from it.
        locale: Language of the report, `ko` or `en`.
        seed: In place of the script's own.
        tell: Told what is going on.
    """
    scenario = read_scenario(examples, seed)
    stage = Stage(database, scenario, home, files_url, locale, tell)
    tell("people")
    gather(database, scenario, secret_key, stage.when("call_opens"))
    tell("fund, investors, pools")
    opening.found(stage)
    opening.open_calls(stage)
    tell("applications")
    imported = opening.take_in_applications(stage)
    tell("screening")
    opening.screen(stage)
    tell("conflicts and reviews")
    sitting.recuse(stage)
    sitting.review(stage)
    tell("allocation plan")
    meeting = sitting.plan_and_adopt(stage)
    tell("ballots")
    sitting.vote(stage, meeting)
    sitting.meet_conditions(stage)
    funded = [row.number for row in delivery.decisions(stage) if row.outcome == "carried"]
    opening.seat_applicant(stage, funded[0])
    opening.hand_in_proofs(stage, funded[0])
    tell("awards")
    delivery.sign(stage)
    delivery.charge_fee(stage)
    delivery.pay_first_tranches(stage)
    usage_rows = delivery.use(stage)
    delivery.value(stage)
    tell("running awards")
    servicing.serve(stage, funded[0])
    tell("quarterly report")
    built = _report(stage)
    return Summary(_document(stage, secret_key, built, read=imported.read, usage_rows=usage_rows))


def _report(stage: Stage) -> BuiltReport:
    at = stage.when("freeze")
    finance, quarter = stage.one("finance"), Quarter.parse(stage.scenario.quarter)
    stage.write(
        lambda s: freeze_quarter(
            s,
            quarter=quarter,
            actor=finance,
            at=at,
            accept_suspense=True,
            reason="선정되지 않은 기업의 사용분으로 배정이 없음. Microsoft에 사용 중지를 요청함",
        )
    )
    return build_report(
        stage.database,
        quarter,
        stage.home / "reports" / stage.scenario.quarter,
        locale=stage.locale,
        files_url=stage.files_url,
    )


def _document(stage: Stage, secret_key: str, built: BuiltReport, *, read: int, usage_rows: int) -> dict[str, Any]:
    finance, call = stage.one("finance"), stage.scenario.call
    with stage.database.read() as session:
        applications = list_applications(session, stage.one("analyst"), call)
        awards = list_awards(session, finance, call=call)
        totals = portfolio_totals(session, finance)
    decided = delivery.decisions(stage)
    return {
        "call": call,
        "read": read,
        "applications": len(applications),
        "scored": len(sitting.machine_scores(stage)),
        "decided": len(decided),
        "awards": len(awards),
        "committed_krw": totals.committed_krw,
        "disbursed_krw": totals.disbursed_krw,
        "gpu_hours_granted": _hours(sum(sku.granted_e4 for sku in totals.gpu)),
        "gpu_hours_used": _hours(sum(sku.used_e4 for sku in totals.gpu)),
        "usage_rows": usage_rows,
        "report": {
            "quarter": built.quarter,
            "version": built.version,
            "inputs_sha256": built.inputs_sha256,
            "pdf": str(built.files["pdf"]),
            "xlsx": str(built.files["xlsx"]),
            "json": str(built.files["json"]),
        },
        "accounts": [
            {"email": person.email, "role": person.role, "password": password_of(secret_key, person.email)}
            for person in stage.scenario.people
        ],
    }


def _hours(hours_e4: int) -> str:
    return f"{Decimal(hours_e4) / HOUR:,.0f}"
