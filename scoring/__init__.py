"""The scoring library: facts in, scorecard out. It knows no database and no web."""

from scoring.alone import explain, overall_outcome, score, train
from scoring.canonical import canonical_json
from scoring.catalogue import CATALOGUE, Choice, Field, Kind, Section
from scoring.facts import FactError, Facts, Value, is_context, read_value
from scoring.knockouts import KnockoutResult, Outcome
from scoring.learning.gate import Check, Verdict, judge
from scoring.learning.model import Calibration, Method, Model
from scoring.learning.problems import LeakageError, LearnError
from scoring.learning.reading import load_model, parse_model, read_calibration, read_model
from scoring.learning.train import fit_calibration
from scoring.many import Scorer, Written
from scoring.rows import Refusal, RowError
from scoring.rubric import Condition, Criterion, Knockout, Rubric, RubricError, Rule
from scoring.rubric_file import default_rubric, load_rubric, parse_rubric
from scoring.score import code_version, search_version
from scoring.scorecard import CriterionScore, ModelUse, Move, Reason, Scorecard, State
from scoring.textual.copies import Copy, find_copies, find_copies_of
from scoring.textual.dictionary import (
    Dictionary,
    DictionaryError,
    default_dictionary,
    load_dictionary,
    parse_dictionary,
)
from scoring.textual.finding import KeptFinding, TextFinding, Texts
from scoring.textual.limits import TextTooLongError
from scoring.textual.marking import Mark, Stuffing, find_stuffing, mark_terms
from scoring.training import drawn_for_review, label_from_ratings, train_applications

__all__ = [
    "CATALOGUE",
    "Calibration",
    "Check",
    "Choice",
    "Condition",
    "Copy",
    "Criterion",
    "CriterionScore",
    "Dictionary",
    "DictionaryError",
    "FactError",
    "Facts",
    "Field",
    "KeptFinding",
    "Kind",
    "Knockout",
    "KnockoutResult",
    "LeakageError",
    "LearnError",
    "Mark",
    "Method",
    "Model",
    "ModelUse",
    "Move",
    "Outcome",
    "Reason",
    "Refusal",
    "RowError",
    "Rubric",
    "RubricError",
    "Rule",
    "Scorecard",
    "Scorer",
    "Section",
    "State",
    "Stuffing",
    "TextFinding",
    "TextTooLongError",
    "Texts",
    "Value",
    "Verdict",
    "Written",
    "canonical_json",
    "code_version",
    "default_dictionary",
    "default_rubric",
    "drawn_for_review",
    "explain",
    "find_copies",
    "find_copies_of",
    "find_stuffing",
    "fit_calibration",
    "is_context",
    "judge",
    "label_from_ratings",
    "load_dictionary",
    "load_model",
    "load_rubric",
    "mark_terms",
    "overall_outcome",
    "parse_dictionary",
    "parse_model",
    "parse_rubric",
    "read_calibration",
    "read_model",
    "read_value",
    "score",
    "search_version",
    "train",
    "train_applications",
]
