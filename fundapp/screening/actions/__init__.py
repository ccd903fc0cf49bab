"""What the fund does with scores: score, judge what was stopped, replay, learn, and let what was learned serve."""

from fundapp.screening.actions.activations import Activated, approve_activation, propose_activation, rollback_model
from fundapp.screening.actions.knockouts import judge_knockout
from fundapp.screening.actions.learning import (
    Calibrated,
    Gated,
    Trained,
    calibrate_model,
    gate_model,
    train_challenger,
)
from fundapp.screening.actions.replays import Difference, OtherCode, Replay, replay_scorecards
from fundapp.screening.actions.requests import (
    TakenRequest,
    answer_request,
    ask_training,
    ask_verdict,
    refuse_request,
    take_request,
)
from fundapp.screening.actions.scorecards import (
    ScorecardSummary,
    ScreenResult,
    score_application,
    screen_call,
)
from fundapp.screening.actions.shadows import score_shadows

__all__ = [
    "Activated",
    "Calibrated",
    "Difference",
    "Gated",
    "OtherCode",
    "Replay",
    "ScorecardSummary",
    "ScreenResult",
    "TakenRequest",
    "Trained",
    "answer_request",
    "approve_activation",
    "ask_training",
    "ask_verdict",
    "calibrate_model",
    "gate_model",
    "judge_knockout",
    "propose_activation",
    "refuse_request",
    "replay_scorecards",
    "rollback_model",
    "score_application",
    "score_shadows",
    "screen_call",
    "take_request",
    "train_challenger",
]
