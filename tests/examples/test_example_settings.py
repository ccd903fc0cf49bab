"""Calls, form, mappings and scenario agree with one another and with the application file."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from example_files import Rows, read_rows

Toml = Callable[[str], dict[str, Any]]
CALLS = ("calls/2026-1.toml", "calls/rolling.toml")


def question_keys(form: dict[str, Any]) -> list[str]:
    return [question["key"] for section in form["sections"] for question in section["questions"]]


def test_the_form_asks_for_every_column_of_the_application_file(toml: Toml, applications: Rows) -> None:
    questions = {q["label_ko"]: q["key"] for s in toml("calls/form.toml")["sections"] for q in s["questions"]}
    revenue = {f"매출액_y{year}": f"revenue_krw_y{year}" for year in (1, 2, 3)}
    columns = {
        "gpu" if column.startswith(("gpu_h", "gpu_a")) else
        revenue.get(column, questions.get(column, column))
        for column in applications[0]
    }  # fmt: skip
    assert columns <= set(questions.values())


def test_no_question_is_asked_twice(toml: Toml) -> None:
    keys = question_keys(toml("calls/form.toml"))
    assert len(keys) == len(set(keys)) == 52


@pytest.mark.parametrize("call", CALLS)
def test_a_call_offers_a_pool_for_every_sku_and_quarter(call: str, toml: Toml) -> None:
    settings = toml(call)
    pools = [(pool["sku"], pool["quarter"]) for pool in settings["pools"]]
    assert pools == [(sku, quarter) for sku in settings["skus"] for quarter in settings["quarters"]]


@pytest.mark.parametrize("call", CALLS)
def test_a_call_opens_before_it_closes_and_both_say_korean_time(call: str, toml: Toml) -> None:
    settings = toml(call)
    assert datetime.fromisoformat(settings["opens"]) < datetime.fromisoformat(settings["closes"])
    assert settings["opens"][-6:] == settings["closes"][-6:] == "+09:00"


def test_every_amount_asked_for_is_on_offer(toml: Toml, applications: Rows) -> None:
    offered = {str(amount) for amount in toml("calls/2026-1.toml")["allowed_tickets_krw"]}
    assert {row["신청금액"] for row in applications} - offered == {"5억쯤"}


def test_a_mapping_fills_only_columns_that_the_form_knows(toml: Toml, examples: Path) -> None:
    known = set(question_keys(toml("calls/form.toml"))) | {"gpu_h100_2026Q3", "gpu_h100_2026Q4"}
    for path in sorted((examples / "mappings").glob("*.toml")):
        mapping = toml(f"mappings/{path.name}")
        named = set(mapping["columns"]) | set(mapping["constants"]) | set(mapping["values"])
        assert named | set(mapping["relax"]["required"]) <= known, path.name


def test_the_listing_mapping_names_headers_that_the_listing_has(toml: Toml, research: Path) -> None:
    headers = set(read_rows(research / "scoring/krx_products_2021.csv")[0])
    mapping = toml("mappings/krx.toml")
    assert set(mapping["columns"].values()) | {mapping["identity"]["column"]} <= headers


def test_the_listing_mapping_brings_every_region_to_one_of_the_form_or_to_none(toml: Toml, research: Path) -> None:
    replaced = toml("mappings/krx.toml")["values"]["region"]
    regions = {row["Region"] for row in read_rows(research / "scoring/krx_products_2021.csv")}
    assert {replaced.get(region, region) for region in regions} - set(toml("calls/form.toml")["regions"]) == {""}


def test_the_scenario_fills_every_role(toml: Toml) -> None:
    roles = [person["role"] for person in toml("scenario.toml")["people"]]
    counts = {role: roles.count(role) for role in roles}
    assert counts == {
        "applicant": 1, "analyst": 2, "chair": 1, "committee": 7,
        "finance": 1, "partner": 2, "auditor": 1, "admin": 1,
    }  # fmt: skip


def test_the_scenario_runs_forward(toml: Toml) -> None:
    dates = [datetime.fromisoformat(value) for value in toml("scenario.toml")["dates"].values()]
    assert dates == sorted(set(dates))


def test_every_conflict_is_between_a_member_and_an_applicant(toml: Toml, applications: Rows) -> None:
    scenario = toml("scenario.toml")
    members = {person["email"] for person in scenario["people"] if person["role"] in {"committee", "chair"}}
    companies = {row["회사명"] for row in applications}
    assert {conflict["member"] for conflict in scenario["conflicts"]} <= members
    assert {conflict["company"] for conflict in scenario["conflicts"]} <= companies
    assert {conflict["kind"] for conflict in scenario["conflicts"]} == {"제척", "기피", "회피"}


def test_conditions_and_the_secretary_name_people_of_the_scenario(toml: Toml) -> None:
    scenario = toml("scenario.toml")
    people = {person["email"] for person in scenario["people"]}
    assert {condition["owner"] for condition in scenario["conditions"]} <= people
    assert scenario["meeting"]["secretary"] in people


def test_every_usage_file_of_the_scenario_exists(toml: Toml, examples: Path) -> None:
    scenario = toml("scenario.toml")
    assert all((examples / name).is_file() for name in [scenario["applications"], *scenario["usage"]])
