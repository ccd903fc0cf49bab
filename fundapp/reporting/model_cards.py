"""A learned model's card as a PDF: from what screening says of it to the rows that `reports` sets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from fundapp.core.quarters import KST, kst_date
from fundapp.screening.learning_queries import ModelCard, ModelRow
from reports.card_rows import CardActivation, CardCheck, CardCriterion, CardRows, CardVerdict, Measures
from reports.formats import Locale
from reports.model_card import render_card


def print_model_card(card: ModelCard, *, at: datetime, locale: Locale) -> bytes:
    """Return the card as a tagged PDF; what the viewer may see was decided when the card was asked for.

    Args:
        card: From `screening.learning_queries.model_card`.
        at: Now; its Korean day stands on the foot of each page.
        locale: The language of the card.
    """
    return render_card(card_rows(card, at=at), locale)


def card_rows(card: ModelCard, *, at: datetime) -> CardRows:
    """Return a card as the rows of its PDF."""
    row = card.row
    ends = card.training["from"], card.training["until"]
    return CardRows(
        version=row.version,
        method=row.method,
        standing=_standing(row),
        trained_at=_stamp(row.trained_at),
        trained_by=row.trained_by,
        labels=row.labels,
        positives=card.training["positives"],
        smaller=row.smaller,
        evidence=card.evidence,
        meaning_ko=card.training["label"],
        meaning_en=card.meaning_en,
        window=None if None in ends else (_day(ends[0]), _day(ends[1])),
        reads_text=card.reads_text,
        folds=row.metrics["folds"],
        model=_measures(row.metrics["model"]),
        rubric=_measures(row.metrics["recalibrated_rubric"]),
        criteria=tuple(
            CardCriterion(one.key, one.label_ko, one.label_en, one.rule_maximum, one.maximum, one.bins)
            for one in card.criteria
        ),
        groups=tuple(
            (name, tuple((group or "–", count) for group, count in counts.items()))
            for name, counts in card.training["groups"].items()
        ),
        shadow_weeks=row.shadow_weeks,
        shadowed=row.shadowed,
        verdicts=_verdicts(row),
        activations=tuple(
            CardActivation(
                _stamp(one.serves_from), None if one.rolled_back else one.proposed_by, one.approved_by, one.reason
            )
            for one in card.activations
        ),
        calibrations=tuple((one.version, _stamp(one.fitted_at)) for one in card.calibrations),
        sha256=row.sha256,
        table_sha256=row.table_sha256,
        libraries=tuple(card.libraries.items()),
        shown_on=kst_date(at),
    )


def _standing(row: ModelRow) -> str:
    if row.serves:
        return "serves"
    if row.proposal is not None:
        return "proposed"
    if not row.verdicts:
        return "unjudged"
    return "passed" if row.verdicts[0].passed else "failed"


def _measures(found: Mapping[str, Any]) -> Measures:
    low, high = found["auc_interval"]
    return Measures(found["auc"], (low, high), found["log_loss"], found["brier"], found["calibration_error"])


def _verdicts(row: ModelRow) -> tuple[CardVerdict, ...]:
    return tuple(
        CardVerdict(
            passed=one.passed,
            champion=one.champion,
            decided_at=_stamp(one.decided_at),
            decided_by=one.decided_by,
            checks=tuple(
                CardCheck(check["key"], check["passed"], check["reason"], check["reason_en"])
                for check in one.document["checks"]
            ),
        )
        for one in row.verdicts
    )


def _day(seconds: float) -> date:
    return kst_date(datetime.fromtimestamp(seconds, UTC))


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(KST):%Y-%m-%d %H:%M}"
