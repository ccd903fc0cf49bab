"""The OpenAPI 3.1 description of the API, written by hand; a test holds it against routes and answers."""

from __future__ import annotations

from typing import Any

from fundapp.core.access import Role
from fundapp.intake.rules import STATES

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_WON: Schema = {"type": "integer", "description": "Whole won"}
_HOURS: Schema = {"type": "string", "pattern": r"^-?\d+(\.\d{1,4})?$", "description": "GPU-hours, an exact decimal"}
_INSTANT: Schema = {"type": "string", "format": "date-time", "description": "UTC"}
_DAY: Schema = {"type": "string", "format": "date"}
_QUARTER: Schema = {"type": "string", "pattern": r"^\d{4}Q[1-4]$"}
_SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_STATE: Schema = {
    "type": "string",
    "pattern": "^[a-z][a-z_]{1,18}[a-z]$",
    "examples": list(STATES),
    "description": "A stage of the call: " + ", ".join(STATES) + ", or one that the call has added",
}
_OPTIONAL_TEXT: Schema = {"type": ["string", "null"]}


def _record(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list_of(name: str, **more: Schema) -> Schema:
    return _record(items={"type": "array", "items": _refer(name)}, **more)


def _refer(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_APPLICATION = {
    "number": _TEXT,
    "call": _TEXT,
    "company_name": _TEXT,
    "business_number": _OPTIONAL_TEXT,
    "state": _STATE,
    "created_at": _INSTANT,
    "updated_at": _INSTANT,
}

_SCHEMAS: dict[str, Schema] = {
    "Error": _record(
        error={
            "type": "object",
            "properties": {"code": _TEXT, "message": _TEXT, "incident": _TEXT},
            "required": ["code", "message"],
        }
    ),
    "Me": _record(
        name=_TEXT,
        email=_TEXT,
        roles={"type": "array", "items": {"type": "string", "enum": [str(role) for role in Role]}},
        investor=_OPTIONAL_TEXT,
    ),
    "Call": _record(
        code=_TEXT,
        title_ko=_TEXT,
        title_en=_TEXT,
        opens_at=_INSTANT,
        closes_at=_INSTANT,
        phase={"type": "string", "enum": ["upcoming", "open", "closed"]},
    ),
    "ListedApplication": _record(**_APPLICATION),
    "Application": _record(
        **_APPLICATION,
        answers={"type": "object", "description": "By the question's key in the call's form"},
        submissions={
            "type": "array",
            "items": _record(version=_WHOLE, sha256=_SHA256, submitted_at=_INSTANT),
        },
    ),
    "Scorecard": {
        "type": "object",
        "description": "As `fund score show` prints it",
        "required": ["total", "knockouts", "criteria", "coverage", "rubric", "inputs_sha256"],
    },
    "Pool": _record(
        investor=_TEXT,
        sku=_TEXT,
        region=_TEXT,
        quarter=_QUARTER,
        rate_krw=_WON,
        hours=_record(contributed=_HOURS, held=_HOURS, granted=_HOURS, used=_HOURS, expired=_HOURS, free=_HOURS),
    ),
    "Award": _record(
        number=_TEXT,
        application=_TEXT,
        call=_TEXT,
        company_name=_TEXT,
        instrument=_TEXT,
        signed_on=_DAY,
        committed_krw=_WON,
        disbursed_krw=_WON,
        gpu={
            "type": "array",
            "items": _record(
                sku=_TEXT, granted=_HOURS, used=_HOURS, expired=_HOURS, remaining=_HOURS, overage=_HOURS
            ),
        },
    ),
    "Report": _record(
        quarter=_QUARTER, version=_WHOLE, status=_TEXT, newest={"type": "boolean"}, frozen_at=_INSTANT,
        inputs_sha256=_SHA256,
    ),
    "Calls": _list_of("Call"),
    "Applications": _list_of("ListedApplication", next_cursor=_OPTIONAL_TEXT),
    "Pools": _list_of("Pool"),
    "Awards": _list_of("Award"),
    "Reports": _list_of("Report"),
}  # fmt: skip

_NUMBER = {"name": "number", "in": "path", "required": True, "schema": _TEXT}
_CALL = {"name": "call", "in": "query", "schema": _TEXT, "description": "Only of this call"}


def _answer(description: str, schema: str) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": _refer(schema)}}}


def _get(name: str, summary: str, schema: str, *parameters: Schema, absent: bool = False) -> Schema:
    refused = {"401": _answer("No valid token", "Error"), "429": _answer("Too many requests", "Error")}
    if absent:
        refused["404"] = _answer("Absent, or not for this token: the two look the same", "Error")
    if any(parameter["in"] == "query" for parameter in parameters):
        refused["422"] = _answer("A parameter cannot be used", "Error")
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "parameters": list(parameters),
            "responses": {"200": _answer(summary, schema), **refused},
        }
    }


def describe() -> Schema:
    """Return the whole document."""
    cursor = {"name": "cursor", "in": "query", "schema": _TEXT, "description": "`next_cursor` of the page before"}
    limit = {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    }
    states = {"name": "state", "in": "query", "schema": {"type": "array", "items": _STATE}, "explode": True}
    quarter = {"name": "quarter", "in": "query", "schema": _QUARTER}
    own_description: Schema = {
        "get": {
            "operationId": "openapi",
            "summary": "This description",
            "security": [],
            "responses": {
                "200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}
            },
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AX fund API",
            "version": "1",
            "description": "Reading only. A token sees exactly what its holder sees on the pages.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": {
            "/openapi.json": own_description,
            "/me": _get("me", "Who the token speaks for", "Me"),
            "/calls": _get("calls", "All calls", "Calls"),
            "/applications": _get(
                "applications", "Applications by number", "Applications", _CALL, states, cursor, limit
            ),
            "/applications/{number}": _get("application", "One application", "Application", _NUMBER, absent=True),
            "/applications/{number}/scorecard": _get(
                "scorecard", "The machine's scorecard, once unsealed", "Scorecard", _NUMBER, absent=True
            ),
            "/pools": _get("pools", "GPU pools", "Pools", quarter, absent=True),
            "/awards": _get("awards", "Awards", "Awards", _CALL),
            "/reports": _get("reports", "Frozen quarters", "Reports", absent=True),
        },
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
