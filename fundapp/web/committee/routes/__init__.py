"""Routes of the committee's room, one module a page or two."""

from fundapp.web.committee.door import blueprint
from fundapp.web.committee.routes import bulk, docket, meetings, reviews, secretary, views

__all__ = ["blueprint", "bulk", "docket", "meetings", "reviews", "secretary", "views"]
