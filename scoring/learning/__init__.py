"""Learning from labels: readable bins, three methods, one gate. Heavy libraries are loaded only to train."""

from scoring.learning.batch import batch_points
from scoring.learning.bins import Binning, make_binnings
from scoring.learning.gate import Check, Verdict, judge
from scoring.learning.leakage import check_leakage
from scoring.learning.model import Calibration, Method, Model, Term
from scoring.learning.problems import LeakageError, LearnError
from scoring.learning.reading import load_model, parse_model, read_calibration, read_model
from scoring.learning.table import Feature, Source, Table, build_table
from scoring.learning.text import TextModel, cross_fit_text, fit_text
from scoring.learning.train import choose_method, fit_calibration, fit_model

__all__ = [
    "Binning",
    "Calibration",
    "Check",
    "Feature",
    "LeakageError",
    "LearnError",
    "Method",
    "Model",
    "Source",
    "Table",
    "Term",
    "TextModel",
    "Verdict",
    "batch_points",
    "build_table",
    "check_leakage",
    "choose_method",
    "cross_fit_text",
    "fit_calibration",
    "fit_model",
    "fit_text",
    "judge",
    "load_model",
    "make_binnings",
    "parse_model",
    "read_calibration",
    "read_model",
]
