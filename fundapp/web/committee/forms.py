"""Forms of the committee's room. They check shape and say what is missing; the actions decide."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Field,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from fundapp.allocation.actions import Proposal
from fundapp.committee.actions import LONGEST_NAME, WHATS, Times, What
from fundapp.committee.rules import (
    CHOICES,
    HIGHEST,
    LOWEST,
    Choice,
    Criterion,
    Phase,
    ProposedCondition,
    Rating,
    Route,
)
from fundapp.committee.rules.drafts import ABSTAINED, LONGEST_PRIVATE, LONGEST_REASON
from fundapp.core.quantities import HOUR
from fundapp.core.quarters import KST
from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import current_locale, gettext, lazy, pick

_LONGEST_REVISION = 10
LAST_MINUTE = time(18, 0)
"""A written resolution takes votes until six in the evening unless its form says otherwise."""
POINT_WORDS = {
    "1": lazy("미흡"),
    "2": lazy("부족"),
    "3": lazy("보통"),
    "4": lazy("우수"),
    "5": lazy("탁월"),
}


def criterion_label(criterion: Criterion) -> str:
    """Return a criterion's name in the present language."""
    return pick(criterion.label_ko, criterion.label_en)


class PledgeForm(KeyedForm):
    """The conflict gate: pledge, or step back with a reason."""

    answer = RadioField(
        lazy("이 안건과 이해관계가 있습니까?"),
        choices=[SelectChoice("none", lazy("없습니다")), SelectChoice("self_recusal", lazy("회피하겠습니다"))],
        validators=[InputRequired(lazy("하나를 골라 주세요."))],
    )
    reason = TextAreaField(lazy("사유"), validators=[Length(max=LONGEST_REASON)])
    sure = HiddenField()

    def validate_reason(self, field: Field) -> None:
        """A member who steps back says why."""
        if self.answer.data == "self_recusal" and not (field.data or "").strip():
            raise ValidationError(gettext("회피 사유를 적어 주세요."))


class ReviewForm(KeyedForm):
    """The criteria of a call, each with points or an abstention and a reason; made by `review_form`.

    `revision` is that of the draft which the form was shown with; a form without one files whatever it holds.
    """

    criteria: tuple[Criterion, ...] = ()
    longest = LONGEST_REASON
    note = TextAreaField(lazy("메모"), validators=[Length(max=LONGEST_REASON)])
    revision = HiddenField()

    def parts(self) -> list[tuple[Criterion, Field, Field]]:
        """Return each criterion with its two fields."""
        return [(c, self[f"{c.key}_points"], self[f"{c.key}_reason"]) for c in self.criteria]

    def to_review(self) -> list[Rating]:
        """Return the ratings of a valid form."""
        return [
            Rating(criterion.key, None if points.data == ABSTAINED else int(points.data), reason.data.strip())
            for criterion, points, reason in self.parts()
        ]

    @property
    def draft_revision(self) -> int | None:
        """The revision as a number, or None."""
        text = str(self.revision.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST_REVISION else None

    def typed(self) -> dict[str, str]:
        """Return what the fields of the rubric hold, as a draft keeps it."""
        return {field.name: str(field.data or "") for field in self if field.name in self.names()}

    def names(self) -> list[str]:
        """Return the names of the rubric's fields, in order."""
        return [field.name for _, *fields in self.parts() for field in fields] + ["note"]

    def show(self, typed: Mapping[str, str]) -> None:
        """Fill the form with what was filed or typed earlier."""
        for name, text in typed.items():
            if name in self.names():
                # Validators ask what the browser sent: a choice between two windows stands in for it.
                self[name].data, self[name].raw_data = text, [text]


class PrivateNoteForm(KeyedForm):
    """What a member writes for themselves."""

    private_note = TextAreaField(lazy("나만 보는 메모"), validators=[Length(max=LONGEST_PRIVATE)])


def typed_of(ratings: Sequence[Rating], note: str | None) -> dict[str, str]:
    """Return a filed review as the form would hold it."""
    typed = {"note": note or ""}
    for rating in ratings:
        typed[f"{rating.criterion}_points"] = str(rating.points or ABSTAINED)
        typed[f"{rating.criterion}_reason"] = rating.reason
    return typed


def review_form(criteria: tuple[Criterion, ...]) -> ReviewForm:
    """Return the rubric of a call as a form, labels in the present language."""
    return _rubric_form(criteria, str(current_locale()))()


@lru_cache(maxsize=64)
def _rubric_form(criteria: tuple[Criterion, ...], _language: str) -> type[ReviewForm]:
    """Return the class of that form: the same for everybody who reads a call in one language."""
    fields: dict[str, object] = {"criteria": criteria}
    for criterion in criteria:
        label = criterion_label(criterion)
        fields[f"{criterion.key}_points"] = RadioField(
            gettext("%(criterion)s 점수", criterion=label),
            choices=[
                *(SelectChoice(str(points), str(points)) for points in range(LOWEST, HIGHEST + 1)),
                SelectChoice(ABSTAINED, gettext("기권")),
            ],
            validators=[InputRequired(gettext("점수를 고르거나 기권해 주세요."))],
        )
        fields[f"{criterion.key}_reason"] = TextAreaField(
            gettext("%(criterion)s 근거", criterion=label),
            validators=[
                InputRequired(gettext("근거를 적어 주세요.")),
                Length(max=LONGEST_REASON, message=gettext("2,000자까지 적을 수 있습니다.")),
                _not_blank,
            ],
        )
    return type("RubricForm", (ReviewForm,), fields)


def _not_blank(_form: object, field: Field) -> None:
    if not (field.data or "").strip():
        raise ValidationError(gettext("근거를 적어 주세요."))


class RecusalForm(KeyedForm):
    """Declaring somebody else's conflict."""

    person = SelectField(lazy("위원"), validators=[InputRequired()])
    route = RadioField(
        lazy("제도"),
        choices=[SelectChoice("disqualification", lazy("제척")), SelectChoice("challenge", lazy("기피"))],
        validators=[InputRequired(lazy("하나를 골라 주세요."))],
    )
    reason = TextAreaField(
        lazy("사유"), validators=[InputRequired(lazy("사유를 적어 주세요.")), Length(max=LONGEST_REASON)]
    )

    def to_route(self) -> Route:
        """Return the route of a valid form."""
        return "challenge" if self.route.data == "challenge" else "disqualification"


class AssignForm(KeyedForm):
    """Sharing out the reviews of a call."""

    per_application = IntegerField(
        lazy("안건마다 심사위원 수"),
        default=3,
        validators=[InputRequired(lazy("수를 적어 주세요.")), NumberRange(1, 20, lazy("1에서 20 사이로 적어 주세요."))],
    )
    max_load = IntegerField(
        lazy("위원마다 최대 안건 수"),
        default=40,
        validators=[
            InputRequired(lazy("수를 적어 주세요.")),
            NumberRange(1, 1000, lazy("1에서 1,000 사이로 적어 주세요.")),
        ],
    )

    def to_numbers(self) -> tuple[int, int]:
        """Return reviewers per application and the most applications per member, of a valid form."""
        return int(self.per_application.data or 0), int(self.max_load.data or 0)


class MeetingForm(KeyedForm):
    """Setting a meeting, or a written resolution without one."""

    title = StringField(
        lazy("회의 이름"), validators=[InputRequired(lazy("회의 이름을 적어 주세요.")), Length(max=200)]
    )
    kind = RadioField(
        lazy("방식"),
        choices=[SelectChoice("sitting", lazy("회의")), SelectChoice("written", lazy("서면결의"))],
        default="sitting",
    )
    held_on = DateField(lazy("날짜"), validators=[InputRequired(lazy("날짜를 적어 주세요."))])
    starts_at = TimeField(lazy("시작하는 시각"), validators=[Optional()])
    ends_at = TimeField(lazy("끝나는 시각"), validators=[Optional()])
    place = StringField(lazy("장소"), validators=[Length(max=200)])

    def to_day(self) -> date:
        """Return the day of a valid form."""
        day: date = self.held_on.data or date.max
        return day

    def to_times(self) -> Times | None:
        """Return when and where the sitting of a valid form is; None without times, and for a written resolution."""
        if self.kind.data == "written" or not (self.starts_at.data and self.ends_at.data):
            return None
        return Times(self._at(self.starts_at.data), self._at(self.ends_at.data), (self.place.data or "").strip())

    def to_deadline(self) -> datetime | None:
        """Return until when the written resolution of a valid form takes votes."""
        if self.kind.data != "written":
            return None
        return self._at(self.ends_at.data or LAST_MINUTE)

    def _at(self, moment: time) -> datetime:
        return datetime.combine(self.to_day(), moment, KST)


class TimesForm(KeyedForm):
    """When and where a sitting is."""

    held_on = DateField(lazy("날짜"), validators=[InputRequired(lazy("날짜를 적어 주세요."))])
    starts_at = TimeField(lazy("시작하는 시각"), validators=[InputRequired(lazy("시각을 적어 주세요."))])
    ends_at = TimeField(lazy("끝나는 시각"), validators=[InputRequired(lazy("시각을 적어 주세요."))])
    place = StringField(lazy("장소"), validators=[Length(max=200)])

    def to_times(self) -> Times:
        """Return the times of a valid form.

        Raises:
            InvalidInputError: if it ends before it begins.
        """
        day: date = self.held_on.data or date.max
        starts, ends = (
            datetime.combine(day, field.data or LAST_MINUTE, KST) for field in (self.starts_at, self.ends_at)
        )
        return Times(starts, ends, (self.place.data or "").strip())


class CloseForm(KeyedForm):
    """Closing a ballot; where the rule has a casting vote, how it falls in a tie."""

    casting = RadioField(
        lazy("위원장 결정권"),
        choices=[SelectChoice("yes", lazy("가결")), SelectChoice("no", lazy("부결"))],
        validators=[Optional()],
    )

    def to_casting(self) -> Choice | None:
        """Return how the casting vote falls, if it was asked for."""
        return next((choice for choice in CHOICES if choice == self.casting.data), None)


class ReasonForm(KeyedForm):
    """Something that needs a reason."""

    reason = TextAreaField(
        lazy("사유"), validators=[InputRequired(lazy("사유를 적어 주세요.")), Length(max=LONGEST_REASON)]
    )


class AmendForm(KeyedForm):
    """An amendment: made by `amend_form`, with a field of hours for each pool."""

    krw = IntegerField(
        lazy("현금 (원)"), validators=[InputRequired(lazy("금액을 적어 주세요.")), NumberRange(0, 10**15)], default=0
    )
    conditions = TextAreaField(lazy("이행조건"), validators=[Length(max=LONGEST_REASON)])
    mode = RadioField(
        lazy("어떻게 올립니까?"),
        choices=[
            SelectChoice("subsidiary", lazy("수정안을 먼저 의결")),
            SelectChoice("replace", lazy("원안을 바꿈")),
        ],
        default="subsidiary",
    )
    reason = TextAreaField(
        lazy("사유"), validators=[InputRequired(lazy("사유를 적어 주세요.")), Length(max=LONGEST_REASON)]
    )

    def validate_conditions(self, field: Field) -> None:
        """Each line is a condition, with its day after a bar if it has one."""
        try:
            _conditions(field.data or "")
        except ValueError as error:
            raise ValidationError(gettext("기한은 2026-12-31처럼 적어 주세요.")) from error

    def to_hours(self) -> dict[uuid.UUID, int]:
        """Return ten-thousandths of an hour by pool; also of a form that is being filled in."""
        found = {}
        for field in self:
            if field.name.startswith("pool_"):
                given: Decimal | None = field.data
                found[uuid.UUID(hex=field.name.removeprefix("pool_"))] = int((given or 0) * HOUR)
        return found

    def to_proposal(self) -> Proposal:
        """Return the amendment of a valid form."""
        return Proposal(
            krw=int(self.krw.data or 0),
            hours_e4=self.to_hours(),
            conditions=_conditions(self.conditions.data or ""),
            remark=str(self.reason.data or ""),
        )


def _conditions(text: str) -> list[ProposedCondition]:
    found = []
    for line in filter(str.strip, text.splitlines()):
        words, bar, day = line.rpartition("|")
        found.append(
            ProposedCondition(words.strip(), date.fromisoformat(day.strip()))
            if bar
            else ProposedCondition(line.strip())
        )
    return found


def amend_form(rooms: Sequence[tuple[uuid.UUID, str]], given: Any = None) -> AmendForm:  # noqa: ANN401 - a query
    """Return the form of an amendment with hours for each pool (identifier, name), of what was sent or is `given`."""
    fields = {
        f"pool_{pool_id.hex}": DecimalField(
            name,
            default=Decimal(0),
            places=None,
            validators=[Optional(), NumberRange(0, 10**9, lazy("0 이상으로 적어 주세요."))],
        )
        for pool_id, name in rooms
    }
    made: AmendForm = type("PooledAmendForm", (AmendForm,), fields)(*([given] if given is not None else []))
    return made


class MinutesForm(KeyedForm):
    """Editing minutes: one text for each section, named by its place."""

    version = IntegerField(validators=[InputRequired()])


class VoteForm(KeyedForm):
    """One vote."""

    choice = RadioField(
        lazy("내 표"),
        choices=[
            SelectChoice("yes", lazy("찬성")),
            SelectChoice("no", lazy("반대")),
            SelectChoice("abstain", lazy("기권")),
        ],
        validators=[InputRequired(lazy("찬성, 반대, 기권 가운데 하나를 골라 주세요."))],
    )
    vote_reason = StringField(lazy("의견"), validators=[Length(max=LONGEST_REASON)])

    def to_choice(self) -> Choice:
        """Return the choice of a valid form."""
        return next(choice for choice in CHOICES if choice == self.choice.data)


class PhaseForm(KeyedForm):
    """Letting a later phase of the review begin."""

    phase = SelectField(lazy("다음 단계"), validators=[InputRequired(lazy("하나를 골라 주세요."))])
    reason = TextAreaField(
        lazy("사유"), validators=[InputRequired(lazy("사유를 적어 주세요.")), Length(max=LONGEST_REASON)]
    )

    def offer(self, phases: Sequence[Phase]) -> None:
        """Offer the phases that may begin."""
        self.phase.choices = [SelectChoice(one.key, pick(one.title_ko, one.title_en)) for one in phases]


class ViewForm(KeyedForm):
    """A view of the docket to keep: its name, and whether the committee has it too."""

    name = StringField(
        lazy("보기 이름"), validators=[InputRequired(lazy("이름을 적어 주세요.")), Length(max=LONGEST_NAME)]
    )
    shared = BooleanField(lazy("위원회와 함께 쓰기"))

    def to_name(self) -> str:
        """Return the name of a valid form."""
        return str(self.name.data)

    def problems(self) -> list[str]:
        """Return everything that is wrong, for a message above the list."""
        return [str(message) for messages in self.errors.values() for message in messages]


class BulkForm(KeyedForm):
    """What to do with many applications, and with whom or where."""

    what = RadioField(lazy("무엇을 할까요?"), validators=[InputRequired(lazy("하나를 골라 주세요."))])
    person = SelectField(lazy("심사위원"), validate_choice=False)
    meeting = SelectField(lazy("회의"), validate_choice=False)

    def offer(self, *, assign: bool, propose: bool, people: list[SelectChoice], meetings: list[SelectChoice]) -> None:
        """Set the choices that the viewer has."""
        words = {
            "assign": lazy("심사위원에게 맡기기"),
            "remind": lazy("기다리는 심사 알리기"),
            "propose": lazy("회의에 상정하기"),
        }
        allowed = {"assign": assign, "remind": assign, "propose": propose}
        self.what.choices = [SelectChoice(key, word) for key, word in words.items() if allowed[key]]
        self.person.choices = [SelectChoice("", gettext("고르세요")), *people]
        self.meeting.choices = [SelectChoice("", gettext("고르세요")), *meetings]

    def validate_person(self, field: SelectField) -> None:
        """Reviews are given to somebody."""
        if self.what.data == "assign" and not _is_among(field):
            raise ValidationError(gettext("심사위원을 골라 주세요."))

    def validate_meeting(self, field: SelectField) -> None:
        """An agenda is a meeting's."""
        if self.what.data == "propose" and not _is_among(field):
            raise ValidationError(gettext("회의를 골라 주세요."))

    def to_what(self) -> What:
        """Return the action of a valid form."""
        return next(one for one in WHATS if one == self.what.data)

    def to_targets(self) -> dict[str, uuid.UUID | None]:
        """Return person and meeting of a valid form, each where the action takes it."""
        what = self.what.data
        return {
            "person_id": uuid.UUID(self.person.data) if what == "assign" else None,
            "meeting_id": uuid.UUID(self.meeting.data) if what == "propose" else None,
        }


def _is_among(field: SelectField) -> bool:
    return bool(field.data) and field.data in {value for value, *_ in field.iter_choices()}
