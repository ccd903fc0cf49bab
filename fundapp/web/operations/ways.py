"""The way of a call as rows on a page: what a form says, as the section that a call file would hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fundapp.intake.workflow import LOOSE, MOST_STAGES, MOST_STEPS

STAGE_PARTS = ("key", "ko", "en", "applicant_ko", "applicant_en", "tone", "icon", "after")
STEP_PARTS = ("verb", "from", "to", "ko", "en", "role")


def read_section(posted: Mapping[str, str]) -> dict[str, Any]:
    """Return the section that a posted page says; rows without a key or a stage are left out."""
    stages, steps = [], []
    for place in range(MOST_STAGES + 2):
        row = _row(posted, "stage", place, STAGE_PARTS)
        if row.get("key"):
            stages.append(row)
    for place in range(MOST_STEPS + 2):
        step: dict[str, Any] = dict(_row(posted, "step", place, STEP_PARTS))
        if step.get("from") and step.get("to"):
            fields = posted.get(f"step-fields-{place}", "").replace(",", " ").split()
            step |= {"fields": fields} if fields else {}
            step |= {"reason": True} if posted.get(f"step-reason-{place}") else {}
            steps.append(step)
    section: dict[str, Any] = {}
    section |= {"stages": stages} if stages else {}
    section |= {"steps": steps} if steps else {}
    section |= {"leave_out": ["deferred"]} if posted.get("leave-deferred") else {}
    taken = [{"verb": verb, "from": source} for verb, source in sorted(LOOSE) if posted.get(f"take-{verb}-{source}")]
    return section | ({"take_away": taken} if taken else {})


def _row(posted: Mapping[str, str], kind: str, place: int, parts: tuple[str, ...]) -> dict[str, str]:
    values = {part: posted.get(f"{kind}-{part}-{place}", "").strip() for part in parts}
    return {part: value for part, value in values.items() if value}
