"""What changed from one version of an application to the next, question by question and word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.intake.form import Form, Question
from fundapp.intake.submitted import FrozenVersion
from fundapp.web.committee.answered import answer_text
from fundapp.web.shell.formats import hours, quarter
from fundapp.web.shell.language import current_locale, pick

_WORDS = re.compile(r"\s+|[^\s]+")
_LONGEST = 6000
"""Of two texts longer than this together, the whole of both is shown: finding words would take too long."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of text; `kind` is `same`, `out` or `new`."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Change:
    """One question whose answer changed."""

    label: str
    pieces: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One version and what it changed in the one before; `changes` of the first one is empty."""

    version: int
    sha256: str
    submitted_at: datetime
    changes: tuple[Change, ...]


def version_steps(form: Form, versions: Sequence[FrozenVersion], hidden: frozenset[str]) -> list[Step]:
    """Return the versions, newest first, each with what it changed.

    Args:
        form: The call's.
        versions: In order.
        hidden: Questions whose answers the viewer is not shown.
    """
    steps, before = list[Step](), None
    for one in versions:
        changes = tuple(_changes(form, before, one, hidden)) if before is not None else ()
        steps.append(Step(one.version, one.sha256, one.submitted_at, changes))
        before = one
    return steps[::-1]


def _changes(form: Form, old: FrozenVersion, new: FrozenVersion, hidden: frozenset[str]) -> Iterator[Change]:
    for key, question in form.fields.items():
        earlier, later = old.answers.get(key), new.answers.get(key)
        if key in hidden or earlier == later:
            continue
        pieces = tuple(compare(_said(question, earlier), _said(question, later)))
        yield Change(_label(question), pieces)


def _label(question: Question) -> str:
    """Return a question's name; of a cell of the GPU request, its SKU and quarter."""
    if question.sku:
        return f"{question.sku} {quarter(question.quarter, current_locale())}"
    return pick(question.label_ko, question.label_en)


def _said(question: Question, value: object) -> str:
    if value is not None and question.kind == "hours":
        return hours(Quantity.parse(str(value), gpu_commodity(question.sku)).minor, current_locale())
    return answer_text(question, value)


def compare(old: str, new: str) -> Iterator[Stretch]:
    """Cut two texts into what stayed, what went and what came, in whole words."""
    if len(old) + len(new) > _LONGEST:
        yield from (Stretch(text, kind) for text, kind in ((old, "out"), (new, "new")) if text)
        return
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    for what, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            yield Stretch("".join(before[i1:i2]), "same")
            continue
        if i1 < i2:
            yield Stretch("".join(before[i1:i2]), "out")
        if j1 < j2:
            yield Stretch("".join(after[j1:j2]), "new")
