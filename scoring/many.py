"""Scoring many applications by one rubric: what a few answers decide is worked out and written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scoring.applied import Learned, Tally, apply_model, read_texts
from scoring.canonical import canonical_json, sha256_of_bytes
from scoring.catalogue import Kind
from scoring.compiled import CompiledCriterion, compile_rubric
from scoring.facts import Facts, Value
from scoring.knockouts import KnockoutResult
from scoring.learning.model import Calibration, Model
from scoring.rubric import Rubric
from scoring.score import code_version, criterion_score, finish, tally_criterion
from scoring.scorecard import CriterionScore, Move, Scorecard, Told
from scoring.textual.dictionary import Dictionary
from scoring.textual.finding import TextFinding, write_finding

_MOST_KEPT = 20_000
_NOTHING_KEPT: Mapping[str, str] = {}
_PLACE = "\0"
_PLACE_WRITTEN = canonical_json(_PLACE).encode("utf-8")


@dataclass(frozen=True, slots=True)
class Written:
    """A scorecard and its document as canonical JSON: `card.canonical_json()`, letter for letter.

    Attributes:
        utf8: The document in UTF-8, as it is hashed.
        found: By text what was found in it, of the texts that were searched for this.
    """

    card: Scorecard
    utf8: bytes
    found: Mapping[str, str]

    @property
    def text(self) -> str:
        """The document as text."""
        return self.utf8.decode("utf-8")


@dataclass(slots=True)
class _Part:
    """One criterion's part of the scorecard, and its JSON once it has been asked for."""

    score: CriterionScore
    utf8: bytes = b""


@dataclass(slots=True)
class _Answered:
    """One criterion under the same answers: its tally, and its part of the scorecard for each thing learned of it."""

    tally: Tally
    parts: dict[tuple[int, int, str, str] | None, _Part] = field(default_factory=dict)


class Scorer:
    """Scores applications one after the other and remembers what they have in common.

    Scorecards and documents are those of `score`, bit for bit; the memory is bounded and belongs to this object alone.

    Args:
        rubric: A rubric made by `parse_rubric` or `load_rubric`.
        model: A learned adjustment, or none.
        calibration: A later correction of the model's probability.
        dictionary: Words to mark in the texts.
    """

    def __init__(
        self,
        rubric: Rubric,
        model: Model | None = None,
        *,
        calibration: Calibration | None = None,
        dictionary: Dictionary | None = None,
    ) -> None:
        self.rubric = rubric
        self.model = model
        self.calibration = calibration
        self.dictionary = dictionary
        self._compiled = [
            (compiled, tuple(asked.field.key for asked in compiled.fields), _shared(compiled))
            for compiled in compile_rubric(rubric)
        ]
        self._answered: list[dict[tuple[Value | None, ...], _Answered]] = [{} for _ in self._compiled]
        self._moves: dict[Move, bytes] = {}
        # Results are the same objects each time: by their identity the text is found without hashing them.
        self._knockouts: dict[int, tuple[KnockoutResult, bytes]] = {}

    def score(self, facts: Facts, kept: Mapping[str, str] = _NOTHING_KEPT) -> Scorecard:
        """Score one application, as `score` does.

        Args:
            facts: The application's answers.
            kept: By text what was found in it before (`Written.found`), by the same dictionary and `search_version`: it
                is not searched again.

        Raises:
            LearnError: If the model was learned on another rubric, or from columns that no application has.
        """
        return self._scored(facts, kept)[0]

    def _scored(self, facts: Facts, kept: Mapping[str, str]) -> tuple[Scorecard, list[_Part]]:
        values = facts.values
        answered = [
            self._look(place, compiled, tuple([values.get(key) for key in keys]), facts)
            if shared
            else _Answered(tally_criterion(compiled, values))
            for place, (compiled, keys, shared) in enumerate(self._compiled)
        ]
        tallies = [one.tally for one in answered]
        applied = None if self.model is None else apply_model(self.model, self.rubric, facts, tallies, self.calibration)
        learned: Sequence[Learned | None] = [None] * len(tallies) if applied is None else applied.criteria
        parts = [self._part(one, part) for one, part in zip(answered, learned, strict=True)]
        texts = None if self.dictionary is None else read_texts(facts, self.dictionary, kept)
        return finish(facts, self.rubric, tallies, applied, tuple([one.score for one in parts]), texts), parts

    def write(self, facts: Facts, kept: Mapping[str, str] = _NOTHING_KEPT) -> Written:
        """Score one application and write its document.

        Args:
            facts: The application's answers.
            kept: As in `score`: the document is the same with it and without.

        Raises:
            LearnError: If the model was learned on another rubric, or from columns that no application has.
        """
        card, parts = self._scored(facts, kept)
        findings = () if card.texts is None else card.texts.findings
        found = {facts.texts[one.field]: one.found for one in findings if isinstance(one, TextFinding)}
        return Written(card, self._written(card, parts), found)

    def _written(self, card: Scorecard, criteria: Sequence[_Part]) -> bytes:
        lists = sorted(card.lists().items())
        figures = card.figures() | dict.fromkeys([key for key, _ in lists], _PLACE)
        pieces = canonical_json(figures).encode("utf-8").split(_PLACE_WRITTEN)
        if len(pieces) != len(lists) + 1:
            # A value of the document itself looks like a place.
            return card.canonical_json().encode("utf-8")
        written = {"criteria": [one.utf8 or _write_criterion(one) for one in criteria]}
        bodies = [
            b"[" + b",".join(written.get(key) or [self._told(part) for part in parts]) + b"]" for key, parts in lists
        ]
        sha256 = sha256_of_bytes(_interleave(pieces, bodies))
        return _interleave(_with_code(pieces, card.rubric_sha256, sha256), bodies)

    def _look(
        self, place: int, compiled: CompiledCriterion, answers: tuple[Value | None, ...], facts: Facts
    ) -> _Answered:
        kept = self._answered[place]
        found = kept.get(answers)
        if found is None:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            found = kept[answers] = _Answered(tally_criterion(compiled, facts.values))
        return found

    @staticmethod
    def _part(answered: _Answered, learned: Learned | None) -> _Part:
        key = None if learned is None else (learned.points, learned.maximum, learned.reason_ko, learned.reason_en)
        found = answered.parts.get(key)
        if found is None:
            found = answered.parts[key] = _Part(criterion_score(answered.tally, learned))
        return found

    def _told(self, part: Told) -> bytes:
        known = self._knockouts.get(id(part))
        if known is not None:
            return known[1]
        if isinstance(part, Move):
            written = self._moves.get(part)
            if written is None:
                if len(self._moves) >= _MOST_KEPT:
                    self._moves.clear()
                written = self._moves[part] = canonical_json(part.to_document()).encode("utf-8")
            return written
        if isinstance(part, KnockoutResult):
            if len(self._knockouts) >= _MOST_KEPT:
                self._knockouts.clear()
            written = canonical_json(part.to_document()).encode("utf-8")
            # Held together with its part: an identity is only good for as long as its object lives.
            self._knockouts[id(part)] = (part, written)
            return written
        if isinstance(part, CriterionScore):
            return part.canonical_json().encode("utf-8")
        return write_finding(part).encode("utf-8")


def _shared(compiled: CompiledCriterion) -> bool:
    """Say whether applications can be expected to share a criterion's answers: hardly two write the same text."""
    return all(asked.field.kind is not Kind.TEXT for asked in compiled.fields)


def _write_criterion(part: _Part) -> bytes:
    part.utf8 = part.score.canonical_json().encode("utf-8")
    return part.utf8


def _interleave(pieces: Sequence[bytes], bodies: Sequence[bytes]) -> bytes:
    return pieces[0] + b"".join([body + after for body, after in zip(bodies, pieces[1:], strict=True)])


def _with_code(pieces: Sequence[bytes], rubric_sha256: str, sha256: str) -> list[bytes]:
    """Put the code's version and the hash where the alphabet has them: before `coverage` and after `rubric_sha256`.

    Inside a value every quotation mark is escaped, so these words with their marks are the keys and nothing else.
    """
    before, after = b',"coverage":', f',"rubric_sha256":"{rubric_sha256}"'.encode()
    code, hashed = f',"code_version":"{code_version()}"'.encode(), f',"sha256":"{sha256}"'.encode()
    return [piece.replace(before, code + before).replace(after, after + hashed) for piece in pieces]
