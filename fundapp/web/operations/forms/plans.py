"""What a person sets otherwise in a scenario, and what they choose over a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, DecimalField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from fundapp.allocation.rules import PERMILLE, Applicant, Choice, Hours, Instance, PlannedAward, Quota, spread_hours
from fundapp.allocation.scenarios import Changes
from fundapp.web.operations.plan_words import JOINT
from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import gettext, lazy

_NEEDED = lazy("적어 주세요")
KRW_UNIT = 10_000
_MOST_MAN = 1_000_000_000
_MOST_HOURS = 1_000_000_000
_LONGEST_REASON = 500
KNOBS: Mapping[str, str] = {
    "alpha": "alpha_permille",
    "fairness": "fairness_permille",
    "reserve": "reserve_permille",
    "own_cap": "own_cap_permille",
    "sector_cap": "sector_cap_permille",
    "sme_floor": "sme_floor_permille",
    "non_capital_floor": "non_capital_floor_permille",
}


def _percent(label: str) -> DecimalField:
    return DecimalField(
        label, places=None, validators=[InputRequired(message=_NEEDED), NumberRange(min=Decimal(0), max=Decimal(100))]
    )


class ScenarioForm(KeyedForm):
    """Other settings for the same applicants; shares in percent, cash in ten thousand won."""

    # The meeting's form on the same page has a title, too.
    title = StringField(
        lazy("시나리오 이름"), id="scenario-title", validators=[DataRequired(message=_NEEDED), Length(max=120)]
    )
    budget = IntegerField(
        lazy("현금 한도"), validators=[InputRequired(message=_NEEDED), NumberRange(min=0, max=_MOST_MAN)]
    )
    reserve = _percent(lazy("예비량"))
    own_cap = _percent(lazy("기업당 상한"))
    sector_cap = _percent(lazy("한 업종 상한"))
    sme_floor = _percent(lazy("중소기업 최소"))
    non_capital_floor = _percent(lazy("비수도권 최소"))
    fairness = _percent(lazy("고른 배정"))
    alpha = _percent(lazy("GPU와 현금의 비중"))
    block_hours = IntegerField(
        lazy("GPU시간 단위"), validators=[InputRequired(message=_NEEDED), NumberRange(min=1, max=100_000)]
    )
    joint = SelectField(lazy("현금과 GPU"), choices=[], validators=[InputRequired(message=_NEEDED)])
    must = SelectMultipleField(lazy("반드시 선정"), choices=[], validators=[Optional()])
    must_not = SelectMultipleField(lazy("선정 제외"), choices=[], validators=[Optional()])
    keep_pins = BooleanField(lazy("고정한 기업은 그대로 두기"))

    def offer(self, names: Mapping[str, str]) -> None:
        """Offer companies by application number."""
        self.joint.choices = [(code, str(text)) for code, text in JOINT.items()]
        self.must.choices = self.must_not.choices = [(code, f"{name} ({code})") for code, name in names.items()]

    def start_from(self, instance: Instance, title: str) -> None:
        """Show what holds for a plan."""
        terms = instance.terms
        self.title.data = title
        self.budget.data = terms.budget_krw // KRW_UNIT
        for field, name in KNOBS.items():
            self[field].data = Decimal(getattr(terms, name)) / 10
        self.block_hours.data, self.joint.data = terms.block_hours, terms.joint
        self.must.data, self.must_not.data = list(terms.must_award), list(terms.must_not_award)
        self.keep_pins.data = True

    def to_changes(self, base: Instance, sent: MultiDict[str, str]) -> Changes:
        """Return what the form sets otherwise than the base.

        Args:
            base: The instance that answers the record.
            sent: The form as it came, for shares of groups and hours of pools.

        Raises:
            ValueError: if a share of a group or the hours of a pool are no number in range, naming it.
        """
        asked: dict[str, object] = {
            name: int(Decimal(self[field].data) * 10) for field, name in KNOBS.items() if self[field].data is not None
        }
        asked["budget_krw"] = _same_money(self.budget.data or 0, base.terms.budget_krw)
        asked["block_hours"], asked["joint"] = self.block_hours.data, self.joint.data
        asked["codev_days"] = _codev_days(base, sent)
        asked["must_award"] = tuple(sorted(self.must.data or ()))
        asked["must_not_award"] = tuple(sorted(self.must_not.data or ()))
        asked["quotas"] = tuple(_quota(quota, sent) for quota in base.terms.quotas)
        changed = {name: value for name, value in asked.items() if value != getattr(base.terms, name)}
        return Changes(changed, _hours(base, sent))


def _same_money(man: int, before_krw: int) -> int:
    """Return won; what the page rounded to ten thousand won and nobody changed stays to the won."""
    return before_krw if man == before_krw // KRW_UNIT else man * KRW_UNIT


def quota_field(quota: Quota) -> str:
    """Return the name of a group's share in the form."""
    return f"quota-{quota.direction}-{quota.tag}"


def _quota(quota: Quota, sent: MultiDict[str, str]) -> Quota:
    text = sent.get(quota_field(quota))
    if text is None:
        return quota
    return Quota(quota.tag, quota.direction, int(_number(text, quota.tag, 0, PERMILLE // 10) * 10))


def hours_field(sku: str, quarter: str) -> str:
    """Return the name of a pool's hours in the form."""
    return f"hours-{sku}-{quarter}"


def codev_field(quarter: str) -> str:
    """Return the name of a quarter's days of the delivery centre in the form."""
    return f"codev-{quarter}"


def _codev_days(base: Instance, sent: MultiDict[str, str]) -> dict[str, int]:
    days = dict(base.terms.codev_days)
    for quarter in days:
        text = sent.get(codev_field(quarter))
        if text is not None:
            days[quarter] = int(_number(text, quarter, 0, _MOST_HOURS))
    return days


def _hours(base: Instance, sent: MultiDict[str, str]) -> dict[tuple[str, str], int]:
    found = {}
    for pool in base.capacities:
        text = sent.get(hours_field(pool.sku, pool.quarter))
        if text is None:
            continue
        hours = int(_number(text, f"{pool.sku.upper()} {pool.quarter}", 0, _MOST_HOURS))
        if hours != pool.hours:
            found[pool.sku, pool.quarter] = hours
    return found


def _number(text: str, name: str, low: int, high: int) -> Decimal:
    try:
        value = Decimal(text.replace(",", "").strip())
    except InvalidOperation as error:
        raise ValueError(gettext("%(name)s: 숫자를 확인해 주세요", name=name)) from error
    if not value.is_finite() or not low <= value <= high:
        raise ValueError(
            gettext("%(name)s: %(low)s에서 %(high)s까지 적을 수 있습니다", name=name, low=f"{low:,}", high=f"{high:,}")
        )
    return value


class ChoicesForm(KeyedForm):
    """The rows of a plan's table; amounts are read from the request, one set of fields for each application."""

    revision = IntegerField(widget=HiddenInput(), validators=[InputRequired()])


@dataclass(frozen=True, slots=True)
class SentChoices:
    """Choices as they came.

    Attributes:
        choices: Of the rows that can be read.
        faults: By application number, what is wrong with its row.
    """

    choices: tuple[Choice, ...]
    faults: Mapping[str, str]


def read_choices(
    sent: MultiDict[str, str],
    instance: Instance,
    awards: Mapping[str, PlannedAward],
    known: Mapping[str, Choice],
) -> SentChoices:
    """Read the rows of a plan's table; a row that was not sent stays as it is.

    Args:
        sent: The form.
        instance: Whose applicants.
        awards: Recommended, by application number.
        known: Chosen so far, likewise.
    """
    choices, faults = [], {}
    for applicant in instance.applicants:
        code = applicant.code
        if f"krw-{code}" not in sent and f"gpu-{code}" not in sent:
            if code in known:
                choices.append(known[code])
            continue
        try:
            choices.append(_choice(sent, applicant, awards.get(code), known.get(code)))
        except ValueError as error:
            faults[code] = str(error)
    return SentChoices(tuple(choices), faults)


def _choice(
    sent: MultiDict[str, str], applicant: Applicant, award: PlannedAward | None, known: Choice | None
) -> Choice:
    code = applicant.code
    recommended: Hours = award.gpu_hours if award else {}
    krw = int(_number(sent.get(f"krw-{code}") or "0", gettext("현금"), 0, _MOST_MAN * KRW_UNIT))
    total = int(_number(sent.get(f"gpu-{code}") or "0", gettext("GPU시간"), 0, _MOST_HOURS))
    reason = (sent.get(f"reason-{code}") or "").strip()
    if len(reason) > _LONGEST_REASON:
        raise ValueError(gettext("이유는 %(most)s자까지 적을 수 있습니다", most=_LONGEST_REASON))
    hours = known.gpu_hours if known and total == total_hours(known.gpu_hours) else None
    if total == total_hours(recommended):
        hours = recommended
    return Choice(
        code,
        krw,
        spread_hours(total, applicant, recommended) if hours is None else hours,
        reason,
        pinned=f"pin-{code}" in sent,
    )


def total_hours(hours: Hours) -> int:
    """Return the hours over all SKUs and quarters."""
    return sum(part for quarters in hours.values() for part in quarters.values())
