"""Routes of the committee's room, one module a page or two."""

from fundapp.web.committee.door import blueprint
from fundapp.web.committee.routes import appeals, docket, letters, meetings, reviews, secretary

__all__ = ["appeals", "blueprint", "docket", "letters", "meetings", "reviews", "secretary"]
