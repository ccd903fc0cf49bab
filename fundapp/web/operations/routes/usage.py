"""GPU usage: take a file in, see what was taken before, and what belongs to nobody yet."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from fundapp.core.access import Kind, Verb
from fundapp.core.errors import InputFileError, InvalidInputError
from fundapp.portfolio.actions import UsageResult, import_usage
from fundapp.portfolio.queries import list_suspense, list_usage_imports
from fundapp.web.operations.doing import REFUSED, kept_upload, may_open, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import UsageForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import current_locale
from fundapp.web.shell.viewer import viewer


@blueprint.get("/usage")
def usage_page() -> ResponseReturnValue:
    """Show the files taken in and the use that belongs to no award."""
    may_open(Kind.USAGE)
    return _page(UsageForm(), None)


@blueprint.post("/usage")
def take_usage() -> ResponseReturnValue:
    """Take in a usage file and say what became of it."""
    may_open(Kind.USAGE, Verb.IMPORT)
    form, result = UsageForm(), None
    if form.validate_on_submit():
        try:
            result = _take(form)
        except InputFileError as error:
            form.file.errors = [error.message(current_locale())]
        except InvalidInputError as error:
            show_fault(form, error, "file")
    return _page(form, result), 200 if result else REFUSED


def _take(form: UsageForm) -> UsageResult:
    at = now()
    with kept_upload(form.file.data, stem="usage", at=at, suffixes=(".csv", ".parquet")) as path:
        return import_usage(db(), path, actor=viewer(), at=at)


def _page(form: UsageForm, result: UsageResult | None) -> str:
    with db().read() as session:
        suspense = list_suspense(session, viewer())
        imports = list_usage_imports(session, viewer())
    return render_template("operations/usage.html", form=form, result=result, suspense=suspense, imports=imports)
