"""A model's card as a PDF, read back by another program than set it."""

import io
from dataclasses import replace
from datetime import date

import pikepdf
import pytest

from reports.card_rows import CardActivation, CardCheck, CardCriterion, CardRows, CardVerdict, Measures
from reports.formats import Locale
from reports.model_card import render_card

CARD = CardRows(
    version="2026-10-05.1",
    method="ridge",
    standing="serves",
    trained_at="2026-10-05 09:00",
    trained_by="한지민",
    labels=114,
    positives=60,
    smaller=54,
    evidence=0.7,
    meaning_ko="평균 3 이상",
    meaning_en="a mean of 3 or more",
    window=(date(2026, 4, 2), date(2026, 8, 1)),
    reads_text=False,
    folds=5,
    model=Measures(0.812, (0.74, 0.88), 0.5123, 0.1711, 0.0712),
    rubric=Measures(0.7, (0.61, 0.79), 0.6012, 0.2011, 0.0512),
    criteria=(
        CardCriterion("team", "팀", "Team", 400, 550, (("< 2", -0.4), ("≥ 2", 0.6), ("", 0.0))),
        CardCriterion("traction", "사업 성과", "Traction", 600, 450, ()),
    ),
    groups=(("company_class", (("startup", 60), ("–", 54))),),
    shadow_weeks=4,
    shadowed=114,
    verdicts=(
        CardVerdict(
            passed=True,
            champion="",
            decided_at="2026-11-03 09:00",
            decided_by="system",
            checks=(CardCheck("sign:team", passed=True, reason_ko="방향 일치", reason_en="agrees"),),
        ),
    ),
    activations=(CardActivation("2026-11-04 10:00", "한지민", "정하늘", "하한이 0보다 큽니다."),),
    calibrations=(("2026-10-05.1-c1", "2026-12-01 03:00"),),
    sha256="ab" * 32,
    table_sha256="cd" * 32,
    libraries=(("numpy", "2.3"),),
    shown_on=date(2026, 11, 4),
)


FAILED = replace(
    CARD.verdicts[0],
    passed=False,
    checks=(CardCheck("group:region", passed=False, reason_ko="region: 0.62", reason_en="region: 0.62"),),
)


@pytest.mark.parametrize(("locale", "title"), [("ko", "모델 카드 2026-10-05.1"), ("en", "Model card 2026-10-05.1")])
def test_a_card_is_tagged_titled_and_speaks_its_language(locale: Locale, title: str) -> None:
    with pikepdf.open(io.BytesIO(render_card(CARD, locale))) as pdf:
        assert bool(pdf.Root.MarkInfo.Marked)
        assert str(pdf.Root.Lang).startswith(locale)
        assert str(pdf.docinfo["/Title"]) == title
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfuaid:part"], metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == (
                "1",
                "2",
                "A",
            )
        fonts = {str(item["/BaseFont"]) for item in pdf.objects if _is(item, "/Type", "/Font") and "/BaseFont" in item}
        assert fonts
        assert all("NotoSansKR" in font for font in fonts)


def test_the_drawing_says_in_words_what_learning_moved() -> None:
    with pikepdf.open(io.BytesIO(render_card(CARD, "en"))) as pdf:
        spoken = [str(item["/Alt"]) for item in pdf.objects if _is(item, "/S", "/Figure")]
    (said,) = spoken
    assert said.startswith("How the 100 points are shared, rubric and model.")
    assert said.endswith("Most gained: Team (40.0 → 55.0); most lost: Traction (60.0 → 45.0)")


def test_equal_rows_give_equal_bytes_and_every_other_fact_other_bytes() -> None:
    made = render_card(CARD, "ko")
    assert render_card(CARD, "ko") == made
    for other in (
        replace(CARD, standing="unjudged", verdicts=(), activations=(), calibrations=()),
        replace(CARD, window=None),
        replace(CARD, reads_text=True),
        replace(CARD, shadow_weeks=3),
        replace(CARD, verdicts=(*CARD.verdicts, FAILED)),
    ):
        assert render_card(other, "ko") != made


def test_a_reason_is_never_read_as_markup() -> None:
    said = CardActivation("2026-11-04 10:00", None, "정하늘", '#panic("x") = *_`<x> $1$ 🚀')
    assert render_card(replace(CARD, activations=(said,)), "ko").startswith(b"%PDF")


def _is(item: pikepdf.Object, key: str, value: str) -> bool:
    return isinstance(item, pikepdf.Dictionary) and item.get(key) == pikepdf.Name(value)
