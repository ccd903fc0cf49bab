"""The way of an application as data: stages, steps between them, and what a call may change about them.

Standard library only. Today's way is the default; a call adds stages of its own in between and says which steps lead
there. What other rooms rely on keeps its meaning: the core stages, and the steps that screening, ballots and
agreements take by name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fundapp.core.errors import InvalidInputError, TransitionRefusedError
from fundapp.core.wording import STATES as WORDS
from fundapp.core.wording import VERBS
from fundapp.intake.rules import ARROWS, STATES

TONES = ("brand", "ok", "warn", "err", "line")
ICONS = (
    "chat-dots", "camera-video", "geo-alt", "search", "file-earmark-text", "person-check", "hourglass-split",
    "clipboard-check", "calendar-check", "pause-circle",
)  # fmt: skip
STEP_ROLES = ("analyst", "chair", "committee", "finance", "admin")
OPTIONAL = {"deferred": "eligible"}
"""Core stages that a call may leave out, and where the steps that led there lead instead."""
ENDS = frozenset({"ineligible", "rejected", "awarded", "withdrawn"})
LOOSE = frozenset({("propose", "eligible"), ("propose", "deferred"), ("withdraw", "eligible"), ("withdraw", "on_hold")})
"""Core steps that a call may take away from a stage, because another stage may take them over."""
DOORS_OUT, DOORS_IN = frozenset({"eligible", "deferred"}), frozenset({"eligible"})
"""Core stages that a step of the call's own may begin at, and lead back to: none of them passes the committee by."""
TAKEN_OVER = frozenset({"propose", "withdraw"})
"""Core steps that may begin at a stage of the call's own."""
BY_MACHINE = frozenset({"submit", "resubmit", "pass_screening", "hold"})
MOST_STAGES, MOST_STEPS = 12, 60
_KEY = re.compile(r"[a-z][a-z_]{1,18}[a-z]")
_LONGEST_NAME = 40
_TARGETS = {arrow.verb: arrow.target for arrow in ARROWS}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what staff and applicants call it, and how it looks.

    Attributes:
        core: Whether other rooms rely on it.
    """

    key: str
    ko: str
    en: str
    applicant_ko: str
    applicant_en: str
    tone: str = "line"
    icon: str = ""
    core: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One permitted step.

    Attributes:
        role: Who may take it, besides what the room that takes it asks; empty for anybody whom that lets.
        fields: Answers that have to be there.
        reason: Whether it needs a reason.
        core: Whether it is one of today's.
    """

    verb: str
    source: str
    target: str
    ko: str
    en: str
    role: str = ""
    fields: tuple[str, ...] = ()
    reason: bool = False
    core: bool = False


@dataclass(frozen=True, slots=True)
class Workflow:
    """Stages in their order, and the steps between them."""

    stages: tuple[Stage, ...]
    steps: tuple[Step, ...]

    def step(self, state: str, verb: str) -> Step:
        """Return the step that `verb` takes from a stage.

        Raises:
            TransitionRefusedError: if there is none.
        """
        for step in self.steps:
            if (step.source, step.verb) == (state, verb):
                return step
        raise TransitionRefusedError(thing="application", state=state, verb=verb)

    def own_steps(self, state: str) -> tuple[Step, ...]:
        """Return the steps that staff take from a stage by hand: those that no other room takes by name."""
        return tuple(step for step in self.steps if step.source == state and step.verb not in _TARGETS)

    @property
    def proposable(self) -> frozenset[str]:
        """The stages from which applications may be put to a vote."""
        return frozenset(step.source for step in self.steps if step.verb == "propose")

    def find_stage(self, key: str) -> Stage | None:
        """Return a stage by its key."""
        return next((stage for stage in self.stages if stage.key == key), None)


def is_stage_key(text: str) -> bool:
    """Say whether a text could be the key of a stage."""
    return text in STATES or _KEY.fullmatch(text) is not None


def _core_stages() -> tuple[Stage, ...]:
    return tuple(Stage(key, *WORDS["application"][key], *WORDS["application"][key], core=True) for key in STATES)


def _core_steps() -> tuple[Step, ...]:
    return tuple(Step(one.verb, one.source, one.target, *VERBS[one.verb], core=True) for one in ARROWS)


BUILT_IN = Workflow(_core_stages(), _core_steps())
"""Today's way, where a call says nothing."""


def parse_workflow(document: Mapping[str, Any], questions: Collection[str]) -> Workflow:
    """Read a call's `[workflow]`, laid over today's way; an absent section is today's way.

    Args:
        document: The call's definition.
        questions: Keys of the questions that its form asks.

    Raises:
        InvalidInputError: naming the key: an unknown stage, a missing name, a stage that nothing leads to or that
            nothing leads out of, a core step that is missing or leads elsewhere, an unknown role or question.
    """
    section = document.get("workflow")
    if section is None:
        return BUILT_IN
    if not isinstance(section, Mapping):
        raise _wrong("workflow", "표여야 합니다", "must be a table")
    unknown = set(section) - {"stages", "steps", "leave_out", "take_away"}
    if unknown:
        raise _wrong(f"workflow.{min(unknown)}", "없는 항목입니다", "no such key")
    own = _read_stages(_tables(section, "stages"))
    left_out = _read_left_out(section.get("leave_out", []))
    stages = _in_order([one for one in BUILT_IN.stages if one.key not in left_out], own, _tables(section, "stages"))
    keys = {stage.key for stage in stages}
    taken = {(str(one.get("verb")), str(one.get("from"))) for one in _tables(section, "take_away")}
    _check_taken(taken)
    steps = [_redirected(step, left_out) for step in BUILT_IN.steps if step.source not in left_out]
    steps = [step for step in steps if (step.verb, step.source) not in taken]
    for place, one in enumerate(_tables(section, "steps"), start=1):
        steps = _add_step(steps, one, f"workflow.steps[{place}]", keys, questions)
    workflow = Workflow(tuple(stages), tuple(steps))
    _check_whole(workflow)
    return workflow


def _tables(section: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = section.get(key, [])
    most = MOST_STAGES if key == "stages" else MOST_STEPS
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value) or len(value) > most:
        raise _wrong(
            f"workflow.{key}", f"{most}개까지의 표 목록이어야 합니다", f"must be a list of at most {most} tables"
        )
    return value


def _read_stages(tables: Iterable[Mapping[str, Any]]) -> list[Stage]:
    stages: list[Stage] = []
    for place, one in enumerate(tables, start=1):
        where = f"workflow.stages[{place}]"
        key = one.get("key")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise _wrong(f"{where}.key", "영문 소문자와 밑줄 3~20자입니다", "3 to 20 small letters and underscores")
        if key in STATES or key in {stage.key for stage in stages}:
            raise _wrong(f"{where}.key", f"이미 있는 단계입니다: {key}", f"there is such a stage already: {key}")
        names = [_name(one, where, name) for name in ("ko", "en")]
        told = [_name(one, where, f"applicant_{name}", names[i]) for i, name in enumerate(("ko", "en"))]
        tone, icon = one.get("tone", "line"), one.get("icon", "")
        if tone not in TONES:
            raise _wrong(f"{where}.tone", f"{', '.join(TONES)} 가운데 하나입니다", f"one of {', '.join(TONES)}")
        if icon not in {"", *ICONS}:
            raise _wrong(f"{where}.icon", f"{', '.join(ICONS)} 가운데 하나입니다", f"one of {', '.join(ICONS)}")
        stages.append(Stage(key, names[0], names[1], told[0], told[1], tone, icon))
    return stages


def _name(one: Mapping[str, Any], where: str, key: str, default: str = "") -> str:
    value = one.get(key) or default
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_NAME or not value.isprintable():
        raise _wrong(
            f"{where}.{key}", f"이름이 필요합니다({_LONGEST_NAME}자까지)", f"needs a name ({_LONGEST_NAME} at most)"
        )
    return value.strip()


def _read_left_out(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not set(map(str, value)) <= set(OPTIONAL):
        raise _wrong(
            "workflow.leave_out", f"뺄 수 있는 단계: {', '.join(OPTIONAL)}", f"may leave out: {', '.join(OPTIONAL)}"
        )
    return frozenset(map(str, value))


def _in_order(core: list[Stage], own: list[Stage], tables: Sequence[Mapping[str, Any]]) -> list[Stage]:
    """Put each stage of the call's behind the one it names as `after`; behind `eligible` where it names none."""
    stages = list(core)
    for place, (stage, one) in enumerate(zip(own, tables, strict=True), start=1):
        after = one.get("after", "eligible")
        keys = [known.key for known in stages]
        if after not in keys:
            raise _wrong(f"workflow.stages[{place}].after", f"없는 단계입니다: {after}", f"no such stage: {after}")
        stages.insert(keys.index(after) + 1, stage)
    return stages


def _check_taken(taken: Iterable[tuple[str, str]]) -> None:
    for verb, source in taken:
        if (verb, source) not in LOOSE:
            raise _wrong("workflow.take_away", f"뺄 수 없습니다: {source} → {verb}", f"must stay: {verb} from {source}")


def _redirected(step: Step, left_out: Collection[str]) -> Step:
    if step.target not in left_out:
        return step
    return Step(step.verb, step.source, OPTIONAL[step.target], step.ko, step.en, core=True)


def _add_step(
    steps: list[Step], one: Mapping[str, Any], where: str, keys: Collection[str], questions: Collection[str]
) -> list[Step]:
    """Add one step, or put conditions on a core step that is there already."""
    source, target = str(one.get("from", "")), str(one.get("to", ""))
    for name, key in (("from", source), ("to", target)):
        if key not in keys:
            raise _wrong(f"{where}.{name}", f"없는 단계입니다: {key}", f"no such stage: {key}")
    verb = str(one.get("verb") or f"to_{target}")
    if not _KEY.fullmatch(verb) and verb != f"to_{target}":
        raise _wrong(f"{where}.verb", "영문 소문자와 밑줄 3~20자입니다", "3 to 20 small letters and underscores")
    core_step = next((step for step in steps if step.core and (step.verb, step.source) == (verb, source)), None)
    if core_step is None:
        _check_place(verb, source, target, where)
    elif target != core_step.target:
        raise _wrong(f"{where}.to", f"{verb}는 {core_step.target}로 갑니다", f"{verb} leads to {core_step.target}")
    words = VERBS[verb] if verb in _TARGETS else None
    ko = words[0] if words else _name(one, where, "ko")
    en = words[1] if words else _name(one, where, "en")
    role, fields, reason = _terms(one, where, verb, questions)
    added = Step(verb, source, target, ko, en, role, fields, reason, core=core_step is not None)
    if core_step is not None:
        return [added if step is core_step else step for step in steps]
    if any((step.verb, step.source) == (verb, source) for step in steps):
        raise _wrong(f"{where}.verb", f"이미 있는 이동입니다: {verb}", f"there is such a step already: {verb}")
    return [*steps, added]


def _check_place(verb: str, source: str, target: str, where: str) -> None:
    """Keep steps of a call's own from passing the committee by, or from standing in for what other rooms do."""
    if verb in _TARGETS:
        if verb not in TAKEN_OVER or source in STATES:
            raise _wrong(f"{where}.verb", f"{source}에서 {verb}를 둘 수 없습니다", f"{verb} cannot begin at {source}")
        if target != _TARGETS[verb]:
            raise _wrong(f"{where}.to", f"{verb}는 {_TARGETS[verb]}로 갑니다", f"{verb} leads to {_TARGETS[verb]}")
        return
    if source in STATES and source not in DOORS_OUT:
        raise _wrong(f"{where}.from", f"{source}에서 나갈 수 없습니다", f"no step of its own begins at {source}")
    if target in STATES and (target not in DOORS_IN or source in STATES):
        raise _wrong(f"{where}.to", f"{target}로 들어갈 수 없습니다", f"no step of its own leads to {target}")


def _terms(
    one: Mapping[str, Any], where: str, verb: str, questions: Collection[str]
) -> tuple[str, tuple[str, ...], bool]:
    role, fields, reason = one.get("role", ""), one.get("fields", []), one.get("reason", False)
    if role not in {"", *STEP_ROLES}:
        raise _wrong(f"{where}.role", f"{', '.join(STEP_ROLES)} 가운데 하나입니다", f"one of {', '.join(STEP_ROLES)}")
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise _wrong(f"{where}.fields", "문항 이름의 목록이어야 합니다", "must be a list of questions")
    missing = sorted(set(fields) - set(questions))
    if missing:
        raise _wrong(f"{where}.fields", f"묻지 않는 문항입니다: {missing[0]}", f"no such question: {missing[0]}")
    if not isinstance(reason, bool):
        raise _wrong(f"{where}.reason", "true 또는 false입니다", "must be true or false")
    if verb in BY_MACHINE and (role or fields or reason):
        raise _wrong(f"{where}.verb", f"{verb}에는 조건을 붙일 수 없습니다", f"{verb} takes no conditions")
    return role, tuple(dict.fromkeys(fields)), reason


def _check_whole(workflow: Workflow) -> None:
    """Hold the whole against what rooms rely on: every stage is reached, leads on to an end, and core verbs exist."""
    verbs = {step.verb for step in workflow.steps}
    for verb in _TARGETS:
        if verb not in verbs:
            raise _wrong("workflow.steps", f"빠진 이동이 있습니다: {verb}", f"a step is missing: {verb}")
    pairs = [(step.source, step.target) for step in workflow.steps]
    reached = _spread({"draft"}, pairs)
    ending = _spread(set(ENDS), [(target, source) for source, target in pairs])
    for stage in workflow.stages:
        if stage.key not in reached:
            raise _wrong(f"workflow.stages.{stage.key}", "이 단계로 오는 길이 없습니다", "nothing leads to this stage")
        if stage.key not in ending:
            raise _wrong(
                f"workflow.stages.{stage.key}",
                "이 단계에서 끝으로 가는 길이 없습니다",
                "there is no way out of this stage",
            )


def _spread(start: set[str], pairs: Sequence[tuple[str, str]]) -> set[str]:
    reached = set(start)
    while True:
        further = {target for source, target in pairs if source in reached} - reached
        if not further:
            return reached
        reached |= further


def _wrong(field: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=reason_ko, reason_en=reason_en)


@dataclass(frozen=True, slots=True)
class Impact:
    """What a new way would mean for the applications as they stand.

    Attributes:
        stranded: Applications by stage that the new way does not have; while there are any, it cannot take effect.
        lost: Steps that go away, each with the applications that stand where it began.
        gained: Steps that are new.
        lacking: For each step and question, how many applications that stand before it have no such answer.
    """

    stranded: tuple[tuple[Stage, int], ...]
    lost: tuple[tuple[Step, int], ...]
    gained: tuple[Step, ...]
    lacking: tuple[tuple[Step, str, int], ...]


def compare(
    before: Workflow, after: Workflow, standing: Mapping[str, int], lacking: Mapping[tuple[str, str], int]
) -> Impact:
    """Compare two ways.

    Args:
        before: The way in force.
        after: The new one.
        standing: Applications by stage.
        lacking: Applications by stage and question that have no such answer.
    """
    keys = {stage.key for stage in after.stages}
    own = {(step.verb, step.source, step.target) for step in after.steps}
    old = {(step.verb, step.source, step.target) for step in before.steps}
    return Impact(
        stranded=tuple(
            (stage, standing[stage.key]) for stage in before.stages if stage.key not in keys and standing.get(stage.key)
        ),
        lost=tuple(
            (step, standing.get(step.source, 0))
            for step in before.steps
            if (step.verb, step.source, step.target) not in own
        ),
        gained=tuple(step for step in after.steps if (step.verb, step.source, step.target) not in old),
        lacking=tuple(
            (step, field, lacking[step.source, field])
            for step in after.steps
            for field in step.fields
            if lacking.get((step.source, field))
        ),
    )
