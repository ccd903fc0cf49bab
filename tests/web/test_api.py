from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from portal_people import CALL, FIRST_NUMBER, SECOND_NUMBER, Portal
from sqlalchemy.orm import Session

from fundapp.allocation.actions import add_investor, add_pool, found_fund
from fundapp.committee.actions import declare_conflict, pledge_no_conflict
from fundapp.committee.tables import Assignment
from fundapp.core.access import SYSTEM
from fundapp.core.quantities import gpu_hours
from fundapp.identity.actions import deactivate_person, revoke_token
from fundapp.identity.queries import find_person_by_email, list_tokens
from fundapp.intake.queries import find_application_id
from fundapp.screening.actions import score_application

LISTS = ("/calls", "/applications", "/pools", "/awards", "/reports")
CANARY = "카나리아"


@pytest.fixture
def two(portal: Portal) -> tuple[Portal, str, str]:
    """Two companies with one submitted application each; returns their numbers, the second a canary's."""
    a, b = portal.person("a@example.com"), portal.person("b@example.com")
    portal.submitted(a, portal.company(a, FIRST_NUMBER, "온결비전"))
    portal.submitted(b, portal.company(b, SECOND_NUMBER, f"{CANARY}기업"), solution_title=f"{CANARY}솔루션")
    return portal, f"{CALL}-0001", f"{CALL}-0002"


def token_of(portal: Portal, email: str, *roles: str) -> str:
    return portal.token(portal.person(email, *roles))


def words(portal: Portal, token: str, path: str) -> str:
    """An answer's text as people would read it."""
    return json.dumps(portal.api(token, path).get_json(), ensure_ascii=False)


def described(portal: Portal) -> dict[str, Any]:
    document: dict[str, Any] = portal.app.test_client().get("/api/v1/openapi.json").get_json()
    return document


def assert_fits(value: object, schema: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """Hold a JSON value against the part of JSON Schema that the description uses."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    assert any(type(value) is kinds[name] for name in names), (value, schema)
    if isinstance(value, dict):
        assert set(schema.get("required", [])) <= set(value)
        if schema.get("additionalProperties") is False:
            assert set(value) <= set(schema["properties"])
        for key, part in schema.get("properties", {}).items():
            if key in value:
                assert_fits(value[key], part, document)
    if isinstance(value, list):
        for entry in value:
            assert_fits(entry, schema["items"], document)
    if isinstance(value, str):
        assert re.search(schema.get("pattern", ""), value)
        assert value in schema.get("enum", [value])


def stock(portal: Portal) -> None:
    """A fund with one pool."""
    at = datetime.now(UTC)

    def work(session: Session) -> None:
        found_fund(session, name_ko="시험", name_en="Test", legal_form="계약형", recognition="at_delivery",
                   started_on=date(2026, 1, 2), actor=SYSTEM, at=at)  # fmt: skip
        add_investor(session, code="microsoft", name_ko="엠", name_en="M", kind="in_kind", actor=SYSTEM, at=at)
        add_pool(session, investor="microsoft", sku="h100", region="koreacentral", quarter="2027Q1",
                 hours=gpu_hours("H100", "1000.5"), rate_krw=5200, actor=SYSTEM, at=at, key="pool")  # fmt: skip

    portal.db.transaction(work)


def test_every_route_is_described_and_every_description_has_a_route(portal: Portal) -> None:
    rules = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1"))
        for rule in portal.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
    }
    assert rules == set(described(portal)["paths"])


def test_the_description_is_openapi_3_1_and_open_to_everybody(portal: Portal) -> None:
    assert described(portal)["openapi"] == "3.1.0"


def test_answers_have_the_described_form(two: tuple[Portal, str, str]) -> None:
    portal, number, _ = two
    stock(portal)
    token = token_of(portal, "analyst@example.com", "analyst")
    document = described(portal)
    for path in (*LISTS, "/me", f"/applications/{number}"):
        answer = portal.api(token, path)
        assert answer.status_code == 200, path
        operation = document["paths"][path.replace(number, "{number}")]["get"]
        assert_fits(answer.get_json(), operation["responses"]["200"]["content"]["application/json"]["schema"], document)


@pytest.mark.parametrize("path", ["/me", *LISTS, "/applications/x", "/applications/x/scorecard"])
@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer fund_wrong", "Basic YTpi", "fund_wrong"])
def test_without_a_valid_token_nothing_is_answered(portal: Portal, path: str, header: str | None) -> None:
    answer = portal.app.test_client().get(f"/api/v1{path}", headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_signed_in_browser_without_a_token_gets_nothing(portal: Portal) -> None:
    portal.person("analyst@example.com", "analyst")
    assert portal.browser("analyst@example.com").get("/api/v1/applications").status_code == 401


def test_expired_and_revoked_tokens_and_closed_accounts_open_nothing(portal: Portal) -> None:
    person = portal.person("analyst@example.com", "analyst")
    expired = portal.token(person, datetime.now(UTC) - timedelta(days=91))
    assert portal.api(expired, "/me").status_code == 401
    revoked = portal.token(person)
    with portal.db.read() as session:
        newest = list_tokens(session, portal.viewer(person))[0].id
    at = datetime.now(UTC)
    portal.db.transaction(lambda session: revoke_token(session, actor=SYSTEM, at=at, token_id=newest))
    assert portal.api(revoked, "/me").status_code == 401
    last = portal.token(person)
    assert portal.api(last, "/me").status_code == 200
    portal.db.transaction(lambda session: deactivate_person(session, actor=SYSTEM, at=at, person_id=person))
    assert portal.api(last, "/me").status_code == 401


def test_answers_are_kept_in_no_cache(portal: Portal) -> None:
    token = token_of(portal, "analyst@example.com", "analyst")
    for answer in (portal.api(token, "/me"), portal.app.test_client().get("/api/v1/me")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_absent_and_unknown_addresses_answer_in_json(portal: Portal) -> None:
    token = token_of(portal, "analyst@example.com", "analyst")
    for path in ("/applications/none", "/nowhere"):
        answer = portal.api(token, path)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "not_found")


def test_too_many_requests_are_turned_away(portal: Portal) -> None:
    client = portal.app.test_client()
    statuses = [client.get("/api/v1/openapi.json").status_code for _ in range(301)]
    assert statuses == [200] * 300 + [429]


def test_applications_come_page_by_page_without_gap_or_repeat(portal: Portal) -> None:
    numbers = ["1018116293", "1108114562", "1208800767", "2148888888"]
    person = portal.person("a@example.com")
    usable = [FIRST_NUMBER, SECOND_NUMBER, *(n for n in numbers if _fits(n))]
    for place, number in enumerate(usable):
        portal.submitted(person, portal.company(person, number, f"기업 {place}"))
    token = token_of(portal, "analyst@example.com", "analyst")
    found, cursor = [], ""
    for _ in usable:
        body = portal.api(token, f"/applications?limit=1{cursor}").get_json()
        found += [item["number"] for item in body["items"]]
        cursor = f"&cursor={body['next_cursor']}"
    assert found == [f"{CALL}-{place:04d}" for place in range(1, len(usable) + 1)]
    assert body["next_cursor"] is None


def _fits(number: str) -> bool:
    digits = [int(digit) for digit in number]
    total = sum(d * w for d, w in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=False)) + digits[8] * 5 // 10
    return (10 - total % 10) % 10 == digits[9]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=%21", "cursor=", "state=nonsense"])
def test_parameters_that_cannot_be_used_are_refused(portal: Portal, query: str) -> None:
    token = token_of(portal, "analyst@example.com", "analyst")
    answer = portal.api(token, f"/applications?{query}")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (422, "invalid_input")


def test_lists_are_narrowed_by_call_and_state(two: tuple[Portal, str, str]) -> None:
    portal, _, _ = two
    token = token_of(portal, "analyst@example.com", "analyst")
    lengths = [
        len(portal.api(token, f"/applications?{query}").get_json()["items"])
        for query in (f"call={CALL}", "call=other", "state=submitted", "state=draft", "state=draft&state=submitted")
    ]
    assert lengths == [2, 0, 2, 0, 2]


def test_hours_are_exact_decimals_and_won_whole_numbers(portal: Portal) -> None:
    stock(portal)
    pool = portal.api(token_of(portal, "partner@example.com", "partner"), "/pools").get_json()["items"][0]
    assert (pool["hours"]["contributed"], pool["hours"]["free"], pool["rate_krw"]) == ("1000.5", "1000.5", 5200)


def test_partners_read_pools_and_reports_and_no_application(two: tuple[Portal, str, str]) -> None:
    portal, number, _ = two
    token = token_of(portal, "partner@example.com", "partner")
    assert (portal.api(token, "/pools").status_code, portal.api(token, "/reports").status_code) == (200, 200)
    assert portal.api(token, "/applications").get_json()["items"] == []
    assert portal.api(token, "/awards").get_json()["items"] == []
    assert portal.api(token, f"/applications/{number}").status_code == 404


def test_an_applicant_reads_the_own_application_and_nothing_of_the_fund(two: tuple[Portal, str, str]) -> None:
    portal, own, other = two
    with portal.db.read() as session:
        person = find_person_by_email(session, "a@example.com", datetime.now(UTC))
    assert person is not None
    token = portal.token(person.id)
    assert [item["number"] for item in portal.api(token, "/applications").get_json()["items"]] == [own]
    forbidden, absent = portal.api(token, f"/applications/{other}"), portal.api(token, "/applications/none")
    assert (forbidden.status_code, forbidden.data) == (404, absent.data)
    for path in ("/pools", "/reports", f"/applications/{own}/scorecard"):
        assert portal.api(token, path).status_code == 404, path
    for path in ("/calls", "/applications", "/awards", "/me", f"/applications/{own}"):
        assert CANARY not in words(portal, token, path), path


def test_drafts_and_unsent_changes_are_read_by_their_company_alone(portal: Portal) -> None:
    person = portal.person("a@example.com")
    key = portal.submitted(person, portal.company(person), solution_title="접수한 이름")
    draft = portal.person("b@example.com")
    portal.draft(draft, portal.company(draft, SECOND_NUMBER, "초안기업"))
    browser = portal.browser("a@example.com")
    section = f"/portal/applications/{key}/sections/solution"
    browser.post(section, {"a_solution_title": "아직 안 보낸 이름", "then": "later"})
    analyst = token_of(portal, "analyst@example.com", "analyst")
    assert portal.api(analyst, f"/applications/{CALL}-0001").get_json()["answers"]["solution_title"] == "접수한 이름"
    own = portal.api(portal.token(person), f"/applications/{CALL}-0001").get_json()["answers"]
    assert own["solution_title"] == "아직 안 보낸 이름"
    assert portal.api(analyst, f"/applications/{CALL}-0002").status_code == 404


def test_the_canary_of_these_tests_sings_for_those_who_may_hear_it(two: tuple[Portal, str, str]) -> None:
    portal, _, number = two
    token = token_of(portal, "analyst@example.com", "analyst")
    for path in ("/applications", f"/applications/{number}"):
        assert CANARY in words(portal, token, path)


def test_a_recused_member_reads_nothing_of_the_application(two: tuple[Portal, str, str]) -> None:
    portal, first, second = two
    member = portal.person("member@example.com", "committee")
    actor, at = portal.viewer(member), datetime.now(UTC)
    key = _key_of(portal, second)
    portal.db.transaction(
        lambda session: declare_conflict(
            session, application_id=key, person_id=member, route="self_recusal", reason="친족", actor=actor, at=at
        )
    )
    token = portal.token(member)
    assert [item["number"] for item in portal.api(token, "/applications").get_json()["items"]] == [first]
    for path in (f"/applications/{second}", f"/applications/{second}/scorecard"):
        assert portal.api(token, path).data == portal.api(token, "/applications/none").data
    for path in LISTS:
        assert CANARY not in words(portal, token, path), path


def test_a_member_reads_the_dossier_only_after_the_pledge(two: tuple[Portal, str, str]) -> None:
    portal, first, _ = two
    member = portal.person("member@example.com", "committee")
    token, actor, at, key = portal.token(member), portal.viewer(member), datetime.now(UTC), _key_of(portal, first)
    assert portal.api(token, f"/applications/{first}").status_code == 404
    portal.db.transaction(lambda session: pledge_no_conflict(session, application_id=key, actor=actor, at=at))
    assert portal.api(token, f"/applications/{first}").status_code == 200


def test_a_scorecard_stays_sealed_to_a_reviewer_who_has_not_filed_a_review(two: tuple[Portal, str, str]) -> None:
    portal, first, second = two
    member = portal.person("member@example.com", "committee")
    actor, at = portal.viewer(member), datetime.now(UTC)
    sealed, free = _key_of(portal, first), _key_of(portal, second)

    def work(session: Session) -> None:
        for key in (sealed, free):
            score_application(session, application_id=key, actor=SYSTEM, at=at)
            pledge_no_conflict(session, application_id=key, actor=actor, at=at)
        session.add(Assignment(application_id=sealed, person_id=member, assigned_by="test", at=at))

    portal.db.transaction(work)
    token = portal.token(member)
    assert portal.api(token, f"/applications/{first}/scorecard").status_code == 404
    assert portal.api(token, f"/applications/{second}/scorecard").status_code == 200
    analyst = token_of(portal, "analyst@example.com", "analyst")
    document = portal.api(analyst, f"/applications/{first}/scorecard").get_json()
    assert set(described(portal)["components"]["schemas"]["Scorecard"]["required"]) <= set(document)


def _key_of(portal: Portal, number: str) -> uuid.UUID:
    with portal.db.read() as session:
        key = find_application_id(session, SYSTEM, number)
    assert key is not None
    return key
