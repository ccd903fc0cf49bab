"""What the pages of one's account share: the blueprint, where links lead, and the check of a password."""

from __future__ import annotations

import uuid

from flask import Blueprint, current_app, url_for
from wtforms import StringField

from fundapp.core.sealing import Seal
from fundapp.identity import actions, queries
from fundapp.identity.passwords import verify_password
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.security import instance_secret

blueprint = Blueprint("account", __name__, url_prefix="/account")

REFUSED = 422


def typed(field: StringField) -> str:
    """Return what was typed into a field."""
    return field.data or ""


def link_base(endpoint: str) -> str:
    """Return the public address behind which a token is put: mails are read far from this request's host."""
    path = url_for(endpoint, token="-")  # noqa: S106 - a place for one
    return f"{current_app.config['PUBLIC_URL']}{path.removesuffix('-')}"


def seal_of(person_id: uuid.UUID) -> Seal:
    """Return the seal under which somebody's second factor is kept."""
    return Seal.of(instance_secret(), salt=person_id.bytes, purpose="second factor")


def password_fits(person_id: uuid.UUID, plain: str) -> bool:
    """Return whether a password is somebody's; a wrong one counts, and a closed account has none that is right."""
    at = now()
    with db().read() as session:
        known = queries.find_credentials_of(session, person_id, at)
    if known is None or known.locked:
        return False
    fits = verify_password(plain, known.password_hash)
    if not fits:
        db().transaction(lambda session: actions.record_failed_login(session, person_id=person_id, at=at))
    return fits
