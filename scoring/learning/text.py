"""Character n-grams as one bounded criterion: TF-IDF and logistic regression, served from a JSON vocabulary."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.canonical import Json, canonical_json, sha256_of
from scoring.learning.problems import LearnError
from scoring.learning.table import Codes, Floats
from scoring.textual.limits import require_short

_LONGEST = 3
_BLANKS = re.compile(r"\s\s+")
_MOST_GRAMS = 60_000
_STRENGTH = 10.0
_FOLDS = 5
_HANGUL = re.compile("[\uac00-\ud7a3\u3131-\u318e\u1100-\u11ff]")
_KOREAN_SHARE = 0.2
_ENOUGH_OF_A_LANGUAGE = 20


def count_grams(text: str) -> Counter[str]:
    """Count the 1- to 3-character n-grams of each word, padded with a blank on both sides.

    The same grams as scikit-learn's `analyzer="char_wb", ngram_range=(1, 3)` on lower-cased text.

    Raises:
        TextTooLongError: If the text is longer than any plan could be.
    """
    require_short(text)
    found: Counter[str] = Counter()
    for bare, times in Counter(_BLANKS.sub(" ", text.lower()).split()).items():
        word = f" {bare} "
        for size in range(1, _LONGEST + 1):
            grams = [word[start : start + size] for start in range(max(1, len(word) - size + 1))]
            for gram in grams:
                found[gram] += times
            if len(grams) == 1:
                break  # the whole word is shorter than any longer gram
    return found


def is_korean(text: str) -> bool:
    """Say whether a text is written in Korean: at least a fifth of its letters are Hangul."""
    letters = sum(map(str.isalpha, text))
    return letters > 0 and len(_HANGUL.findall(text)) >= _KOREAN_SHARE * letters


@dataclass(frozen=True)
class TextModel:
    """A vocabulary with a weight (log-odds) for each n-gram and its inverse document frequency.

    Attributes:
        korean: The mean log-odds of the Korean texts learned from.
        other: The mean of the others. Each text is measured against its own language's mean, so that writing in one
            language or the other is worth nothing.
    """

    version: str
    grams: tuple[str, ...]
    idf: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    korean: float
    other: float
    rows: int

    def __eq__(self, other: object) -> bool:
        return self.sha256 == other.sha256 if isinstance(other, TextModel) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.sha256)

    @cached_property
    def _lookup(self) -> Mapping[str, tuple[float, float]]:
        return {gram: (idf, weight) for gram, idf, weight in zip(self.grams, self.idf, self.weights, strict=True)}

    def logit(self, text: str) -> float:
        """Give how far a text's log-odds lie above the mean of its language, in plain Python.

        Raises:
            TextTooLongError: If the text is longer than any plan could be.
        """
        return self.raw_logit(text) - (self.korean if is_korean(text) else self.other)

    def raw_logit(self, text: str) -> float:
        """Give a text's log-odds as scikit-learn would.

        Raises:
            TextTooLongError: If the text is longer than any plan could be.
        """
        lookup = self._lookup
        length = inner = 0.0
        # Sorted, so that the same words in another order add up to the same last digit.
        for gram, count in sorted(count_grams(text).items()):
            known = lookup.get(gram)
            if known is not None:
                value = count * known[0]
                length += value * value
                inner += value * known[1]
        return self.intercept + (inner / math.sqrt(length) if length else 0.0)

    def to_document(self) -> dict[str, Json]:
        """Give the model as plain JSON values."""
        return {
            "version": self.version,
            "grams": list(self.grams),
            "idf": list(self.idf),
            "weights": list(self.weights),
            "intercept": self.intercept,
            "korean": self.korean,
            "other": self.other,
            "rows": self.rows,
        }

    @cached_property
    def sha256(self) -> str:
        """The hash of the canonical JSON, 64 hexadecimal digits."""
        return sha256_of(self.to_document())

    def canonical_json(self) -> str:
        """The one spelling of `to_document`."""
        return canonical_json(self.to_document())


def fit_text(texts: Sequence[str], labels: Sequence[int] | Codes, *, version: str) -> TextModel:
    """Learn from texts which n-grams speak for a fit.

    Args:
        texts: One text for each label.
        labels: 0 or 1.
        version: The name of what is made.

    Raises:
        LearnError: If there are not both kinds of label, or no text has words.
        TextTooLongError: If a text is longer than any plan could be.
    """
    grams, matrix, idf = _vectorise(texts)
    marks = np.asarray(labels)
    if len(set(marks.tolist())) < 2:  # noqa: PLR2004 - two classes
        raise LearnError("두 가지 라벨이 모두 필요합니다.", "labels of both kinds are needed.", place="label")
    weights, intercept = _fit(matrix, marks)
    logits = matrix @ np.array(weights) + intercept
    korean = np.array([is_korean(text) for text in texts])
    means = _mean(logits, korean), _mean(logits, ~korean)
    return TextModel(version, grams, idf, weights, intercept, korean=means[0], other=means[1], rows=len(texts))


def _mean(logits: Floats, rows: NDArray[np.bool_]) -> float:
    # A language of a handful of texts has no mean of its own to be trusted.
    return float(logits[rows].mean() if rows.sum() >= _ENOUGH_OF_A_LANGUAGE else logits.mean())


def cross_fit_text(texts: Sequence[str], labels: Sequence[int] | Codes, *, version: str) -> tuple[TextModel, Floats]:
    """Learn from all texts, and give each text the log-odds of a model that never saw it.

    What a model says of its own training texts is too good to learn from; these log-odds are not.
    """
    model = fit_text(texts, labels, version=version)
    marks = np.asarray(labels)
    order = np.argsort(marks, kind="stable")
    fold = np.empty(len(marks), dtype=np.int64)
    fold[order] = np.arange(len(marks)) % _FOLDS
    found = np.empty(len(marks))
    for part in range(_FOLDS):
        held = np.flatnonzero(fold == part).tolist()
        rest = np.flatnonzero(fold != part).tolist()
        other = fit_text([texts[row] for row in rest], marks[rest], version=version)
        found[held] = [other.logit(texts[row]) for row in held]
    return model, found


def _vectorise(texts: Sequence[str]) -> tuple[tuple[str, ...], Any, tuple[float, ...]]:
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy, and only training needs it

    counted = [count_grams(text) for text in texts]
    frequency = Counter(gram for counts in counted for gram in counts)
    common = sorted(frequency.items(), key=lambda item: (-item[1], item[0]))[:_MOST_GRAMS]
    grams = tuple(sorted(gram for gram, _ in common))
    if not grams:
        raise LearnError("글이 비어 있습니다.", "no text has any words.", place="text")
    places = {gram: place for place, gram in enumerate(grams)}
    # Smoothed as in scikit-learn: one more document that holds every gram.
    idf = tuple(math.log((1 + len(texts)) / (1 + frequency[gram])) + 1 for gram in grams)
    data: list[float] = []
    columns: list[int] = []
    ends = [0]
    for counts in counted:
        row = sorted((places[gram], count) for gram, count in counts.items() if gram in places)
        values = [count * idf[place] for place, count in row]
        length = math.sqrt(sum(value * value for value in values)) or 1.0
        data += [value / length for value in values]
        columns += [place for place, _ in row]
        ends.append(len(columns))
    matrix = csr_matrix((data, columns, ends), shape=(len(texts), len(grams)))
    return grams, matrix, idf


def _fit(matrix: Any, labels: Codes) -> tuple[tuple[float, ...], float]:  # noqa: ANN401 - SciPy's sparse matrix
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - heavy, and only training needs it

    fitted = LogisticRegression(C=_STRENGTH, max_iter=300).fit(matrix, labels)
    return tuple(fitted.coef_[0].tolist()), float(fitted.intercept_[0])
