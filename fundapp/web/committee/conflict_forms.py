"""Forms about conflicts and assignment. They check shape and say what is missing; the actions decide."""

from __future__ import annotations

from decimal import Decimal

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, DateField, DecimalField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, Optional

from fundapp.committee.actions import Declaration
from fundapp.committee.queries.register import InterestRow
from fundapp.committee.rules import CHOICES, INTEREST_KINDS, Choice, DeclaredInterest
from fundapp.core.orm import new_id
from fundapp.web.committee.conflict_words import KIND_WORDS
from fundapp.web.shell.forms import KeyedForm, NumberRange
from fundapp.web.shell.language import lazy

LONGEST = 2000
_BUSINESS_DIGITS, _CORPORATE_DIGITS = 10, 13


class InterestForm(KeyedForm):
    """One declared interest."""

    kind = SelectField(
        lazy("종류"),
        choices=[SelectChoice(kind, KIND_WORDS[kind]) for kind in INTEREST_KINDS],
        validators=[InputRequired(lazy("종류를 골라 주세요."))],
    )
    company_name = StringField(
        lazy("회사 이름"), validators=[InputRequired(lazy("회사 이름을 적어 주세요.")), Length(max=200)]
    )
    business_number = StringField(lazy("사업자등록번호"), validators=[Length(max=20)])
    corporate_number = StringField(lazy("법인등록번호"), validators=[Length(max=20)])
    group_name = StringField(lazy("기업집단"), validators=[Length(max=80)])
    share = DecimalField(
        lazy("지분"), places=2, validators=[Optional(), NumberRange(0, 100, lazy("0에서 100 사이로 적어 주세요."))]
    )
    since = DateField(lazy("시작"), validators=[Optional()])
    until = DateField(lazy("끝"), validators=[Optional()])
    relation = StringField(lazy("관계"), validators=[Length(max=80)])
    domain = StringField(lazy("회사 메일 도메인"), validators=[Length(max=120)])
    phone = StringField(lazy("회사 전화"), validators=[Length(max=20)])
    address = StringField(lazy("회사 주소"), validators=[Length(max=200)])

    def to_declaration(self) -> Declaration:
        """Return what a valid form says."""
        share: Decimal | None = self.share.data
        return Declaration(
            kind=self.kind.data,
            company_name=self.company_name.data or "",
            business_number=self.business_number.data or "",
            corporate_number=self.corporate_number.data or "",
            group_name=self.group_name.data or "",
            share_bp=None if share is None else int(share * 100),
            since=self.since.data,
            until=self.until.data,
            relation=self.relation.data or "",
            domain=self.domain.data or "",
            phone=self.phone.data or "",
            address=self.address.data or "",
        )

    def show(self, row: InterestRow) -> None:
        """Fill the form with a declaration that is to be changed."""
        for name in (
            "kind", "company_name", "business_number", "corporate_number", "group_name", "since", "until", "relation",
            "domain", "phone", "address",
        ):  # fmt: skip
            self[name].data = getattr(row, name)
        self.share.data = None if row.share_bp is None else Decimal(row.share_bp) / 100


class ReasonForm(KeyedForm):
    """A button with a reason."""

    reason = TextAreaField(lazy("사유"), validators=[InputRequired(lazy("사유를 적어 주세요.")), Length(max=LONGEST)])


class AnswerForm(ReasonForm):
    """What a suggestion comes to."""

    answer = RadioField(
        lazy("판단"),
        choices=[
            SelectChoice("dismiss", lazy("이해충돌이 아닙니다")),
            SelectChoice("confirm", lazy("이해충돌입니다")),
        ],
        validators=[InputRequired(lazy("하나를 골라 주세요."))],
    )


class GroupForm(KeyedForm):
    """A company of a group."""

    group_name = StringField(lazy("기업집단"), validators=[InputRequired(lazy("이름을 적어 주세요.")), Length(max=80)])
    company_name = StringField(
        lazy("회사 이름"), validators=[InputRequired(lazy("회사 이름을 적어 주세요.")), Length(max=200)]
    )
    business_number = StringField(lazy("사업자등록번호"), validators=[Length(max=20)])
    corporate_number = StringField(lazy("법인등록번호"), validators=[Length(max=20)])
    source = StringField(lazy("출처"), validators=[InputRequired(lazy("출처를 적어 주세요.")), Length(max=200)])


class ChallengeForm(ReasonForm):
    """Challenging a member."""

    person = SelectField(lazy("위원"), validators=[InputRequired(lazy("위원을 골라 주세요."))])


class ChallengeVoteForm(KeyedForm):
    """One vote on a challenge."""

    choice = RadioField(
        lazy("기피 신청을 받아들일까요?"),
        choices=[
            SelectChoice("yes", lazy("받아들임")),
            SelectChoice("no", lazy("받아들이지 않음")),
            SelectChoice("abstain", lazy("기권")),
        ],
        validators=[InputRequired(lazy("하나를 골라 주세요."))],
    )

    def to_choice(self) -> Choice:
        """Return the choice of a valid form."""
        return next(choice for choice in CHOICES if choice == self.choice.data)


class HandForm(ReasonForm):
    """Giving one application to one member."""

    number = StringField(lazy("접수번호"), validators=[InputRequired(lazy("접수번호를 적어 주세요.")), Length(max=60)])
    person = SelectField(lazy("위원"), validators=[InputRequired(lazy("위원을 골라 주세요."))])


class AssignmentFileForm(KeyedForm):
    """A sheet of assignments."""

    file = FileField(lazy("배정 파일"), validators=[InputRequired(lazy("파일을 골라 주세요."))])
    all_or_nothing = BooleanField(lazy("한 줄이라도 틀리면 모두 받지 않기"))


class CheckForm(FlaskForm):  # type: ignore[misc]
    """Who might join; asked by its address, so that a check can be linked to."""

    class Meta:  # noqa: D106 - WTForms reads it
        csrf = False

    person = SelectField(lazy("사람"), validators=[Optional()])
    email = StringField(lazy("이메일"), validators=[Length(max=320)])
    companies = TextAreaField(lazy("관련 회사"), validators=[Length(max=LONGEST)])

    def to_interests(self) -> tuple[DeclaredInterest, ...]:
        """Return the companies named, one a line: a name, a business number or a corporate number."""
        return tuple(read_company(line) for line in (self.companies.data or "").splitlines() if line.strip())


def read_company(line: str) -> DeclaredInterest:
    """Read one line: digits of a number's length prove, anything else is a name."""
    digits = "".join(letter for letter in line if letter.isdigit())
    plain = all(letter.isdigit() or letter in "- " for letter in line.strip())
    return DeclaredInterest(
        person=new_id(),
        kind="employment",
        company_name=line.strip(),
        business_number=digits if plain and len(digits) == _BUSINESS_DIGITS else "",
        corporate_number=digits if plain and len(digits) == _CORPORATE_DIGITS else "",
    )
