"""How the record names people, and how answers are hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from fundapp.core.access import Viewer
from fundapp.core.errors import InvalidInputError
from fundapp.core.orm import canonical_json


def actor_name(actor: Viewer) -> str:
    """Return how the record names somebody."""
    return actor.name or actor.email or "anonymous"


def answers_sha256(answers: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of answers."""
    return hashlib.sha256(canonical_json(answers).encode()).hexdigest()


def company_columns(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what canonical answers say about the company itself, by column; None where they say nothing."""
    founded = answers.get("founded_on")
    return {
        "name": answers.get("company_name"),
        "corporate_number": answers.get("corporate_number"),
        "founded_on": date.fromisoformat(founded) if founded else None,
        "ksic": answers.get("ksic"),
        "region": answers.get("region"),
    }


def refuse(field: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    """Make the error about one field of a form or file."""
    return InvalidInputError(field=field, reason_ko=reason_ko, reason_en=reason_en)
