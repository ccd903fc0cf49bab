"""Routes of the committee's room, one module a page or two."""

from fundapp.web.committee.door import blueprint
from fundapp.web.committee.routes import (
    amendments,
    ballots,
    calibration,
    discussion,
    docket,
    meetings,
    minutes,
    reviews,
    rooms,
    secretary,
)

__all__ = [
    "amendments",
    "ballots",
    "blueprint",
    "calibration",
    "discussion",
    "docket",
    "meetings",
    "minutes",
    "reviews",
    "rooms",
    "secretary",
]
