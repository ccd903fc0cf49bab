"""Routes of the committee's room, one module a page or two."""

from fundapp.web.committee.door import blueprint
from fundapp.web.committee.routes import calibration, discussion, docket, meetings, reviews, secretary

__all__ = ["blueprint", "calibration", "discussion", "docket", "meetings", "reviews", "secretary"]
