"""Making people, letting them in, proving who they are by mail and telephone, and taking rights away."""

from __future__ import annotations

from fundapp.identity.actions.factors import begin_factor, confirm_factor, drop_factor, pass_factor, reset_factor
from fundapp.identity.actions.links import (
    ask_confirmation,
    ask_move,
    ask_recovery,
    confirm_email,
    move_email,
    prove_address,
    recover_password,
    warn_holder,
)
from fundapp.identity.actions.passkeys import (
    Challenge,
    Party,
    add_passkey,
    ask_new,
    ask_passkey,
    pass_passkey,
    remove_passkey,
)
from fundapp.identity.actions.people import (
    create_person,
    deactivate_person,
    ensure_roles,
    issue_token,
    record_failed_login,
    record_login,
    revoke_sessions,
    revoke_token,
    set_password,
    set_roles,
    token_hash,
)
from fundapp.identity.actions.posting import resend_mail
from fundapp.identity.actions.reading import choose_language, mark_seen

__all__ = [
    "Challenge",
    "Party",
    "add_passkey",
    "ask_confirmation",
    "ask_move",
    "ask_new",
    "ask_passkey",
    "ask_recovery",
    "begin_factor",
    "choose_language",
    "confirm_email",
    "confirm_factor",
    "create_person",
    "deactivate_person",
    "drop_factor",
    "ensure_roles",
    "issue_token",
    "mark_seen",
    "move_email",
    "pass_factor",
    "pass_passkey",
    "prove_address",
    "record_failed_login",
    "record_login",
    "recover_password",
    "remove_passkey",
    "resend_mail",
    "reset_factor",
    "revoke_sessions",
    "revoke_token",
    "set_password",
    "set_roles",
    "token_hash",
    "warn_holder",
]
