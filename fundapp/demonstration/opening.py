"""Act one: the fund is founded, calls open, applications arrive and are screened."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy.orm import Session

from fundapp.allocation.actions import add_investor, add_pool, commit_cash, commit_in_kind, found_fund
from fundapp.allocation.queries import find_fund
from fundapp.core.access import SYSTEM
from fundapp.core.errors import NotFoundError
from fundapp.core.quantities import Quantity, gpu_hours, won
from fundapp.core.quarters import KST
from fundapp.demonstration.scenario import as_date
from fundapp.demonstration.stage import Stage
from fundapp.intake.actions import attach_document, join_company, keep_document, open_call
from fundapp.intake.call_file import read_call_file
from fundapp.intake.document_queries import list_documents
from fundapp.intake.documents.receiving import Received, receive
from fundapp.intake.importing import ImportResult, import_applications
from fundapp.intake.queries import list_applications, list_my_applications
from fundapp.screening.actions import ScreenResult, judge_knockout, screen_call
from fundapp.screening.queries import find_scorecard

_CALLS = ("2026-1.toml", "rolling.toml")


def found(stage: Stage) -> None:
    """Found the fund, take in both investors, promise the cash and contribute the GPU time."""
    script = stage.scenario.document["fund"]
    started = as_date(script["starts_on"])
    at = datetime.combine(started, time(9), KST)
    with stage.database.read() as session:
        founded = find_fund(session) is not None
    if not founded:
        stage.write(
            lambda s: found_fund(
                s,
                name_ko=script["name_ko"],
                name_en=script["name_en"],
                legal_form=script["legal_form_ko"],
                started_on=started,
                actor=SYSTEM,
                at=at,
            )
        )
    for promise in script["commitments"]:
        _take_in(stage, promise, at)
    document = read_call_file(stage.scenario.folder / "calls" / _CALLS[0]).document
    for line in document["pools"]:
        _contribute(stage, line, at)


def _take_in(stage: Stage, promise: dict[str, Any], at: datetime) -> None:
    code = promise["investor"]
    stage.write(
        lambda s: add_investor(
            s,
            code=code,
            name_ko=promise["name_ko"],
            name_en=promise["name_en"],
            kind=promise["form"],
            actor=SYSTEM,
            at=at,
        )
    )
    terms: dict[str, Any] = {
        "investor": code,
        "effective_on": as_date(promise["signed_on"]),
        "key": code,
        "actor": SYSTEM,
        "at": at,
    }
    if promise["form"] == "cash":
        stage.write(lambda s: commit_cash(s, amount=won(promise["amount_krw"]), **terms))
    else:
        value = Quantity.parse(promise["amount_krw"], "KRW-IMPUTED")
        stage.write(lambda s: commit_in_kind(s, value=value, **terms))


def _contribute(stage: Stage, line: dict[str, Any], at: datetime) -> None:
    name = ":".join((line["contributor"], line["sku"], line["region"], line["quarter"]))
    stage.write(
        lambda s: add_pool(
            s,
            investor=line["contributor"],
            sku=line["sku"],
            region=line["region"],
            quarter=line["quarter"],
            hours=gpu_hours(line["sku"], line["hours"]),
            rate_krw=line["rate_krw"],
            actor=SYSTEM,
            at=at,
            key=name,
        )
    )


def open_calls(stage: Stage) -> None:
    """Open the first call and the rolling call that applicants can try today."""
    for name in _CALLS:
        file = read_call_file(stage.scenario.folder / "calls" / name)
        stage.write(
            lambda s, file=file: open_call(  # type: ignore[misc]
                s, actor=SYSTEM, at=stage.when("call_opens"), document=file.document, text=file.text
            )
        )


def take_in_applications(stage: Stage) -> ImportResult:
    """Import the application file; the same file again changes nothing."""
    return import_applications(
        stage.database,
        stage.scenario.folder / stage.scenario.document["applications"],
        call_code=stage.scenario.call,
        actor=stage.one("analyst"),
        at=stage.when("import"),
    )


def screen(stage: Stage) -> ScreenResult:
    """Score every submission; an analyst then decides about each one that a knock-out stopped."""
    analyst, at = stage.one("analyst"), stage.when("screening")
    result = screen_call(stage.database, stage.scenario.call, actor=analyst, at=at)
    with stage.database.read() as session:
        held = list_applications(session, analyst, stage.scenario.call, states=["on_hold"])
        cards = {row.id: find_scorecard(session, analyst, row.id) for row in held}
    for row in held:
        card = cards[row.id]
        if card is None:
            raise NotFoundError(application=row.number)
        failed = [item["key"] for item in card.document["knockouts"] if item["outcome"] == "fail"]
        outcome = "ineligible" if failed else "released"
        reason = (
            f"필수 요건을 갖추지 못함: {', '.join(failed)}"
            if failed
            else "서류로 확인함. 모른다고 답한 요건에 문제 없음"
        )
        stage.write(
            lambda s, row=row, outcome=outcome, reason=reason: judge_knockout(  # type: ignore[misc]
                s, application_id=row.id, outcome=outcome, reason=reason, actor=analyst, at=at
            )
        )
    return result


def seat_applicant(stage: Stage, number: str) -> None:
    """Let the applicant account act for the company behind an application."""
    applicant = stage.one("applicant")
    with stage.database.read() as session:
        rows = list_applications(session, stage.one("analyst"), stage.scenario.call)
    company = next(row.company_id for row in rows if row.number == number)
    if applicant.person_id is not None and company not in applicant.company_ids:
        person = applicant.person_id
        stage.write(
            lambda s: join_company(
                s, actor=SYSTEM, at=stage.when("import"), company_id=company, person_id=person, role="owner"
            )
        )
        stage.forget_viewers()


def hand_in_proofs(stage: Stage, number: str) -> None:
    """Let the applicant hand in the proof that is asked for once review has begun; what is there is left alone."""
    applicant, at = stage.one("applicant"), stage.when("reviews_close")
    with stage.database.read() as session:
        row = next(one for one in list_my_applications(session, applicant) if one.number == number)
        there = {one.requirement.key for one in list_documents(session, applicant, row.id) if one.documents}
    for proof in stage.scenario.document["proofs"]:
        if proof["kind"] in there or row.state == "awarded":
            continue
        path = stage.scenario.folder / proof["file"]
        received = receive(stage.files_url, path.read_bytes(), None)

        def work(session: Session, proof: dict[str, Any] = proof, received: Received = received) -> None:
            document = keep_document(
                session,
                actor=applicant,
                at=at,
                company_id=row.company_id,
                kind=proof["kind"],
                name=f"{proof['kind']}.pdf",
                received=received,
                issued_on=as_date(proof["issued_on"]),
            )
            attach_document(
                session, actor=applicant, at=at, application_id=row.id, requirement=proof["kind"], document_id=document
            )

        stage.write(work)
