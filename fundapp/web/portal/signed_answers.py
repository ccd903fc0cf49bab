"""Changed answers that a second person of the company signs before they are sent: before and after on one page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from fundapp.committee.queries import (
    AskedRow,
    ProposedRow,
    WaitingAnswerRow,
    find_proposed,
    list_waiting_answers,
    wants_signature,
)
from fundapp.committee.signed_answers import content_of, preview_proposal
from fundapp.core.access import Role
from fundapp.core.errors import FundError
from fundapp.web.portal import pages
from fundapp.web.portal.certifying import ask_certifier_form
from fundapp.web.portal.differences import Changed, differences
from fundapp.web.portal.forms import AskCertifierForm, SendBackForm, SignForm
from fundapp.web.portal.inquiry_door import blueprint
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.viewer import viewer


class SignAnswerForm(SignForm, KeyedForm):
    """A signature that sends an answer: once, however often it is pressed."""


@dataclass(frozen=True, slots=True)
class Signing:
    """What an inquiry's page says of a signature.

    Attributes:
        wanted: Whether changed answers want one.
        proposed: The answer that waits or came back.
        changes: What it would change.
        content: Hash of what would be signed; empty where it cannot be made any more.
        asking: The form that names who is to sign.
        mine: Whether the viewer is the one who was asked.
        sign: The form that signs.
        back: The form that sends back.
    """

    wanted: bool
    proposed: ProposedRow | None
    changes: tuple[Changed, ...]
    content: str
    asking: AskCertifierForm
    mine: bool
    sign: SignAnswerForm
    back: SendBackForm

    @property
    def waits(self) -> bool:
        """Whether an answer waits."""
        return self.proposed is not None and self.proposed.waits


def signing_of(
    session: Session,
    page: pages.ApplicationPage,
    asked: AskedRow,
    sign: SignAnswerForm | None = None,
    back: SendBackForm | None = None,
) -> Signing:
    """Return what the page of an inquiry says of a signature; nothing once it is over.

    Args:
        session: Reads.
        page: The application's.
        asked: The inquiry.
        sign: The form that signs, as it was refused.
        back: The form that sends back, as it was refused.
    """
    open_ = asked.answer is None and asked.withdrawn is None
    proposed = find_proposed(session, viewer(), asked.inquiry_id) if open_ else None
    changes: list[Changed] = []
    content = ""
    if proposed is not None and proposed.waits:
        try:
            amendment = preview_proposal(session, asked.inquiry_id, viewer(), now())
        except FundError:
            amendment = None
        if amendment is not None:
            changes = differences(page.form, asked.questions, amendment.frozen.answers, amendment.answers)
            content = content_of(amendment, proposed.body)
    return Signing(
        wanted=open_ and bool(asked.questions) and wants_signature(session, viewer(), asked.application_id),
        proposed=proposed,
        changes=tuple(changes),
        content=content,
        asking=ask_certifier_form(page.application.company_id),
        mine=proposed is not None and proposed.certifier_id == viewer().person_id,
        sign=sign or SignAnswerForm(formdata=None),
        back=back or SendBackForm(formdata=None),
    )


@blueprint.app_template_global()
def answers_waiting_for_me() -> list[WaitingAnswerRow]:
    """Return the changed answers that wait for the viewer's signature."""
    if not viewer().has(Role.APPLICANT) or not viewer().company_ids:
        return []
    with db().read() as session:
        return list_waiting_answers(session, viewer())
