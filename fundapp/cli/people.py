"""Commands about people."""

from __future__ import annotations

import secrets
import sys

import click

from fundapp.cli.console import Answer, Console, command
from fundapp.core.access import SYSTEM, Role
from fundapp.identity.actions import create_person, ensure_roles
from fundapp.identity.passwords import hash_password


@command(
    "create",
    click.argument("email"),
    click.option("--role", required=True, type=click.Choice([str(role) for role in Role])),
    click.option("--name", default="", help="Name as shown; default the part before @."),
    click.option("--investor", help="For partners: kt or microsoft."),
    click.option("--password-stdin", is_flag=True, help="Read the password from standard input."),
)
def create(console: Console, *, email: str, role: str, name: str, investor: str | None, password_stdin: bool) -> Answer:
    """Create somebody who can sign in. Without --password-stdin a password is made and printed once."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else secrets.token_urlsafe(15)
    database, at = console.database, console.now()
    hashed = hash_password(password)
    database.transaction(ensure_roles)
    person_id = database.transaction(
        lambda s: create_person(
            s,
            actor=SYSTEM,
            at=at,
            email=email,
            name=name or email.partition("@")[0],
            roles=[role],
            password_hash=hashed,
            investor=investor,
        )
    )
    document = {"id": str(person_id), "email": email.lower(), "role": role}
    lines = [f"created {email.lower()} as {role}"]
    if not password_stdin:
        document["password"] = password
        lines.append(f"password (shown once): {password}")
    return Answer(document, lines)


@click.group("user")
def user() -> None:
    """People who can sign in."""


user.add_command(create)
COMMANDS = [user]
