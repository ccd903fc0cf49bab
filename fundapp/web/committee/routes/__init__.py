"""Routes of the committee's room, one module a page or two."""

from fundapp.web.committee.door import blueprint
from fundapp.web.committee.routes import (
    amendments,
    assignments,
    ballots,
    bulk,
    calibration,
    challenges,
    conflicts,
    discussion,
    docket,
    interests,
    meetings,
    minutes,
    pledges,
    reviews,
    rooms,
    secretary,
    views,
)

__all__ = [
    "amendments",
    "assignments",
    "ballots",
    "blueprint",
    "bulk",
    "calibration",
    "challenges",
    "conflicts",
    "discussion",
    "docket",
    "interests",
    "meetings",
    "minutes",
    "pledges",
    "reviews",
    "rooms",
    "secretary",
    "views",
]
from fundapp.web.committee.routes import appeals, letters

__all__ = ["appeals", "blueprint", "docket", "letters", "meetings", "reviews", "secretary"]
