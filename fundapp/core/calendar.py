"""Meetings and deadlines as calendar files: iCalendar (RFC 5545) with the invitation methods of iTIP (RFC 5546).

An event is told apart by its UID and its SEQUENCE: a later version moves or cancels the entry that a calendar has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_DOMAIN = "axfund.invalid"
_ORGANISER = "mailto:no-reply@axfund.invalid"
_OCTETS = 75
_WRITTEN = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One version of an event.

    Attributes:
        uid: The same in all versions.
        sequence: From 0; grows with each version.
        stamp: When this version was made.
        starts: An instant, or a day where the time is not known.
        ends: Likewise; the day after for a day.
    """

    uid: str
    sequence: int
    stamp: datetime
    starts: datetime | date
    ends: datetime | date
    summary: str
    place: str
    cancelled: bool

    @classmethod
    def of(
        cls,
        *,
        uid: str,
        sequence: int,
        stamp: datetime,
        starts_at: datetime | None,
        ends_at: datetime | None,
        deadline: datetime | None,
        day: date,
        summary: str,
        place: str,
        cancelled: bool,
    ) -> CalendarEvent:
        """Return the event of a sitting, of a written resolution (its last half hour), or of a day."""
        starts: datetime | date = day
        ends: datetime | date = day + timedelta(days=1)
        if deadline is not None:
            starts, ends = deadline - _WRITTEN, deadline
        elif starts_at is not None and ends_at is not None:
            starts, ends = starts_at, ends_at
        return cls(uid, sequence, stamp, starts, ends, summary, place, cancelled)


def calendar_text(event: CalendarEvent, *, attendee: tuple[str, str] | None = None) -> str:
    """Return an event as an iCalendar object; to an attendee (name, address) it is an invitation or a cancellation."""
    method = "PUBLISH" if attendee is None else "CANCEL" if event.cancelled else "REQUEST"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//AX fund//calendar//KO",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{event.uid}@{_DOMAIN}",
        f"SEQUENCE:{event.sequence}",
        f"DTSTAMP:{_instant(event.stamp)}",
        _moment("DTSTART", event.starts),
        _moment("DTEND", event.ends),
        f"SUMMARY:{_text(event.summary)}",
        *([f"LOCATION:{_text(event.place)}"] if event.place else []),
        f"ORGANIZER:{_ORGANISER}",
        *([_attendee(*attendee)] if attendee else []),
        f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}",
        "CLASS:CONFIDENTIAL",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _moment(name: str, value: datetime | date) -> str:
    if isinstance(value, datetime):
        return f"{name}:{_instant(value)}"
    return f"{name};VALUE=DATE:{value:%Y%m%d}"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """Escape a TEXT value (RFC 5545, 3.3.11); what is no printable character becomes a space."""
    plain = "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in value.replace("\r\n", "\n"))
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _attendee(name: str, address: str) -> str:
    """Return an ATTENDEE; a parameter value stands in quotes and can hold none itself (RFC 5545, 3.2)."""
    plain = "".join(sign if sign.isprintable() and sign != '"' else " " for sign in name)
    where = "".join(sign for sign in address if sign.isprintable() and not sign.isspace())
    return f'ATTENDEE;CN="{plain}";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:{where}'


def _folded(line: str) -> str:
    """Fold a line after at most 75 octets, never within a character (RFC 5545, 3.1)."""
    parts, part, room = list[str](), "", _OCTETS
    for sign in line:
        size = len(sign.encode())
        if size > room:
            parts.append(part)
            part, room = "", _OCTETS - 1  # the space that continues a line counts
        part, room = part + sign, room - size
    return "\r\n ".join([*parts, part])
