"""What the mail that applicants get says: read, try with a real application, save as the next version."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.intake.actions import save_mail_text
from fundapp.intake.mail_queries import example_values, list_mail_texts, mail_text_page
from fundapp.intake.mail_texts import LANGUAGES, PLACES, MailTexts, check_texts
from fundapp.web.operations.doing import REFUSED
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms.mail import MailTextForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer


@blueprint.get("/mail-texts")
def mail_texts_page() -> ResponseReturnValue:
    """List the kinds of mail that applicants get."""
    with db().read() as session:
        rows = list_mail_texts(session, viewer())
    return render_template("operations/mail_texts.html", rows=rows)


@blueprint.get("/mail-texts/<key>")
def mail_text(key: str) -> ResponseReturnValue:
    """Show one kind of mail, filled with a real application."""
    form = MailTextForm(formdata=None)
    with db().read() as session:
        found = mail_text_page(session, viewer(), key)
    form.show(found.texts, found.version)
    return _page(key, form, found.texts)


@blueprint.post("/mail-texts/<key>")
def save_text(key: str) -> ResponseReturnValue:
    """Save a text as the next version, or only show what it would say."""
    form, texts, at = MailTextForm(), MailTextForm().to_texts(), now()
    if not form.validate_on_submit():
        return _page(key, form, None), REFUSED
    try:
        if request.form.get("try"):
            check_texts(texts)
            return _page(key, form, texts)
        version = db().transaction(
            lambda s: save_mail_text(s, key=key, texts=texts, base=form.to_base(), actor=viewer(), at=at)
        )
    except NotFoundError:
        raise
    except InvalidInputError as error:
        form[str(error.details["field"])].errors = [
            pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))
        ]
        return _page(key, form, None), REFUSED
    except FundError as error:
        return _page(key, form, texts, say_refusal(error)), REFUSED
    flash(gettext("제%(num)s판으로 저장했습니다. 다음 메일부터 이 글을 씁니다.", num=version), "ok")
    return redirect(url_for(".mail_text", key=key))


def _page(key: str, form: MailTextForm, texts: MailTexts | None, refusal: str = "") -> str:
    """Render the page; a text that could not be filled has no preview."""
    with db().read() as session:
        found = mail_text_page(session, viewer(), key)
        values = example_values(session, viewer(), at=now(), public_url=current_app.config["PUBLIC_URL"])
    shown = {language: texts.filled(values, language) for language in LANGUAGES} if texts else {}
    places = {name: pick(*both) for name, both in PLACES.items()}
    return render_template(
        "operations/mail_text.html", found=found, form=form, shown=shown, places=places, refusal=refusal
    )
