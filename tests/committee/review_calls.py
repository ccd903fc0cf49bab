"""A call opened through its own action, with terms of review."""

from __future__ import annotations

from typing import Any

from committee_factory import AT, CALL, do

from fundapp.committee import actions
from fundapp.committee.queries import phase_page
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database

BLIND = {"key": "blind", "title_ko": "블라인드", "title_en": "Blind", "names": "masked"}
NAMED = {"key": "named", "title_ko": "공개", "title_en": "Named"}
SECTIONS = [
    {
        "key": "company",
        "title_ko": "기업",
        "title_en": "Company",
        "questions": [
            {"key": "company_name", "kind": "text", "label_ko": "회사명", "label_en": "Company"},
            {"key": "contact_email", "kind": "email", "label_ko": "이메일", "label_en": "E-mail"},
        ],
    },
    {
        "key": "solution",
        "title_ko": "솔루션",
        "title_en": "Solution",
        "questions": [
            {"key": "solution_title", "kind": "text", "label_ko": "솔루션명", "label_en": "Title"},
            {"key": "solution_summary", "kind": "textarea", "label_ko": "개요", "label_en": "Summary"},
        ],
    },
]


def document(**review: Any) -> dict[str, Any]:  # noqa: ANN401 - TOML
    return {
        "code": CALL,
        "title_ko": "시험 공모",
        "title_en": "Test call",
        "opens": "2026-03-01T10:00:00+09:00",
        "closes": "2026-05-01T16:00:00+09:00",
        "sections": SECTIONS,
        **({"review": review} if review else {}),
    }


def open_call(db: Database, text: str = "1", **review: Any) -> None:  # noqa: ANN401 - TOML
    """Open the call, or bring it to other terms."""
    do(db, lambda s: actions.open_call(s, actor=SYSTEM, at=AT, document=document(**review), text=text))


def move(db: Database, phase: str, *, key: str = "move") -> None:
    """Let a phase begin, by the secretary's hand."""
    do(
        db,
        lambda s: actions.move_phase(
            s, call_code=CALL, phase=phase, reason="독립 평가를 마침", key=key, actor=SYSTEM, at=AT
        ),
    )


def present(db: Database) -> str:
    """Return the key of the phase that holds."""
    with db.read() as session:
        return phase_page(session, SYSTEM, CALL).present.key
