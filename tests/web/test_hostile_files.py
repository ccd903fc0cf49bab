"""Four hundred hostile files through the real form: each ends in an answer, and nothing of it runs anywhere."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pytest
from documents_hostile import NAMES, hostile_files
from flask import Flask
from hostile import CANARY, TAKEN, Hostile
from jinja2 import FileSystemBytecodeCache
from markupsafe import escape
from portal_people import FIRST_NUMBER, Browser, make_portal
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from config import Settings
from fundapp import create_app
from fundapp.core.sessions import Database
from fundapp.intake.documents.apart import REASONS
from fundapp.intake.tables import AttachedDocument, Document
from fundapp.web.shell import security

WHERE = "business_plan"
NOT_IN_A_COPY = re.compile(
    rb"/(JS|JavaScript|Launch|SubmitForm|ImportData|GoToR|GoToE|EmbeddedFiles?|EF|AF|FileAttachment|RichMedia|XFA|AA"
    rb"|Rendition|Movie|Sound|3D|Collection|PieceInfo|PS|Ref|Metadata)(?![A-Za-z0-9])"
)


NEVER_SHOWN = ("<script>alert(1)", "<img src=x", "\r\nSet-Cookie", "\x00", "\u202e", "\u2066", "\u200b")


@dataclass(frozen=True)
class Desk:
    """One application, signed in, with one browser and an hour of files before it."""

    app: Flask
    db: Database
    browser: Browser
    page: str
    hidden: dict[str, str]
    store: Path

    def hand_in(self, one: Hostile) -> TestResponse:
        # As browsers write a name into a form (HTML, multipart/form-data encoding).
        name = one.name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
        data = self.hidden | {"file": (io.BytesIO(one.content), name)}
        answer = self.browser.client.post(f"{self.page}{WHERE}", data=data, content_type="multipart/form-data")
        answer.request.input_stream.close()  # a file where there was much
        return answer

    def newest(self) -> Document | None:
        with self.db.read() as session:
            return session.scalars(select(Document).order_by(Document.uploaded_at.desc(), Document.id.desc())).first()

    def clear(self) -> None:
        """Empty the wallet: it holds 200 files, a requirement five."""

        def work(session: object) -> None:
            session.execute(AttachedDocument.__table__.delete())  # type: ignore[attr-defined]
            session.execute(update(Document).values(removed_at=Document.uploaded_at))  # type: ignore[attr-defined]

        self.db.transaction(work)
        security.limiter.reset()


@pytest.fixture(scope="module")
def desk(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, compiled_templates: FileSystemBytecodeCache
) -> Iterator[Desk]:
    """What a file is does not depend on the database: one of them, and one application, for all files."""
    home = tmp_path_factory.mktemp("hostile")
    shutil.copy(sqlite_template, home / "fund.db")
    database = Database(f"sqlite:///{home / 'fund.db'}")
    settings = Settings.from_environment({"FUND_HOME": str(home), "FUND_SECRET_KEY": "of a test"})
    app = create_app(settings, database)
    app.jinja_env.bytecode_cache = compiled_templates
    portal = make_portal(database, app)
    person = portal.person("founder@example.com")
    application = portal.draft(person, portal.company(person, FIRST_NUMBER))
    browser = portal.browser("founder@example.com")
    page = f"/portal/applications/{application}/documents/"
    yield Desk(app, database, browser, page, browser.hidden(page), Path(app.config["FILES_URL"]))
    security.limiter.reset()
    database.dispose()


def test_every_hostile_file_ends_in_an_answer_and_what_is_kept_cannot_run(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    files = hostile_files()
    assert len(files) >= 300
    faults = [fault for number, one in enumerate(files) for fault in _try(desk, one, number)]
    assert faults == [], "\n".join(faults)
    assert list(tmp_path.iterdir()) == [], "nothing stays where files are opened, or beside it"
    kept = [one for one in desk.store.rglob("*") if one.is_file()]
    assert kept
    assert {one.relative_to(desk.store).parts[0] for one in kept} == {"documents"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", one.name) for one in kept), "names of our own making"
    assert desk.app.test_client().get("/readyz").status_code == 200


def _try(desk: Desk, one: Hostile, number: int) -> Iterator[str]:
    if number % 4 == 0:
        desk.clear()
    before = desk.newest()
    answer = desk.hand_in(one)
    after = desk.newest()
    taken = after is not None and (before is None or after.id != before.id)
    if answer.status_code == 302 and taken and after is not None:
        if TAKEN not in one.reasons:
            yield f"{one.what}: taken"
        yield from (f"{one.what}: {fault}" for fault in _faults_of_kept(desk, after))
        if one.name in NAMES:
            shown = desk.browser.text(desk.page)
            yield from (f"{one.what}: shown as {raw!r}" for raw in NEVER_SHOWN if raw in shown)
    elif answer.status_code in {413, 422} and not taken:
        page = answer.get_data(as_text=True)
        said = [reason for reason in one.reasons if reason != TAKEN and str(escape(REASONS[reason][0])) in page]
        if not said or f'href="#f-{WHERE}"' not in page:
            yield f"{one.what}: refused, but not for {one.reasons} beside its field"
    else:
        yield f"{one.what}: {answer.status_code}, taken: {taken}"


def _faults_of_kept(desk: Desk, kept: Document) -> Iterator[str]:
    for what in ("file", "original"):
        answer = desk.browser.get(f"/documents/{kept.id}/{what}")
        heads = answer.headers
        if answer.status_code != 200 or not re.fullmatch(
            rf"attachment; filename\*=UTF-8''{WHERE}-[0-9a-f]{{8}}\.[a-z]{{3,4}}", heads["Content-Disposition"]
        ):
            yield f"{what} is no download: {heads.get('Content-Disposition')}"
        if heads["X-Content-Type-Options"] != "nosniff" or "sandbox" not in heads["Content-Security-Policy"]:
            yield f"{what} could run"
        if what == "file":
            yield from _faults_of_copy(kept.format, answer.data)


def _faults_of_copy(kind: str, content: bytes) -> Iterator[str]:
    if kind in {"png", "jpeg"} and CANARY.encode() in content:
        yield "the copy of a picture still has what was hidden in it"
    if kind != "pdf":
        return
    if b"<script" in content or b"MZ" + CANARY.encode() in content or b"PK\x05\x06" in content:
        yield "the copy is still two things at once"
    with pikepdf.open(io.BytesIO(content)) as pdf:
        if pdf.is_encrypted or list(pdf.attachments):
            yield "the copy is locked or has files inside"
        for part in pdf.objects:
            if isinstance(part, pikepdf.Stream) and part.get("/Type") in {"/ObjStm", "/XRef"}:
                continue  # what they hold comes by itself
            told = part.unparse()
            if found := NOT_IN_A_COPY.search(told):
                yield f"the copy has {found[0]!r}"
            if CANARY.encode() in told or (isinstance(part, pikepdf.Stream) and _says_canary(part)):
                yield f"the copy has what was hidden: {told[:80]!r}"


def _says_canary(part: pikepdf.Stream) -> bool:
    """Return whether a stream says what was hidden; one that claims a row of 2 GB is not unpacked for that."""
    return CANARY.encode() in (part.read_raw_bytes() if "/DecodeParms" in part else part.read_bytes())
