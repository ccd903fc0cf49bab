"""Routes of the committee's room, one module a page or two."""

from fundapp.web.committee.door import blueprint
from fundapp.web.committee.routes import (
    assignments,
    challenges,
    conflicts,
    docket,
    interests,
    meetings,
    pledges,
    reviews,
    secretary,
)

__all__ = [
    "assignments",
    "blueprint",
    "challenges",
    "conflicts",
    "docket",
    "interests",
    "meetings",
    "pledges",
    "reviews",
    "secretary",
]
