"""What the fund does with scores: score, judge what was stopped, replay."""

from fundapp.screening.actions.knockouts import judge_knockout
from fundapp.screening.actions.replays import Difference, Replay, replay_scorecards
from fundapp.screening.actions.scorecards import (
    ScorecardSummary,
    ScreenResult,
    overall_verdict,
    score_application,
    screen_call,
)

__all__ = [
    "Difference",
    "Replay",
    "ScorecardSummary",
    "ScreenResult",
    "judge_knockout",
    "overall_verdict",
    "replay_scorecards",
    "score_application",
    "screen_call",
]
