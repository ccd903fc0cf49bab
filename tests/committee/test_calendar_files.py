"""Calendar files by RFC 5545: lines, folding, escaping and time, with the RFC's own examples."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from fundapp.core.calendar import CalendarEvent, calendar_text

AT = datetime(2026, 5, 20, 3, 0, tzinfo=UTC)


def event(**changes: Any) -> CalendarEvent:  # noqa: ANN401 - fields of an event
    common: dict[str, Any] = {
        "uid": "01",
        "sequence": 0,
        "stamp": AT,
        "starts_at": AT + timedelta(days=1),
        "ends_at": AT + timedelta(days=1, hours=2),
        "deadline": None,
        "day": date(2026, 5, 21),
        "summary": "제7회 투자심의위원회",
        "place": "",
        "cancelled": False,
    }
    return CalendarEvent.of(**common | changes)


def unfolded(text: str) -> list[str]:
    """Read content lines as section 3.1 says: a line break and one space in front is no line break."""
    assert text.endswith("\r\n")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def test_lines_end_with_both_signs_and_hold_at_most_75_octets_of_whole_characters() -> None:
    text = calendar_text(event(summary="가나다라마바사아자차카타파하" * 9), attendee=("강" * 60, "a@example.org"))
    lines = text.split("\r\n")
    assert max(len(line.encode()) for line in lines) <= 75
    assert "\n" not in text.replace("\r\n", "")
    assert "SUMMARY:" + "가나다라마바사아자차카타파하" * 9 in unfolded(text)
    for line in lines:
        assert "�" not in line.encode().decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("given", "written"),
    [
        # RFC 5545, 3.3.11: "Project XYZ Final Review\nConference Room - 3B\nCome Prepared."
        (
            "Project XYZ Final Review\nConference Room - 3B\nCome Prepared.",
            "Project XYZ Final Review\\nConference Room - 3B\\nCome Prepared.",
        ),
        ("a;b,c\\d", "a\\;b\\,c\\\\d"),
        ("줄\r\n바꿈\x07", "줄\\n바꿈 "),
    ],
)
def test_texts_are_escaped(given: str, written: str) -> None:
    assert f"LOCATION:{written}" in unfolded(calendar_text(event(place=given)))


def test_a_name_cannot_break_out_of_its_parameter() -> None:
    (line,) = [
        line
        for line in unfolded(calendar_text(event(), attendee=('E"vil;X=1:\r\nATTACH', "a@b.example\r\nBCC:x")))
        if line.startswith("ATTENDEE")
    ]
    assert line == (
        'ATTENDEE;CN="E vil;X=1:  ATTACH";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:a@b.exampleBCC:x'
    )


def test_an_event_has_every_property_that_the_rfc_requires_once() -> None:
    lines = unfolded(calendar_text(event(), attendee=("One", "one@example.org")))
    names = [line.split(":")[0].split(";")[0] for line in lines]
    assert names[:2] == ["BEGIN", "VERSION"]
    assert lines[0 :: len(lines) - 1] == ["BEGIN:VCALENDAR", "END:VCALENDAR"]
    for name in ("VERSION", "PRODID", "METHOD", "UID", "DTSTAMP", "DTSTART", "DTEND", "SEQUENCE", "ORGANIZER"):
        assert names.count(name) == 1
    assert "DTSTART:20260521T030000Z" in lines
    assert "METHOD:REQUEST" in lines


def test_a_meeting_without_times_takes_its_day_and_a_written_one_the_half_hour_before_its_deadline() -> None:
    whole = unfolded(calendar_text(event(starts_at=None, ends_at=None)))
    assert {"DTSTART;VALUE=DATE:20260521", "DTEND;VALUE=DATE:20260522", "METHOD:PUBLISH"} <= set(whole)
    written = unfolded(calendar_text(event(deadline=datetime(2026, 5, 21, 9, 0, tzinfo=UTC))))
    assert {"DTSTART:20260521T083000Z", "DTEND:20260521T090000Z"} <= set(written)


def test_a_cancellation_says_so_to_the_attendee() -> None:
    lines = unfolded(calendar_text(event(cancelled=True, sequence=2), attendee=("One", "one@example.org")))
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:2"} <= set(lines)
