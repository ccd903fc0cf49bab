"""Forms of the register of conditions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from wtforms import DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, Optional

from fundapp.committee.queries import PossibleOwner
from fundapp.committee.rules import LONGEST_EVIDENCE, Choice
from fundapp.web.operations.forms.staff import LONGEST_REASON
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import gettext, lazy

_NEEDED = lazy("꼭 필요합니다")
_LONGEST_LINKS = 5000


class EvidenceForm(KeyedForm):
    """What shows that a condition is met."""

    text = TextAreaField(lazy("증빙"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_EVIDENCE)])
    links = TextAreaField(lazy("자료 주소"), validators=[Optional(), Length(max=_LONGEST_LINKS)])

    def to_links(self) -> list[str]:
        """Return the addresses, one a line."""
        return (self.links.data or "").splitlines()


class JudgementForm(KeyedForm):
    """What somebody else finds about a version of evidence."""

    version = IntegerField(validators=[InputRequired(message=_NEEDED)])
    outcome = StringField(validators=[AnyOf(["accept", "return"], message=_NEEDED)])
    reason = TextAreaField(lazy("사유"), validators=[Optional(), Length(max=LONGEST_REASON)])


class OwnerForm(KeyedForm):
    """Who owes the evidence, and by when."""

    owner = SelectField(lazy("담당"), validators=[InputRequired(message=_NEEDED)])
    due_on = DateField(lazy("기한"), validators=[Optional()])
    reason = StringField(lazy("바꾸는 사유"), validators=[DataRequired(message=_NEEDED), Length(max=LONGEST_REASON)])

    def offer(self, candidates: Iterable[PossibleOwner], company: str) -> None:
        """Offer the company as a whole, its people, and the fund's."""
        sides = {"company": company, "fund": gettext("펀드")}
        self.owner.choices = [
            SelectChoice("company:", gettext("%(company)s 누구나", company=company)),
            *(SelectChoice(f"{one.side}:{one.person_id}", f"{one.name} ({sides[one.side]})") for one in candidates),
        ]

    def to_owner(self) -> tuple[str, uuid.UUID | None]:
        """Return the side and the person of a form that is in order."""
        side, _, person = str(self.owner.data).partition(":")
        return side, uuid.UUID(person) if person else None


class WaiverVoteForm(KeyedForm):
    """One vote about a waiver."""

    choice = StringField(lazy("내 표"), validators=[AnyOf(["yes", "no", "abstain"], message=_NEEDED)])

    def to_choice(self) -> Choice:
        """Return the choice of a form that is in order."""
        choices: dict[str, Choice] = {"yes": "yes", "no": "no"}
        return choices.get(str(self.choice.data), "abstain")
