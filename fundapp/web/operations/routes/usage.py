"""GPU usage: take exports in, see what was taken before, say whose it is, and what a machine size stands for."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from fundapp.core.access import Kind, Verb
from fundapp.core.errors import FundError, InputFileError, InvalidInputError, NotFoundError
from fundapp.portfolio.focus import TEMPLATE_EN, TEMPLATE_KO
from fundapp.portfolio.queries import (
    find_refusals,
    list_award_choices,
    list_owners,
    list_suspense,
    list_unmapped,
    list_usage_imports,
)
from fundapp.portfolio.usage import UsageResult, add_size, forget_owner, import_usage, list_sizes, map_owner
from fundapp.web.operations.doing import REFUSED, act, may_open, say_faults, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms.usage import OwnerForm, SizeForm, UsageForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_KINDS = (".csv", ".csv.gz", ".parquet", ".json")


@blueprint.get("/usage")
def usage_page() -> ResponseReturnValue:
    """Show the exports taken in and the use that belongs to no award."""
    may_open(Kind.USAGE)
    if form := asked_download():
        with db().read() as session:
            rows = list_usage_imports(session, viewer())
        columns = [
            Column(gettext("파일")),
            Column(gettext("올린 때"), "instant"),
            Column(gettext("올린 사람")),
            Column(gettext("행"), "number"),
            Column(gettext("적음"), "number"),
            Column("SHA-256"),
        ]
        cells: list[list[Cell]] = [
            [
                row.file_name,
                row.imported_at,
                row.imported_by,
                int(str(row.summary["rows"])),
                int(str(row.summary["posted"])),
                row.content_sha256,
            ]
            for row in rows
        ]
        return table_download(gettext("사용량 파일"), columns, cells, form=form)
    return _page(UsageForm(formdata=None), None)


@blueprint.post("/usage")
def take_usage() -> ResponseReturnValue:
    """Take in an export, or say what it would change."""
    may_open(Kind.USAGE, Verb.IMPORT)
    form, result = UsageForm(), None
    preview = "preview" in request.form
    if form.validate_on_submit():
        try:
            with _kept(form.files.data, now()) as parts:
                result = import_usage(
                    db(), parts, actor=viewer(), at=now(), dry_run=preview, take_over=bool(form.take_over.data)
                )
        except InputFileError as error:
            form.files.errors = [say_refusal(error)]
        except InvalidInputError as error:
            show_fault(form, error, "files")
    return _page(form, result, preview=preview), 200 if result else REFUSED


@contextmanager
def _kept(uploads: Sequence[FileStorage], at: datetime) -> Iterator[list[Path]]:
    """Keep uploads in a private folder as long as they are read.

    Raises:
        InvalidInputError: if one is of a kind that we do not read.
    """
    with tempfile.TemporaryDirectory(prefix="fund-upload-") as folder:
        parts = []
        for number, upload in enumerate(uploads, start=1):
            given = upload.filename or ""
            kind = next((one for one in reversed(_KINDS) if given.lower().endswith(one)), None)
            if kind is None:
                listed = ", ".join(_KINDS)
                raise InvalidInputError(
                    field="files", reason_ko=f"{listed} 파일을 골라 주세요", reason_en=f"choose {listed} files"
                )
            name = secure_filename(given)
            if not name.lower().endswith(kind) or name.lower() == kind.lstrip("."):
                name = f"usage-{at:%Y%m%d-%H%M%S}-{number}{kind}"
            path = Path(folder) / name
            upload.save(path)
            parts.append(path)
        yield parts


def _page(form: UsageForm, result: UsageResult | None, *, preview: bool = False) -> str:
    with db().read() as session:
        suspense = list_suspense(session, viewer())
        imports = list_usage_imports(session, viewer())
    return render_template(
        "operations/usage.html", form=form, result=result, preview=preview, suspense=suspense, imports=imports
    )


@blueprint.get("/usage/template.csv")
def usage_template() -> ResponseReturnValue:
    """Give an empty list of hours to fill in."""
    may_open(Kind.USAGE)
    titles = pick(",".join(TEMPLATE_KO), ",".join(TEMPLATE_EN))
    body = f"\ufeff{titles}\r\n1234567890,H100,{now():%Y-%m-%d},24,koreacentral\r\n"
    answer = Response(body, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="gpu-hours.csv"'
    return answer


@blueprint.get("/usage/imports/<uuid:import_id>/rejected")
def usage_rejected(import_id: uuid.UUID) -> ResponseReturnValue:
    """Give the rows of an export that were refused, with the reasons."""
    may_open(Kind.USAGE)
    with db().read() as session:
        refused = find_refusals(session, viewer(), import_id)
    columns = [Column(gettext("행"), "number"), Column(gettext("칸")), Column(gettext("이유"))]
    cells: list[list[Cell]] = [[row.row, row.field, pick(row.message_ko, row.message_en)] for row in refused]
    return table_download(gettext("받지 않은 행"), columns, cells, form=asked_download() or "csv")


@blueprint.get("/usage/mapping")
def usage_mapping() -> ResponseReturnValue:
    """Show whose use is unknown, and every answer given."""
    may_open(Kind.USAGE)
    with db().read() as session:
        unmapped = list_unmapped(session, viewer())
        owners = list_owners(session, viewer())
        awards = list_award_choices(session, viewer())
    if form := asked_download():
        columns = [
            Column(gettext("사용한 쪽")),
            Column(gettext("협약")),
            Column(gettext("적용 시작일(UTC)"), "day"),
            Column(gettext("적용 종료일(UTC)"), "day"),
            Column(gettext("근거")),
            Column(gettext("적은 사람")),
            Column(gettext("적은 때"), "instant"),
        ]
        cells: list[list[Cell]] = [
            [row.name, row.award, row.valid_from, row.valid_to, row.reason, row.recorded_by, row.recorded_at]
            for row in owners
        ]
        return table_download(gettext("사용량 매핑"), columns, cells, form=form)
    waiting = []
    for row in unmapped:
        one = OwnerForm(
            formdata=None,
            name=row.owner,
            award=row.likely.number if row.likely else None,
            valid_from=row.first_day.replace(day=1),
        )
        one.offer_awards(awards)
        waiting.append((row, one))
    return render_template("operations/usage_mapping.html", waiting=waiting, owners=owners)


@blueprint.post("/usage/mapping")
def map_usage() -> ResponseReturnValue:
    """Record whose use something is; what waits in suspense moves at once."""
    may_open(Kind.USAGE, Verb.EDIT)
    form = OwnerForm()
    with db().read() as session:
        form.offer_awards(list_award_choices(session, viewer()))
    if not form.validate_on_submit():
        say_faults(form)
        return redirect(url_for(".usage_mapping"))
    last: date | None = form.valid_to.data
    act(
        lambda session: map_owner(
            session,
            name=form.name.data or "",
            award=form.award.data,
            valid_from=form.first_day(),
            valid_to=last,
            reason=form.reason.data or "",
            actor=viewer(),
            at=now(),
        ),
        gettext("%(name)s의 사용을 %(award)s로 옮겼습니다.", name=form.name.data, award=form.award.data),
        form,
    )
    return redirect(url_for(".usage_mapping"))


@blueprint.post("/usage/mapping/forget")
def forget_usage() -> ResponseReturnValue:
    """Take an answer back for later imports."""
    may_open(Kind.USAGE, Verb.EDIT)
    name = request.form.get("name", "")
    act(
        lambda session: forget_owner(session, name=name, reason="", actor=viewer(), at=now()),
        gettext("%(name)s의 매핑을 거두었습니다. 다음에 올리는 파일부터 적용됩니다.", name=name),
    )
    return redirect(url_for(".usage_mapping"))


@blueprint.get("/usage/sizes")
def usage_sizes() -> ResponseReturnValue:
    """Show the table of machine sizes."""
    may_open(Kind.USAGE)
    if form := asked_download():
        with db().read() as session:
            rows = list_sizes(session, viewer())
        columns = [
            Column(gettext("크기 이름")),
            Column(gettext("적용 시작일(UTC)"), "day"),
            Column(gettext("GPU 종류")),
            Column(gettext("GPU 수")),
            Column(gettext("출처")),
        ]
        cells: list[list[Cell]] = [[row.name, row.valid_from, row.sku, row.gpus, row.source] for row in rows]
        return table_download(gettext("머신 크기표"), columns, cells, form=form)
    return _sizes_page(SizeForm(formdata=None))


@blueprint.post("/usage/sizes")
def add_usage_size() -> ResponseReturnValue:
    """Record what a machine size stands for from a day on."""
    may_open(Kind.USAGE, Verb.EDIT)
    form = SizeForm()
    if not form.validate_on_submit():
        return _sizes_page(form), REFUSED
    try:
        db().transaction(
            lambda session: add_size(
                session,
                name=form.name.data or "",
                valid_from=form.first_day(),
                sku=form.sku.data or "",
                gpus=form.gpus.data or "",
                memory_gb=form.memory_gb.data or 0,
                source=form.source.data or "",
                actor=viewer(),
                at=now(),
            )
        )
    except NotFoundError:
        raise
    except InvalidInputError as error:
        show_fault(form, error, "name")
        return _sizes_page(form), REFUSED
    except FundError as error:
        form.name.errors = [say_refusal(error)]
        return _sizes_page(form), REFUSED
    flash(gettext("크기를 더했습니다."), "ok")
    return redirect(url_for(".usage_sizes"))


def _sizes_page(form: SizeForm) -> str:
    with db().read() as session:
        rows = list_sizes(session, viewer())
    return render_template("operations/usage_sizes.html", form=form, rows=rows)
