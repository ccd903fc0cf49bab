"""Reading a model from its JSON, refusing whatever could score differently from what was trained."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from scoring.learning.bins import MOST_BINS
from scoring.learning.model import TOTAL_TENTHS, Calibration, Method, Model, Replica, Term
from scoring.learning.problems import LearnError
from scoring.learning.table import Source
from scoring.learning.text import TextModel

LONGEST_MODEL = 20_000_000
_KEYS = frozenset(
    {
        *("alpha", "beta", "slope", "intercept"),
        *("format", "version", "method", "rubric_sha256", "criteria", "caps", "terms", "replicas"),
        *("smaller", "training", "metrics", "libraries", "text"),
    }
)
_LABELS = ("key", "criterion", "label_ko", "label_en")
_TERM_KEYS = frozenset({*_LABELS, "source", "direction", "category", "cuts", "levels", "weights"})
_DIRECTIONS = (-1, 0, 1)


def _refuse(place: str, message_ko: str, message_en: str) -> NoReturn:
    raise LearnError(message_ko, message_en, place=place)


class _Part:
    """One JSON object together with its place, so that every complaint can name it."""

    def __init__(self, entries: object, place: str, allowed: frozenset[str] | None = None) -> None:
        if not isinstance(entries, dict):
            _refuse(place, "객체가 필요합니다.", "an object is expected.")
        self.entries: dict[str, object] = entries
        self.place = place
        for key in entries if allowed is not None else ():
            if key not in (allowed or ()):
                _refuse(f"{place}.{key}", "알 수 없는 설정입니다.", "unknown setting.")

    def _take(self, key: str, kind: type | tuple[type, ...], korean: str, english: str) -> object:
        value = self.entries.get(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            _refuse(f"{self.place}.{key}", f"{korean} 필요합니다.", f"{english} is expected.")
        return value

    def text(self, key: str) -> str:
        value = self._take(key, str, "글자가", "text")
        return str(value)

    def flag(self, key: str) -> bool:
        return bool(self._take(key, bool, "참/거짓이", "true or false"))

    def whole(self, key: str, least: int) -> int:
        value = self._take(key, int, "정수가", "a whole number")
        if not isinstance(value, int) or value < least:
            _refuse(f"{self.place}.{key}", f"{least} 이상이어야 합니다.", f"must be at least {least}.")
        return value

    def number(self, key: str) -> float:
        return _finite(self.entries.get(key), f"{self.place}.{key}")

    def listed(self, key: str) -> list[object]:
        value = self._take(key, list, "목록이", "a list")
        return list(value) if isinstance(value, list) else []

    def numbers(self, key: str) -> tuple[float, ...]:
        return _numbers(self.listed(key), f"{self.place}.{key}")

    def words(self, key: str) -> tuple[str, ...]:
        found = self.listed(key)
        if not all(isinstance(word, str) for word in found):
            _refuse(f"{self.place}.{key}", "글자 목록이 필요합니다.", "a list of words is expected.")
        return tuple(str(word) for word in found)

    def table(self, key: str) -> dict[str, object]:
        return _Part(self.entries.get(key), f"{self.place}.{key}").entries


def _finite(value: object, place: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
    except OverflowError:  # a whole number beyond what a float holds
        number = math.inf
    if not math.isfinite(number):
        _refuse(place, "유한한 수가 필요합니다.", "a finite number is expected.")
    return number


def _numbers(values: object, place: str) -> tuple[float, ...]:
    if not isinstance(values, list):
        _refuse(place, "목록이 필요합니다.", "a list is expected.")
    return tuple(_finite(value, f"{place}[{number}]") for number, value in enumerate(values))


def _term(entries: object, place: str) -> Term:
    part = _Part(entries, place, _TERM_KEYS)
    cuts, levels, weights = part.numbers("cuts"), part.words("levels"), part.numbers("weights")
    category = part.flag("category")
    if any(high <= low for low, high in pairwise(cuts)):
        _refuse(f"{place}.cuts", "구간이 겹칩니다: 경계는 커지는 순서여야 합니다.", "bins overlap: cuts must grow.")
    if len(set(levels)) < len(levels):
        _refuse(f"{place}.levels", "같은 값이 두 번 있습니다.", "a level stands twice.")
    bins = len(levels) if category else len(cuts) + 1
    if bins > MOST_BINS:
        _refuse(place, f"구간은 최대 {MOST_BINS}개입니다.", f"has more than {MOST_BINS} bins.")
    if len(weights) != bins + 1:
        _refuse(f"{place}.weights", f"가중치 {bins + 1}개가 필요합니다.", f"{bins + 1} weights are expected.")
    direction = part.whole("direction", -1)
    if direction not in _DIRECTIONS:
        _refuse(f"{place}.direction", "-1, 0, 1 중 하나여야 합니다.", "must be -1, 0 or 1.")
    try:
        source = Source(part.text("source"))
    except ValueError:
        _refuse(f"{place}.source", "알 수 없는 출처입니다.", "unknown source.")
    named = [part.text(key) for key in _LABELS]
    return Term(named[0], named[1], source, named[2], named[3], direction, category, cuts, levels, weights)


def _replica(entries: object, place: str, terms: tuple[Term, ...]) -> Replica:
    part = _Part(entries, place, frozenset({"base", "per_tenth", "weights"}))
    rows = part.listed("weights")
    if len(rows) != len(terms):
        _refuse(f"{place}.weights", "항목 수가 맞지 않습니다.", "has another number of terms.")
    weights = tuple(_numbers(row, f"{place}.weights[{number}]") for number, row in enumerate(rows))
    for term, row in zip(terms, weights, strict=True):
        if len(row) != len(term.weights):
            _refuse(f"{place}.weights", f"{term.key}: 구간 수가 맞지 않습니다.", f"{term.key}: another number of bins.")
    return Replica(part.number("base"), part.number("per_tenth"), weights)


def read_text_model(entries: object, place: str = "text") -> TextModel:
    """Check an n-gram model's plain JSON values.

    Raises:
        LearnError: If anything is missing, of the wrong type, not finite or uneven.
    """
    part = _Part(
        entries, place, frozenset({"version", "grams", "idf", "weights", "intercept", "korean", "other", "rows"})
    )
    model = TextModel(
        version=part.text("version"),
        grams=part.words("grams"),
        idf=part.numbers("idf"),
        weights=part.numbers("weights"),
        intercept=part.number("intercept"),
        korean=part.number("korean"),
        other=part.number("other"),
        rows=part.whole("rows", 0),
    )
    if not len(model.grams) == len(model.idf) == len(model.weights):
        _refuse(place, "어휘와 가중치의 수가 다릅니다.", "has another number of weights than of n-grams.")
    if any(late <= early for early, late in pairwise(model.grams)):
        _refuse(f"{place}.grams", "가나다순이어야 하고 중복이 없어야 합니다.", "must be sorted and without repeats.")
    return model


def _criteria(part: _Part) -> tuple[tuple[str, int], ...]:
    found = []
    for number, entries in enumerate(part.listed("criteria")):
        one = _Part(entries, f"model.criteria[{number}]", frozenset({"key", "maximum"}))
        found.append((one.text("key"), one.whole("maximum", 0)))
    if len(dict(found)) < len(found):
        _refuse("model.criteria", "같은 기준이 두 번 있습니다.", "a criterion stands twice.")
    return tuple(found)


def _caps(part: _Part) -> dict[str, int]:
    caps = _Part(part.table("caps"), "model.caps")
    found = {key: caps.whole(key, 0) for key in caps.entries}
    for key, cap in found.items():
        if cap > TOTAL_TENTHS:
            _refuse(f"model.caps.{key}", "최대 1000입니다.", "must be at most 1000.")
    return found


def read_model(document: object) -> Model:
    """Check a model's plain JSON values and make the model.

    Raises:
        LearnError: If anything is unknown, missing, of the wrong type, not finite, negative where it cannot be, or
            its bins overlap.
    """
    part = _Part(document, "model", _KEYS)
    if part.whole("format", 1) != 1:
        _refuse("model.format", "지원하지 않는 형식입니다.", "this format is not known.")
    try:
        method = Method(part.text("method"))
    except ValueError:
        _refuse("model.method", "알 수 없는 방법입니다.", "unknown method.")
    rubric = part.entries.get("rubric_sha256")
    text = part.entries.get("text")
    terms = tuple(_term(entries, f"model.terms[{number}]") for number, entries in enumerate(part.listed("terms")))
    replicas = part.listed("replicas")
    return Model(
        version=part.text("version"),
        method=method,
        rubric_sha256=None if rubric is None else part.text("rubric_sha256"),
        alpha=part.number("alpha"),
        beta=part.number("beta"),
        slope=part.number("slope"),
        intercept=part.number("intercept"),
        maxima=_criteria(part),
        terms=terms,
        replicas=tuple(_replica(entries, f"model.replicas[{n}]", terms) for n, entries in enumerate(replicas)),
        smaller=part.whole("smaller", 0),
        training=part.table("training"),  # type: ignore[arg-type]
        metrics=part.table("metrics"),  # type: ignore[arg-type]
        libraries={key: str(value) for key, value in part.table("libraries").items()},
        caps=_caps(part),
        text=None if text is None else read_text_model(text, "model.text"),
    )


def _not_json(token: str) -> NoReturn:
    _refuse("model", f"{token}: 유한한 수가 필요합니다.", f"{token}: a finite number is expected.")


def parse_model(text: str) -> Model:
    """Read a model from JSON text.

    Raises:
        LearnError: If it is longer than 20 million characters, no JSON, or no model; see `read_model`.
    """
    if len(text) > LONGEST_MODEL:
        _refuse("model", "파일이 너무 큽니다.", "the file is too large.")
    try:
        document = json.loads(text, parse_constant=_not_json, object_pairs_hook=_distinct)
    except LearnError:
        raise
    except (ValueError, RecursionError) as error:
        raise LearnError(f"JSON 형식 오류: {error}", f"not valid JSON: {error}", place="model") from error
    return read_model(document)


def _distinct(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _refuse("model", "같은 설정이 두 번 있습니다.", "a setting stands twice.")
    return found


def load_model(path: Path | str) -> Model:
    """Read a model from a JSON file in UTF-8.

    Raises:
        OSError: If the file cannot be opened.
        LearnError: If it is no model; see `parse_model`.
    """
    try:
        return parse_model(Path(path).read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise LearnError("UTF-8 파일이 아닙니다.", "the file is not UTF-8.", place="model") from error


def read_calibration(document: object) -> Calibration:
    """Check a calibration's plain JSON values and make the calibration.

    Raises:
        LearnError: If anything is unknown, missing, of the wrong type or not finite.
    """
    part = _Part(document, "calibration", frozenset({"version", "intercept", "slope"}))
    return Calibration(part.text("version"), part.number("intercept"), part.number("slope"))
