"""A document's file as a download that no browser runs, and its pages as pictures."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from flask import Blueprint, Response, current_app

from fundapp.committee.queries import find_pledge
from fundapp.core.access import Role
from fundapp.core.errors import NotFoundError
from fundapp.core.files import read_bytes
from fundapp.intake.document_queries import DocumentRow, find_document
from fundapp.intake.documents.apart import FileRefusedError
from fundapp.intake.documents.kinds import media_type_of
from fundapp.intake.documents.receiving import STORED_IN, page_picture
from fundapp.web.shell.database import db
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("documents", __name__, url_prefix="/documents")
blueprint.before_request(only(*Role))

FILES_URL = "FILES_URL"
_POLICY = "sandbox; default-src 'none'"


@blueprint.get("/<uuid:document_id>/file")
def file(document_id: uuid.UUID) -> Response:
    """Hand out the cleaned copy; the file as it came where none could be made."""
    document = _find(document_id)
    content = read_bytes(current_app.config[FILES_URL], STORED_IN, document.cleaned_sha256 or document.sha256)
    return _sealed(content, media_type_of(document.format), f"attachment; filename*=UTF-8''{quote(_name(document))}")


@blueprint.get("/<uuid:document_id>/original")
def original(document_id: uuid.UUID) -> Response:
    """Hand out the file exactly as it came, to those who have to prove what was handed in; reviewers get the copy."""
    document = _find(document_id)
    if viewer().has(Role.COMMITTEE, Role.CHAIR) and document.company_id not in viewer().company_ids:
        raise NotFoundError
    content = read_bytes(current_app.config[FILES_URL], STORED_IN, document.sha256)
    return _sealed(content, "application/octet-stream", f"attachment; filename*=UTF-8''{quote(_name(document))}")


@blueprint.get("/<uuid:document_id>/pages/<int:page>.png")
def picture(document_id: uuid.UUID, page: int) -> Response:
    """Show one page."""
    document = _find(document_id)
    store = current_app.config[FILES_URL]
    try:
        content = page_picture(store, document.format, document.cleaned_sha256, page)
    except FileRefusedError:
        return Response(status=404)
    return _sealed(content, "image/png", "inline")


def _find(document_id: uuid.UUID) -> DocumentRow:
    """Return a document the viewer may see; a member of the committee only once they have pledged to have no interest.

    Raises:
        NotFoundError: otherwise.
    """
    with db().read() as session:
        found, through = find_document(session, viewer(), document_id)
        judges = viewer().has(Role.COMMITTEE, Role.CHAIR)
        if through is not None and judges and find_pledge(session, viewer(), through) is None:
            raise NotFoundError
    return found


def _name(document: DocumentRow) -> str:
    """Return a name of our own making: what it is, and which; nothing of what the sender called it."""
    suffix = "jpg" if document.format == "jpeg" else document.format
    return f"{document.kind}-{document.sha256[:8]}.{suffix}"


def _sealed(content: bytes, media_type: str, disposition: str) -> Response:
    answer = Response(content, content_type=media_type)
    answer.headers["Content-Disposition"] = disposition
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
