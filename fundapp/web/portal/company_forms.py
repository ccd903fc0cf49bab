"""The form of what a company says of itself: fields, and their way into a `Standing` and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from wtforms import DateField, Field, HiddenField, RadioField, SelectField, StringField
from wtforms.validators import Length, Optional

from fundapp.intake.standing import MOST_RELATED, RelatedFirm, Standing
from fundapp.screening.size_revenue import Period
from fundapp.web.portal.forms import options
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import gettext, lazy

_SPARE_ROWS = 2
_WON = re.compile(r"\d{1,15}", re.ASCII)
_SHARE = re.compile(r"\d{1,3}(\.\d{1,2})?", re.ASCII)
_KSIC = re.compile(r"[A-U]?\d{2,5}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_UNANSWERED = ("", lazy("답하지 않음"))
_BAD_DATE = lazy("날짜를 2026-05-08처럼 적어 주세요")


class StandingForm(KeyedForm):
    """What a company says of itself; every answer may be left out."""

    corporate_number = StringField(lazy("법인등록번호"), [Length(max=20)])
    representative = StringField(lazy("대표자 이름"), [Length(max=80)])
    legal_form = RadioField(lazy("기업 형태"), validate_choice=False)
    started_on = DateField(lazy("설립등기일 또는 개업일"), [Optional()])
    closing_month = SelectField(lazy("결산월"), validate_choice=False)
    group = RadioField(lazy("기업집단"), validate_choice=False)
    owner = RadioField(lazy("30퍼센트 이상을 가진 최다출자 법인"), validate_choice=False)
    has_related = RadioField(lazy("관계기업"), validate_choice=False)
    outgrown = RadioField(lazy("중소기업 기준을 넘은 적"), validate_choice=False)
    outgrown_year = StringField(lazy("기준을 넘은 사업연도"), [Length(max=10)])
    recent_krw = StringField(lazy("최근 매출액"), [Length(max=30)])
    recent_from = HiddenField()
    recent_to = HiddenField()
    claim = SelectField(lazy("스스로 생각하는 기업 규모"), validate_choice=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - what Flask-WTF takes
        super().__init__(*args, **kwargs)
        self.started_on.process_errors = [_BAD_DATE for _ in self.started_on.process_errors]
        self.legal_form.choices = options([("corporation", gettext("법인")), ("sole", gettext("개인사업자"))])
        months = [(str(month), gettext("%(month)s월", month=month)) for month in range(1, 13)]
        self.closing_month.choices = options([_UNANSWERED, *months])
        self.group.choices = options(
            [
                ("none", gettext("속하지 않음")),
                ("disclosed", gettext("공시대상기업집단")),
                ("restricted", gettext("상호출자제한기업집단")),
                _UNANSWERED,
            ]
        )
        self.owner.choices = options(
            [
                ("none", gettext("없음")),
                ("large", gettext("자산총액 5,000억원 이상인 법인")),
                ("group_size", gettext("자산총액이 상호출자제한기업집단 지정 기준 이상인 법인")),
                _UNANSWERED,
            ]
        )
        self.has_related.choices = options([("no", gettext("없음")), ("yes", gettext("있음")), _UNANSWERED])
        self.outgrown.choices = options(
            [
                ("never", gettext("없음")),
                ("first", gettext("처음으로 넘음")),
                ("again", gettext("유예를 쓴 뒤 다시 넘음")),
                _UNANSWERED,
            ]
        )
        claims = [
            ("small", gettext("소기업")),
            ("medium", gettext("중기업")),
            ("midsize", gettext("중견기업")),
            ("large", gettext("대기업")),
        ]
        self.claim.choices = options([_UNANSWERED, *claims])

    def related_rows(self) -> list[RelatedFields]:
        """Return the fields of related companies, a row each."""
        places = sorted(int(name.rpartition("_")[2]) for name in self._fields if name.startswith("related_name_"))
        return [RelatedFields(*(self[f"related_{part}_{place}"] for part in _PARTS)) for place in places]

    def to_standing(self) -> Standing | None:
        """Return what was said, or None after saying beside the fields what cannot be read."""
        related = self._related()
        standing = Standing(
            representative=_text(self.representative),
            legal_form=_text(self.legal_form),
            started_on=self.started_on.data,
            closing_month=_number(self.closing_month, re.compile(r"\d{1,2}", re.ASCII), gettext("1부터 12까지입니다")),
            recent_krw=(recent := _won(self.recent_krw)),
            recent_from=None if recent is None else _hidden_day(self.recent_from),
            recent_to=None if recent is None else _hidden_day(self.recent_to),
            group=_text(self.group),
            owner=_text(self.owner),
            related=related,
            outgrown=_text(self.outgrown),
            outgrown_year=_number(self.outgrown_year, _YEAR, gettext("해를 2024처럼 적어 주세요")),
            claim=_text(self.claim),
        )
        return None if self.errors else standing

    def _related(self) -> tuple[RelatedFirm, ...] | None:
        if self.has_related.data != "yes":
            return () if self.has_related.data == "no" else None
        rows = [row for row in self.related_rows() if row.given]
        if not rows:
            self.has_related.errors = [gettext("관계기업을 한 곳 이상 적어 주세요")]
        firms = [row.to_firm() for row in rows]
        return tuple(firm for firm in firms if firm is not None)


_PARTS = ("name", "share", "average", "ksic")


@dataclass(frozen=True, slots=True)
class RelatedFields:
    """The four fields of one related company."""

    name: Field
    share: Field
    average: Field
    ksic: Field

    @property
    def given(self) -> bool:
        """Whether anything was typed into the row."""
        return any((field.data or "").strip() for field in (self.name, self.share, self.average, self.ksic))

    def to_firm(self) -> RelatedFirm | None:
        """Return the company, or None after saying what is wrong."""
        name, share = _text(self.name), (self.share.data or "").strip().rstrip("% ")
        if name is None:
            self.name.errors = [gettext("관계기업의 이름을 적어 주세요")]
        if not _SHARE.fullmatch(share):
            self.share.errors = [gettext("지분율을 35.5처럼 적어 주세요")]
            return None
        ksic = (_text(self.ksic) or "").upper() or None
        if ksic is not None and not _KSIC.fullmatch(ksic):
            self.ksic.errors = [gettext("업종코드는 J58222처럼 적습니다.")]
        whole, _, part = share.partition(".")
        return RelatedFirm(name or "", int(whole) * 100 + int(part.ljust(2, "0") or 0), _won(self.average), ksic)


def standing_form(rows: int) -> type[StandingForm]:
    """Return the form with so many rows for related companies."""
    fields: dict[str, Field] = {}
    for place in range(min(rows, MOST_RELATED)):
        number = place + 1
        fields |= {
            f"related_name_{place}": StringField(gettext("관계기업 %(num)s 이름", num=number), [Length(max=80)]),
            f"related_share_{place}": StringField(gettext("관계기업 %(num)s 지분율", num=number), [Length(max=10)]),
            f"related_average_{place}": StringField(
                gettext("관계기업 %(num)s 평균매출액", num=number), [Length(max=30)]
            ),
            f"related_ksic_{place}": StringField(gettext("관계기업 %(num)s 업종코드", num=number), [Length(max=10)]),
        }
    return type("CompanyForm", (StandingForm,), fields)


def rows_sent(sent: Mapping[str, Any]) -> int:
    """Return how many rows of related companies a browser sent."""
    return sum(name.startswith("related_name_") for name in sent)


def rows_for(standing: Standing) -> int:
    """Return how many rows to offer: those that are filled, and a few to spare."""
    return min(MOST_RELATED, len(standing.related or ()) + _SPARE_ROWS)


def stored_fields(standing: Standing, corporate_number: str | None, period: Period | None) -> dict[str, Any]:
    """Return a statement as the form's data; the revenue only if it is of the period that counts now."""
    data: dict[str, Any] = {
        "corporate_number": corporate_number or "",
        "representative": standing.representative or "",
        "legal_form": standing.legal_form,
        "started_on": standing.started_on,
        "closing_month": str(standing.closing_month or ""),
        "group": standing.group or "",
        "owner": standing.owner or "",
        "has_related": "" if standing.related is None else "yes" if standing.related else "no",
        "outgrown": standing.outgrown or "",
        "outgrown_year": str(standing.outgrown_year or ""),
        "claim": standing.claim or "",
    }
    if period is not None:
        data |= {"recent_from": period.first.isoformat(), "recent_to": period.last.isoformat()}
        if (standing.recent_from, standing.recent_to) == (period.first, period.last):
            data["recent_krw"] = f"{standing.recent_krw:,}"
    for place, firm in enumerate(standing.related or ()):
        data |= {
            f"related_name_{place}": firm.name,
            f"related_share_{place}": f"{firm.share_bp / 100:g}",
            f"related_average_{place}": "" if firm.average_krw is None else f"{firm.average_krw:,}",
            f"related_ksic_{place}": firm.ksic or "",
        }
    return data


def _text(field: Field) -> str | None:
    return str(field.data or "").strip() or None


def _won(field: Field) -> int | None:
    return _number(field, _WON, gettext("원 단위 금액을 1,200,000,000처럼 적어 주세요"))


def _number(field: Field, shape: re.Pattern[str], problem: str) -> int | None:
    text = str(field.data or "").replace(",", "").strip()
    if not text:
        return None
    if not shape.fullmatch(text):
        field.errors = [problem]
        return None
    return int(text)


def _hidden_day(field: Field) -> date | None:
    try:
        return date.fromisoformat(str(field.data or ""))
    except ValueError:
        return None
