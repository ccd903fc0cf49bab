"""What goes on in a meeting, told to open pages: a stream of server-sent events that carry no content.

An event says only that something changed for this viewer; its id is a fingerprint of what they may see now. The page
then asks for its parts by an ordinary request, which the policy answers. Whoever was recused, signed out everywhere or
lost their roles in the meantime is told to leave.
"""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator

from fundapp.committee.queries import MeetingPage, SignedIn, find_viewer, meeting_page
from fundapp.core.access import Kind, Thing, Verb, Viewer, may
from fundapp.core.errors import NotFoundError
from fundapp.core.sessions import Database

TICK_SECONDS = 0.4
HEARTBEAT_SECONDS = 10
LIFETIME_SECONDS = 55
"""The browser connects again by itself, and each connection is an ordinary request that asks who is at the door."""
MOST_STREAMS = 16
"""In one worker; whoever comes after asks every two seconds instead."""

_places = threading.BoundedSemaphore(MOST_STREAMS)
_alive: Callable[[], bool] = lambda: True  # noqa: E731 - replaced by the server


def end_when_stopping(alive: Callable[[], bool]) -> None:
    """Let streams end as soon as the server's worker is told to stop."""
    global _alive  # noqa: PLW0603 - one server a process
    _alive = alive


def fingerprint(page: MeetingPage) -> str:
    """Return a hash of what a viewer may see of a meeting now; it tells nobody what."""
    seen = (
        page.state,
        page.outside,
        [(item.ballot_id, item.place, item.state, item.outcome, item.voted, item.current) for item in page.items],
        [(attendee.person_id, attendee.present) for attendee in page.attendees],
    )
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def take_place() -> bool:
    """Take one of the worker's places for a stream, if there is one."""
    return _places.acquire(blocking=False)


def watch(database: Database, key: str, meeting_id: uuid.UUID, last: str | None) -> Iterator[str]:
    """Yield events until the viewer may not see the meeting any more, or the stream has lasted long enough.

    Args:
        database: Asked afresh at every tick, with no connection kept in between.
        key: The viewer's session identifier.
        meeting_id: The meeting.
        last: Id of the last event that the browser has seen; if nothing has changed since, nothing is said.
    """
    try:
        yield from _watch(database, key, meeting_id, last)
    finally:
        _places.release()


def _watch(database: Database, key: str, meeting_id: uuid.UUID, last: str | None) -> Iterator[str]:
    yield "retry: 1000\n\n"
    started = spoke = time.monotonic()
    while _alive() and time.monotonic() - started < LIFETIME_SECONDS:
        seen = _look(database, find_viewer(database, key), meeting_id)
        if seen is None:
            yield "event: leave\ndata: \n\n"
            return
        if seen != last:
            yield f"id: {seen}\nevent: room\ndata: \n\n"
            last, spoke = seen, time.monotonic()
        elif time.monotonic() - spoke >= HEARTBEAT_SECONDS:
            yield ": still here\n\n"
            spoke = time.monotonic()
        time.sleep(TICK_SECONDS)


def _look(database: Database, found: SignedIn | None, meeting_id: uuid.UUID) -> str | None:
    """Return what the room looks like now; while nobody has committed anything, it looks as it did."""
    if found is None or not may(found.viewer, Verb.VIEW, Thing(Kind.BALLOT)):
        return None
    question = ("room", found.viewer, meeting_id)
    seen: str | None = database.recollection.recall(found.state, question)
    if seen is None:
        seen = _look_again(database, found.viewer, meeting_id)
        database.recollection.keep(found.state, question, seen)
    return seen


def _look_again(database: Database, viewer: Viewer, meeting_id: uuid.UUID) -> str | None:
    try:
        with database.read() as session:
            return fingerprint(meeting_page(session, viewer, meeting_id))
    except NotFoundError:
        return None
