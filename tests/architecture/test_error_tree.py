"""Every error that a person may be shown says the same in both languages."""

from __future__ import annotations

import importlib
from string import Formatter

import pytest
from source_tree import BUSINESS_ROOMS, LOWER_ROOMS, ROOT, module_of

from fundapp.core.errors import FundError

for _room in ("core", *LOWER_ROOMS, *BUSINESS_ROOMS):
    for _path in sorted((ROOT / "fundapp" / _room).rglob("*.py")):
        importlib.import_module(module_of(_path))


def tree(root: type[FundError]) -> list[type[FundError]]:
    """Return a class and all that derive from it within the product."""
    below = [found for child in root.__subclasses__() for found in tree(child)]
    return [found for found in (root, *below) if found.__module__.startswith("fundapp.")]


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def in_one_language(name: str) -> str:
    """Strip the mark of a language from a field: `reason_ko` and `reason_en` are one reason."""
    return name.removesuffix("_ko").removesuffix("_en")


def says_the_same(error: type[FundError]) -> bool:
    return {in_one_language(name) for name in fields(error.ko)} == {in_one_language(name) for name in fields(error.en)}


def has_hangul(text: str) -> bool:
    return any("가" <= sign <= "힣" for sign in text)


ERRORS = sorted(set(tree(FundError)), key=lambda error: f"{error.__module__}.{error.__name__}")


@pytest.mark.parametrize("error", ERRORS)
def test_both_messages_name_the_same_details(error: type[FundError]) -> None:
    assert says_the_same(error)


def test_each_message_is_in_its_language() -> None:
    # Where the words come from a detail, only the template's own words count, if it has any.
    mixed = [error.__name__ for error in ERRORS if has_hangul(error.en)]
    untranslated = [error.__name__ for error in ERRORS if not has_hangul(error.ko) and not fields(error.ko)]
    assert (mixed, untranslated) == ([], [])


def test_a_message_that_forgets_a_detail_is_found() -> None:
    class ForgetfulError(FundError):
        ko = "{account}: {reason_ko}"
        en = "{account}"

    assert not says_the_same(ForgetfulError)


def test_error_codes_tell_kinds_of_refusal_apart() -> None:
    # What may not be seen looks like what is absent; nothing else shares a code with an unrelated error.
    by_code: dict[str, list[type[FundError]]] = {}
    for error in ERRORS:
        by_code.setdefault(error.code, []).append(error)
    unrelated = {
        code: [error.__name__ for error in errors]
        for code, errors in by_code.items()
        if not any(all(issubclass(error, parent) for error in errors) for parent in errors)
    }
    assert unrelated == {}
