"""The receipt of a submission: on the page, as a PDF with every answer as it was sent."""

from __future__ import annotations

import uuid

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.intake.document_queries import list_submitted
from fundapp.intake.form import Question
from fundapp.intake.submitted import FrozenVersion, list_versions
from fundapp.reporting.receipts import AnswerRows, ReceiptRows, print_receipt
from fundapp.web.portal import shown
from fundapp.web.portal.door import ONE, blueprint, own_page
from fundapp.web.portal.pages import ApplicationPage
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.formats import clock_time, instant
from fundapp.web.shell.language import current_locale, gettext, pick
from fundapp.web.shell.rows import rows_table
from fundapp.web.shell.viewer import viewer


@blueprint.get(f"{ONE}/receipts/<int:version>")
def receipt(application_id: uuid.UUID, version: int) -> ResponseReturnValue:
    """Show the receipt of one submission."""
    page = own_page(application_id, now())
    found = next((one for one in page.application.submissions if one.version == version), None)
    if found is None:
        raise NotFoundError
    with db().read() as session:
        papers = list_submitted(session, viewer(), application_id, version)
    return render_template("portal/receipt.html", page=page, receipt=found, papers=papers)


@blueprint.get(f"{ONE}/receipts/<int:version>.pdf")
def receipt_pdf(application_id: uuid.UUID, version: int) -> Response:
    """Return the receipt as a PDF: what was received, word for word."""
    page = own_page(application_id, now())
    with db().read() as session:
        versions = list_versions(session, viewer(), application_id)
    found = next((one for one in versions if one.version == version), None)
    if found is None:
        raise NotFoundError
    made = print_receipt(_rows(page, found), locale="en" if current_locale() == "en" else "ko")
    answer = Response(made, content_type="application/pdf")
    name = f"receipt-{page.application.number}-v{version}.pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _rows(page: ApplicationPage, found: FrozenVersion) -> ReceiptRows:
    """Put what was sent into words, section by section."""
    asked = page.form.asked_of(found.answers)
    sent = next(one for one in page.application.submissions if one.version == found.version)
    received = f"{instant(found.submitted_at, current_locale(), year=True)} ({clock_time(found.submitted_at)})"
    facts = (
        (gettext("접수 번호"), page.application.number),
        (gettext("공모"), pick(page.call.title_ko, page.call.title_en)),
        (gettext("신청 기업"), page.application.company_name),
        (gettext("접수 시각"), received),
        (gettext("판"), gettext("제%(version)s판", version=found.version)),
        (gettext("제출한 사람"), sent.submitted_by),
    )
    sections = tuple(
        (
            pick(section.title_ko, section.title_en),
            tuple(row for question in section.questions for row in _answers(question, found)),
        )
        for section in asked.sections
    )
    return ReceiptRows(
        number=page.application.number,
        company=page.application.company_name,
        version=found.version,
        sha256=found.sha256,
        facts=facts,
        sections=sections,
        issued_on=kst_date(found.submitted_at),
    )


def _answers(question: Question, found: FrozenVersion) -> list[AnswerRows]:
    if question.parts:
        given = [part for part in question.parts if part.key in found.answers]
        return [AnswerRows(shown.label_of(part), shown.spoken(part, found.answers[part.key])) for part in given]
    value = found.answers.get(question.key)
    table = rows_table(question, value, shown.spoken)
    if table is None:
        return [AnswerRows(shown.label_of(question), shown.spoken(question, value))]
    lines = [tuple(cell or "—" for cell in line) for line in table.lines]
    if table.totals:
        lines.append((table.totals[0] or gettext("합계"), *table.totals[1:]))
    return [AnswerRows(shown.label_of(question), "", table.heads, tuple(lines))]
