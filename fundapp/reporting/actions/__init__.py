"""What the fund does at a quarter's end: freeze, build, sign, close."""

from fundapp.reporting.actions.benchmark import LoadedIndex, load_index
from fundapp.reporting.actions.closing import (
    close_when_ready,
    confirm_close,
    explain_line,
    prepare_close,
    withdraw_close,
)
from fundapp.reporting.actions.comments import comment_on_report
from fundapp.reporting.actions.own import (
    drop_own_report,
    save_own_report,
    tell_own_reports,
    tell_owners,
    tell_scheduled,
)
from fundapp.reporting.actions.recognition import switch_recognition
from fundapp.reporting.actions.reports import (
    STORED_IN,
    Frozen,
    StoredFile,
    build_report,
    find_frozen,
    find_frozen_id,
    freeze_quarter,
    sign_report,
)
from fundapp.reporting.actions.resolutions import issue_resolution
from fundapp.reporting.actions.scheduling import Draft, draft_report, remind_delivery, tell_approved
from reports import BuiltReport

__all__ = [
    "STORED_IN",
    "BuiltReport",
    "Draft",
    "Frozen",
    "LoadedIndex",
    "StoredFile",
    "build_report",
    "close_when_ready",
    "comment_on_report",
    "confirm_close",
    "draft_report",
    "drop_own_report",
    "explain_line",
    "find_frozen",
    "find_frozen_id",
    "freeze_quarter",
    "issue_resolution",
    "load_index",
    "prepare_close",
    "remind_delivery",
    "save_own_report",
    "sign_report",
    "switch_recognition",
    "tell_approved",
    "tell_own_reports",
    "tell_owners",
    "tell_scheduled",
    "withdraw_close",
]
