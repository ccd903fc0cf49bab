"""Forms of the committee's room. They check shape and say what is missing; the actions decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from wtforms import DateField, Field, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, ValidationError

from fundapp.committee.rules import CHOICES, CRITERIA, Choice, Criterion, Rating, Route
from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import gettext, lazy, pick

ABSTAINED = "0"
LONGEST_REASON = 2000
POINT_WORDS = {
    "1": lazy("미흡"),
    "2": lazy("부족"),
    "3": lazy("보통"),
    "4": lazy("우수"),
    "5": lazy("탁월"),
}
ANCHORS: Mapping[str, tuple[Any, Any, Any]] = {
    "spc_fit": (
        lazy("SPC를 쓸 이유가 보이지 않음"),
        lazy("옮길 대상은 분명하나 일정이 없음"),
        lazy("구성, 보안 구역, 일정까지 구체적"),
    ),
    "korean_ai": (
        lazy("한국어 자료나 모델과 무관"),
        lazy("모델은 정했으나 자료 권리가 미정"),
        lazy("자료 권리와 평가 방법까지 갖춤"),
    ),
    "market": (
        lazy("고객이 누구인지 모름"),
        lazy("실증 고객이 있으나 매출 근거가 약함"),
        lazy("유료 고객과 반복 매출로 입증"),
    ),
    "gpu_case": (
        lazy("산출 근거가 없음"),
        lazy("작업은 맞으나 시간이 거칠게 잡힘"),
        lazy("작업별 산출이 신청량과 맞음"),
    ),
    "team": (
        lazy("핵심 역할이 비어 있음"),
        lazy("역할은 찼으나 납품 경험이 적음"),
        lazy("같은 일을 끝까지 해 본 사람들"),
    ),
}
"""What 1, 3 and 5 mean for each criterion, so that members rate on one scale."""


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
    reason = TextAreaField(lazy("회피 사유"), validators=[Length(max=LONGEST_REASON)])

    def validate_reason(self, field: Field) -> None:
        """A member who steps back says why."""
        if self.answer.data == "self_recusal" and not (field.data or "").strip():
            raise ValidationError(gettext("회피 사유를 적어 주세요."))


class ReviewForm(KeyedForm):
    """Five criteria, each with points or an abstention and a reason; made by `review_form`."""

    note = TextAreaField(lazy("메모"), validators=[Length(max=LONGEST_REASON)])

    def parts(self) -> list[tuple[Criterion, Field, Field]]:
        """Return each criterion with its two fields."""
        return [(c, self[f"{c.key}_points"], self[f"{c.key}_reason"]) for c in CRITERIA]

    def to_review(self) -> list[Rating]:
        """Return the ratings of a valid form."""
        return [
            Rating(criterion.key, None if points.data == ABSTAINED else int(points.data), reason.data.strip())
            for criterion, points, reason in self.parts()
        ]

    def show(self, ratings: Sequence[Rating], note: str | None) -> None:
        """Fill the form with a review filed earlier."""
        filed = {rating.criterion: rating for rating in ratings}
        for criterion, points, reason in self.parts():
            if criterion.key in filed:
                points.data = str(filed[criterion.key].points or ABSTAINED)
                reason.data = filed[criterion.key].reason
        self.note.data = note


def review_form() -> ReviewForm:
    """Return the rubric as a form, labels in the present language."""
    fields: dict[str, Field] = {}
    for criterion in CRITERIA:
        label = criterion_label(criterion)
        fields[f"{criterion.key}_points"] = RadioField(
            gettext("%(criterion)s 점수", criterion=label),
            choices=[
                *(SelectChoice(str(points), str(points)) for points in range(1, 6)),
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
    made: ReviewForm = type("RubricForm", (ReviewForm,), fields)()
    return made


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
    """Setting a meeting."""

    title = StringField(
        lazy("회의 이름"), validators=[InputRequired(lazy("회의 이름을 적어 주세요.")), Length(max=200)]
    )
    held_on = DateField(lazy("날짜"), validators=[InputRequired(lazy("날짜를 적어 주세요."))])

    def to_day(self) -> date:
        """Return the day of a valid form."""
        day: date = self.held_on.data or date.max
        return day


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

    def to_choice(self) -> Choice:
        """Return the choice of a valid form."""
        return next(choice for choice in CHOICES if choice == self.choice.data)
