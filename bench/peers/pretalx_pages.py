"""Runs inside pretalx's own environment: fills a database with submissions and reviews, then opens its
list of reviews when asked.

Not part of the product. `bench/peers/running.py` starts it, waits for `ready`, and names a page for each opening.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

REVIEWERS = 60
REVIEWS_EACH = 3


def main() -> None:
    """Fill, time and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--submissions", type=int, required=True)
    asked = parser.parse_args()
    os.environ |= {
        "PRETALX_DATA_DIR": str(asked.folder / "data"),
        "PRETALX_DB_TYPE": "sqlite3",
        "PRETALX_DB_NAME": str(asked.folder / "pretalx.db"),
        "PRETALX_DEBUG": "False",
        "PRETALX_NO_INITIAL_LOG": "1",
        "DJANGO_SETTINGS_MODULE": "pretalx.settings",
    }
    os.chdir(asked.folder)

    import django  # noqa: PLC0415 - the settings must be there first
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    path = _fill(asked.submissions)
    client, pages = _client(), {"review list": path}
    _open(client, path)
    print("ready", flush=True)
    for line in sys.stdin:
        print(_open(client, pages[line.strip()]), flush=True)


def _fill(count: int) -> str:
    """Make an event under review with submissions and three reviews of each; return the list's address."""
    from django.utils.timezone import now  # noqa: PLC0415
    from django_scopes import scope, scopes_disabled  # noqa: PLC0415
    from pretalx.event.models import Event  # noqa: PLC0415
    from pretalx.event.utils import create_organiser_with_team  # noqa: PLC0415
    from pretalx.person.models import User  # noqa: PLC0415
    from pretalx.submission.models import Review, Submission  # noqa: PLC0415

    chief = User.objects.create_user(email="bench@example.org", password="bench", name="Bench")  # noqa: S106 - its own
    chief.is_administrator = True
    chief.save()
    people = [User.objects.create_user(email=f"r{n}@example.org", name=f"R{n}") for n in range(REVIEWERS)]
    with scopes_disabled():
        organiser, team = create_organiser_with_team(name="Bench", slug="bench", users=[chief])
        opens = now() + timedelta(days=60)
        event = Event.objects.create(
            name="Bench",
            slug="bench",
            organiser=organiser,
            is_public=True,
            date_from=opens.date(),
            date_to=opens.date() + timedelta(days=2),
            timezone="Asia/Seoul",
            email="bench@example.org",
            locale_array="en",
            locale="en",
        )
    with scope(event=event):
        event.build_initial_data()
        team.limit_events.add(event)
        kind = event.cfp.default_type
        made = Submission.objects.bulk_create(
            Submission(event=event, code=f"B{n:06d}", title=f"Proposal {n}", submission_type=kind, state="submitted")
            for n in range(count)
        )
        Submission.speakers.through.objects.bulk_create(
            Submission.speakers.through(submission_id=one.pk, user_id=people[n % REVIEWERS].pk)
            for n, one in enumerate(made)
        )
        Review.objects.bulk_create(
            Review(submission=one, user=people[(n + turn) % REVIEWERS], text="x", score=(n + turn) % 3)
            for n, one in enumerate(made)
            for turn in range(1, REVIEWS_EACH + 1)
        )
    return "/orga/event/bench/reviews/"


def _client() -> Any:  # noqa: ANN401 - Django's own
    from django.test import Client  # noqa: PLC0415
    from pretalx.person.models import User  # noqa: PLC0415

    client = Client(HTTP_HOST="localhost")
    client.force_login(User.objects.get(email="bench@example.org"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def _open(client: Any, path: str) -> float:  # noqa: ANN401 - Django's own
    started = time.perf_counter()
    answer = client.get(path)
    seconds = time.perf_counter() - started
    assert answer.status_code == 200, (path, answer.status_code)
    assert b"Proposal" in answer.content
    return seconds


if __name__ == "__main__":
    main()
