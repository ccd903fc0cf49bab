"""From labelled applications to a model: the rules' points are what is learned from, criterion by criterion."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from scoring.applied import Tally, field_number, joined_text
from scoring.catalogue import CATALOGUE, Kind
from scoring.compiled import compile_rubric
from scoring.facts import Facts
from scoring.learning.model import Method, Model
from scoring.learning.problems import LearnError
from scoring.learning.table import Feature, Source, Table, build_table
from scoring.learning.text import TextModel, cross_fit_text
from scoring.learning.train import REPLICAS, fit_model
from scoring.rubric import Rubric
from scoring.score import tally_criterion
from scoring.scorecard import State

TEXT_CAP_TENTHS = 150
TEXT_TERM = "text_model"
FIT_FROM = 3
_TOP_RATING = 4
_PERMILLE = 1000


def label_from_ratings(first: int, second: int) -> int:
    """Give 1 if two blind reviewers' ratings (0 to 4) are 3 or more on average, else 0.

    Raises:
        LearnError: If a rating is none of 0 to 4.
    """
    for rating in (first, second):
        if isinstance(rating, bool) or rating not in range(_TOP_RATING + 1):
            raise LearnError(f"평점은 0~4입니다: {rating!r}.", f"a rating is 0 to 4, not {rating!r}.", place="rating")
    return int(first + second >= 2 * FIT_FROM)


def drawn_for_review(application: str, *, salt: str, permille: int = 100) -> bool:
    """Say whether a low scorer is among those drawn for full review, so that labels are not only of what scored well.

    The draw is fixed by the application and the salt: nobody can draw again until somebody else comes up.

    Args:
        application: Its number.
        salt: The call's, published after the draw.
        permille: How many in a thousand are drawn.
    """
    digest = hashlib.sha256(f"{salt}\0{application}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _PERMILLE < permille


def application_features(
    rubric: Rubric, *, fields: Sequence[str] = (), text: bool = False, text_criterion: str | None = None
) -> tuple[Feature, ...]:
    """List what a model of a rubric's applications learns from.

    Args:
        rubric: The rubric; each criterion's points are a feature, and more of them are meant to be better.
        fields: Fields of the rubric whose answers may be learned from besides.
        text: Whether the n-gram model's log-odds are a feature.
        text_criterion: The criterion that these count in; by default the one with most text rules.

    Raises:
        LearnError: If a field is no field of the rubric's criteria, or is text.
    """
    home = {rule.field: criterion.key for criterion in rubric.criteria for rule in criterion.rules}
    features = [
        Feature(c.key, c.key, c.label_ko, c.label_en, direction=1, source=Source.CRITERION) for c in rubric.criteria
    ]
    for key in fields:
        if key not in home or CATALOGUE[key].kind is Kind.TEXT:
            raise LearnError(
                "기준표의 기준에 쓰이는 (글이 아닌) 항목만 학습할 수 있습니다.",
                "only fields that count in a criterion, and are no text, can be learned from.",
                place=key,
            )
        field = CATALOGUE[key]
        features.append(
            Feature(
                key,
                home[key],
                field.label_ko,
                field.label_en,
                category=field.kind is Kind.CHOICE,
                source=Source.FIELD,
            )
        )
    if text:
        home_of_text = text_criterion or _text_criterion(rubric)
        features.append(Feature(TEXT_TERM, home_of_text, "글의 내용", "What the texts say", source=Source.TEXT))
    return tuple(features)


def _text_criterion(rubric: Rubric) -> str:
    counts = {
        criterion.key: sum(CATALOGUE[rule.field].kind is Kind.TEXT for rule in criterion.rules)
        for criterion in rubric.criteria
    }
    return max(counts, key=lambda key: counts[key])


def application_table(
    facts: Sequence[Facts],
    labels: Sequence[object],
    rubric: Rubric,
    features: Sequence[Feature],
    *,
    groups: Mapping[str, Sequence[object]] | None = None,
    times: Sequence[object] | None = None,
    firsts: Sequence[object] | None = None,
    text_logits: Sequence[float] | None = None,
) -> Table:
    """Lay out labelled applications as rows to learn from.

    Args:
        facts: One for each application.
        labels: 0 or 1 for each.
        rubric: The rubric that gives the rule points.
        features: What may be learned from; see `application_features`.
        groups: By name the group of each application; watched, never learned from.
        times: When each was decided, as a growing number.
        firsts: When each was first labelled, where a later decision may have revised it.
        text_logits: For a feature of source `TEXT`, log-odds by models that never saw the text; see `cross_fit_text`.

    Raises:
        LearnError: If a column is uneven or a label is neither 0 nor 1.
    """
    compiled = compile_rubric(rubric)
    rows = [[tally_criterion(criterion, one.values) for criterion in compiled] for one in facts]
    place = {criterion.key: number for number, criterion in enumerate(rubric.criteria)}
    columns: dict[str, Sequence[object]] = {}
    for feature in features:
        match feature.source:
            case Source.CRITERION:
                columns[feature.key] = [_known_points(row[place[feature.key]]) for row in rows]
            case Source.FIELD:
                columns[feature.key] = [field_number(feature.key, one.values.get(feature.key)) for one in facts]
            case _ if text_logits is not None:
                columns[feature.key] = [
                    logit if joined_text(one) else None for one, logit in zip(facts, text_logits, strict=True)
                ]
    return build_table(
        features,
        columns,
        labels,
        rules={key: [row[number].given for row in rows] for key, number in place.items()},
        groups=groups,
        times=times,
        firsts=firsts,
    )


def _known_points(tally: Tally) -> int | None:
    return None if tally.state is State.UNKNOWN else tally.given


def train_applications(  # noqa: PLR0913 - what a model records about itself
    facts: Sequence[Facts],
    labels: Sequence[object],
    rubric: Rubric,
    *,
    version: str,
    fields: Sequence[str] = (),
    text: bool = False,
    groups: Mapping[str, Sequence[object]] | None = None,
    times: Sequence[object] | None = None,
    firsts: Sequence[object] | None = None,
    method: Method | None = None,
    label: str = "",
    replicas: int = REPLICAS,
) -> tuple[Model, Table]:
    """Learn from labelled applications.

    Args:
        facts: One for each application.
        labels: 0 or 1 for each.
        rubric: The rubric that gives the rule points, and that the model is then tied to.
        version: The name of what is made.
        fields: Fields of the rubric whose answers may be learned from besides the criteria's points.
        text: Whether to learn from the texts' n-grams too, within 15 of the 100 points.
        groups: By name the group of each application; watched, never learned from.
        times: When each was decided, as a growing number.
        firsts: When each was first labelled, where a later decision may have revised it.
        method: How to learn; by default what the labels can carry.
        label: What a label of 1 means, in words.
        replicas: How many bootstrap refits give the band.

    Returns:
        The model, and the table that the gate judges it on.

    Raises:
        LeakageError: If a feature knows the outcome.
        LearnError: If there are too few labels or a column cannot be used.
    """
    features = application_features(rubric, fields=fields, text=text)
    words: TextModel | None = None
    logits: Sequence[float] | None = None
    if text:
        marks = np.asarray([int(value == 1) for value in labels], dtype=np.int64)
        words, found = cross_fit_text([joined_text(one) for one in facts], marks, version=version)
        logits = found.tolist()
    table = application_table(
        facts, labels, rubric, features, groups=groups, times=times, firsts=firsts, text_logits=logits
    )
    model = fit_model(
        table,
        version=version,
        maxima={criterion.key: criterion.maximum for criterion in rubric.criteria},
        rubric_sha256=rubric.sha256,
        method=method,
        label=label,
        text=words,
        caps={feature.home: TEXT_CAP_TENTHS for feature in features if feature.source is Source.TEXT},
        replicas=replicas,
    )
    return model, table
