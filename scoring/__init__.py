"""The scoring library: facts in, scorecard out. It knows no database and no web."""

from scoring.canonical import canonical_json
from scoring.catalogue import CATALOGUE, Choice, Field, Kind, Section
from scoring.facts import FactError, Facts, Value, is_context, read_value
from scoring.knockouts import KnockoutResult, Outcome
from scoring.rubric import Condition, Criterion, Knockout, Rubric, RubricError, Rule
from scoring.rubric_file import default_rubric, load_rubric, parse_rubric
from scoring.score import code_version, score
from scoring.scorecard import CriterionScore, Move, Reason, Scorecard, State

__all__ = [
    "CATALOGUE",
    "Choice",
    "Condition",
    "Criterion",
    "CriterionScore",
    "FactError",
    "Facts",
    "Field",
    "Kind",
    "Knockout",
    "KnockoutResult",
    "Move",
    "Outcome",
    "Reason",
    "Rubric",
    "RubricError",
    "Rule",
    "Scorecard",
    "Section",
    "State",
    "Value",
    "canonical_json",
    "code_version",
    "default_rubric",
    "is_context",
    "load_rubric",
    "parse_rubric",
    "read_value",
    "score",
]
