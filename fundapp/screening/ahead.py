"""Scoring ahead of the transaction that writes, so that no other writer waits for what is only being worked out.

A scorecard depends on a frozen submission, on the day to which the company's age is counted, and on the means: rubric,
model, calibration, dictionary, code. What was worked out from the same of these holds, whatever else has changed by the
time it is written; what was not is worked out in the transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from tempfile import SpooledTemporaryFile

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.intake.standing import Standing
from fundapp.intake.standing_queries import stated_by_submission
from fundapp.intake.tables import Application, Submission
from fundapp.screening.dictionaries import LoadedDictionary, load_dictionary_file
from fundapp.screening.facts import derive_facts
from fundapp.screening.findings import find_findings
from fundapp.screening.rubric_queries import newest_rubric
from fundapp.screening.rubrics import LoadedRubric
from fundapp.screening.serving import Serving, load_serving
from scoring import Facts, Scorer, code_version, overall_outcome
from scoring.canonical import sha256_of_text

MOST_IN_MEMORY = 32 * 1024 * 1024
"""Bytes of documents that are held in memory; what goes beyond waits in a temporary file without a name."""

Place = tuple[int, int]
Asked = tuple[uuid.UUID, date]
"""A submission, and the day to which its company's age is counted."""


class Pile:
    """Texts laid aside until they are written: what is held in memory does not grow with the call.

    Args:
        most: Bytes that are held in memory.
    """

    def __init__(self, most: int = MOST_IN_MEMORY) -> None:
        self._file = SpooledTemporaryFile(max_size=most)  # noqa: SIM115 - closed with the pile
        self._end = 0
        self._appending = True

    def put(self, written: bytes) -> Place:
        """Lay a text in UTF-8 aside and return where."""
        if not self._appending:
            self._file.seek(self._end)
            self._appending = True
        self._file.write(written)
        place = (self._end, len(written))
        self._end += len(written)
        return place

    def get(self, place: Place) -> str:
        """Return a text that was laid aside."""
        start, size = place
        self._file.seek(start)
        self._appending = False
        return self._file.read(size).decode("utf-8")

    def close(self) -> None:
        """Give memory and file back."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Means:
    """With what is scored; `columns` is what every scorecard of the run records of it."""

    loaded: LoadedRubric
    words: LoadedDictionary
    serving: Serving
    columns: Mapping[str, str | None]


def load_means(session: Session, rubric: LoadedRubric | None, dictionary: LoadedDictionary | None) -> Means:
    """Return what scores now: rubric and dictionary as given or in force, and the model that serves under them."""
    loaded, words = rubric or newest_rubric(session), dictionary or load_dictionary_file()
    serving = load_serving(session).fit_for(loaded.rubric)
    model, calibration = serving.fingerprint
    columns = {
        "rubric_sha256": loaded.rubric.sha256,
        "model_sha256": model,
        "calibration": calibration,
        "dictionary_sha256": words.dictionary.sha256,
        "code_version": code_version(),
    }
    return Means(loaded, words, serving, columns)


@dataclass(frozen=True, slots=True)
class ReadyCard:
    """A scorecard that waits to be written; `found` is what was found in texts that were searched, by their hashes."""

    total_tenths: int
    verdict: str
    document: Place
    facts: Place
    found: tuple[tuple[str, Place], ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """What came of a submission; without a card if the newest one on record said the same."""

    inputs_sha256: str
    card: ReadyCard | None


class Ahead:
    """What has been scored by the same means, by submission and day.

    Args:
        means: With what.
        pile: Where documents wait.
    """

    def __init__(self, means: Means, pile: Pile) -> None:
        self.means = means
        self.pile = pile
        serving, words = means.serving, means.words
        self._scorer = Scorer(
            means.loaded.rubric, serving.model, calibration=serving.calibration, dictionary=words.dictionary
        )
        self._ready: dict[Asked, Ready] = {}
        self._named = tuple(means.columns.values())

    def fingerprint(self, inputs_sha256: str) -> tuple[str | None, ...]:
        """Return all that a scorecard by these means names."""
        return inputs_sha256, *self._named

    def score(
        self, session: Session, asked: Sequence[Asked], newest: Mapping[uuid.UUID, tuple[str | None, ...]]
    ) -> list[Ready]:
        """Return what comes of some submissions, working out what has not been yet; at most three statements.

        Args:
            session: Any session.
            asked: The submissions.
            newest: What each one's newest scorecard names; of that nothing new would be said.
        """
        absent = [one for one in asked if self._lacks(one, newest.get(one[0]))]
        if absent:
            facts = _read_facts(session, absent)
            new = [(one, read) for one, read in facts if newest.get(one[0]) != self.fingerprint(read.sha256)]
            self._ready |= {one: Ready(read.sha256, None) for one, read in facts}
            self._write(session, new)
        return [self._ready[one] for one in asked]

    def _lacks(self, asked: Asked, newest: tuple[str | None, ...] | None) -> bool:
        ready = self._ready.get(asked)
        # A scorecard by other means may have been written since this one seemed to say nothing new.
        return ready is None or (ready.card is None and newest != self.fingerprint(ready.inputs_sha256))

    def _write(self, session: Session, new: Iterable[tuple[Asked, Facts]]) -> None:
        new = list(new)
        texts = {text for _, facts in new for text in facts.texts.values()}
        kept = find_findings(session, self.means.words.dictionary.sha256, texts)
        for asked, facts in new:
            written = self._scorer.write(facts, kept)
            # Two applications may share a text.
            kept |= written.found
            card = ReadyCard(
                total_tenths=written.card.total_tenths,
                verdict=overall_outcome(written.card).value,
                document=self.pile.put(written.utf8),
                facts=self.pile.put(facts.canonical_json.encode("utf-8")),
                found=tuple(
                    (sha256_of_text(text), self.pile.put(found.encode("utf-8")))
                    for text, found in written.found.items()
                ),
            )
            self._ready[asked] = Ready(facts.sha256, card)


def _read_facts(session: Session, asked: Sequence[Asked]) -> list[tuple[Asked, Facts]]:
    query = (
        select(Submission.id, Submission.answers, stated_by_submission().label("stated"))
        .join(Application, Application.id == Submission.application_id)
        .where(Submission.id.in_([key for key, _ in asked]))
    )
    rows = {row.id: (row.answers, Standing.of_document(row.stated)) for row in session.execute(query)}
    return [((key, on), derive_facts(rows[key][0], on, rows[key][1])) for key, on in asked]
