"""Rows as JSON: instants in UTC, won as whole numbers, GPU-hours as decimal text, never a float."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fundapp.allocation.queries import PoolRow
from fundapp.core.access import Viewer
from fundapp.core.errors import InvalidInputError
from fundapp.core.quantities import HOUR_SCALE
from fundapp.intake.queries import ApplicationView, CallRow
from fundapp.portfolio.queries import AwardRow
from fundapp.reporting.queries import ReportRow
from fundapp.web.api.queries import ListedApplication

Document = dict[str, Any]


def instant(at: datetime) -> str:
    """Write an instant in UTC, RFC 3339."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def hours(value_e4: int) -> str:
    """Write GPU-hours exactly, given in ten-thousandths."""
    text = f"{Decimal(value_e4).scaleb(-HOUR_SCALE):f}"
    return text.rstrip("0").rstrip(".")


def write_cursor(number: str) -> str:
    """Return where a list goes on, in a form that nobody should read anything into."""
    return base64.urlsafe_b64encode(number.encode()).decode().rstrip("=")


def read_cursor(text: str) -> str:
    """Return what `write_cursor` was given.

    Raises:
        InvalidInputError: if it did not write this.
    """
    try:
        number = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
    except (ValueError, binascii.Error):
        number = ""
    if not number or write_cursor(number) != text:
        raise InvalidInputError(field="cursor", reason_ko="알 수 없는 값입니다", reason_en="is not one of ours")
    return number


def me(viewer: Viewer) -> Document:
    """Describe the token's holder."""
    return {
        "name": viewer.name,
        "email": viewer.email,
        "roles": sorted(str(role) for role in viewer.roles),
        "investor": viewer.investor,
    }


def call(row: CallRow) -> Document:
    """Describe a call."""
    return {
        "code": row.code,
        "title_ko": row.title_ko,
        "title_en": row.title_en,
        "opens_at": instant(row.opens_at),
        "closes_at": instant(row.closes_at),
        "phase": row.phase,
    }


def listed_application(row: ListedApplication) -> Document:
    """Describe an application in a list."""
    return {
        "number": row.number,
        "call": row.call,
        "company_name": row.company_name,
        "business_number": row.business_number,
        "state": row.state,
        "created_at": instant(row.created_at),
        "updated_at": instant(row.updated_at),
    }


def application(view: ApplicationView, answers: Mapping[str, Any]) -> Document:
    """Describe an application in full, with the answers that the reader may see."""
    return {
        "number": view.number,
        "call": view.call_code,
        "company_name": view.company_name,
        "business_number": view.identifier if view.scheme == "brn" else None,
        "state": view.state,
        "created_at": instant(view.created_at),
        "updated_at": instant(view.updated_at),
        "answers": dict(answers),
        "submissions": [
            {"version": one.version, "sha256": one.sha256, "submitted_at": instant(one.submitted_at)}
            for one in view.submissions
        ],
    }


def pool(row: PoolRow) -> Document:
    """Describe a GPU pool."""
    return {
        "investor": row.investor,
        "sku": row.sku,
        "region": row.region,
        "quarter": row.quarter,
        "rate_krw": row.rate_krw,
        "hours": {
            "contributed": hours(row.contributed),
            "held": hours(row.held),
            "granted": hours(row.granted),
            "used": hours(row.used),
            "expired": hours(row.expired),
            "free": hours(row.free),
        },
    }


def award(row: AwardRow) -> Document:
    """Describe an award."""
    return {
        "number": row.number,
        "application": row.application_number,
        "call": row.call,
        "company_name": row.company_name,
        "instrument": row.instrument,
        "signed_on": row.signed_on.isoformat(),
        "committed_krw": row.committed_krw,
        "disbursed_krw": row.disbursed_krw,
        "gpu": [
            {
                "sku": one.sku,
                "granted": hours(one.granted_e4),
                "used": hours(one.used_e4),
                "expired": hours(one.expired_e4),
                "remaining": hours(one.remaining_e4),
                "overage": hours(one.overage_e4),
            }
            for one in row.gpu
        ],
    }


def report(row: ReportRow) -> Document:
    """Describe one frozen version of a quarter."""
    return {
        "quarter": row.quarter,
        "version": row.version,
        "status": row.status,
        "newest": row.newest,
        "frozen_at": instant(row.frozen_at),
        "inputs_sha256": row.inputs_sha256,
    }
