"""A patch is laid over answers that others may have changed: question by question."""

from __future__ import annotations

from fundapp.intake.merging import Merged, mark_of, merge_patch

STORED = {"a": "one", "b": "two"}


def test_an_answer_typed_over_what_is_still_stored_replaces_it() -> None:
    merged = merge_patch({"a": "new"}, {"a": mark_of("one")}, STORED, current=False)
    assert merged == Merged({"a": "new"}, {})


def test_an_answer_that_somebody_else_changed_meanwhile_is_a_clash() -> None:
    merged = merge_patch({"a": "mine", "b": "new"}, {"a": mark_of("old"), "b": mark_of("two")}, STORED, current=False)
    assert merged == Merged({"b": "new"}, {"a": "one"})


def test_an_answer_that_nobody_touched_here_gives_way() -> None:
    merged = merge_patch({"a": "old"}, {"a": mark_of("old")}, STORED, current=False)
    assert merged == Merged({}, {}, frozenset({"a"}))


def test_two_who_say_the_same_do_not_clash() -> None:
    assert merge_patch({"a": "one"}, {"a": mark_of("old")}, STORED, current=False) == Merged({}, {})


def test_removing_an_answer_that_was_changed_meanwhile_is_a_clash() -> None:
    assert merge_patch({"a": None}, {"a": mark_of("old")}, STORED, current=False) == Merged({}, {"a": "one"})


def test_without_a_mark_only_the_newest_revision_may_overwrite() -> None:
    assert merge_patch({"a": "new"}, {}, STORED, current=True) == Merged({"a": "new"}, {})
    assert merge_patch({"a": "new"}, {}, STORED, current=False) == Merged({}, {"a": "one"})


def test_a_mark_counts_even_when_the_revision_is_the_newest() -> None:
    assert merge_patch({"a": "new"}, {"a": mark_of("old")}, STORED, current=True) == Merged({}, {"a": "one"})


def test_marks_tell_answers_apart_and_no_answer_from_a_blank_one() -> None:
    assert mark_of(None) == ""
    assert len({mark_of(value) for value in ("", "1", 1, True, [{"a": "1"}])}) == 5
