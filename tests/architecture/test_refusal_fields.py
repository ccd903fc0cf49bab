"""A page names the field that an action refused as its forms do, whatever action refused it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from source_tree import name_of, product_files

from fundapp.portfolio.rules import TERMS
from fundapp.web.shell.refusals import FIELD_WORDS

MAKERS = frozenset({"InvalidInputError", "_wrong"})
ELSEWHERE = {
    "fundapp/intake/": "fields of a call or mapping file, and answers beside their questions",
    "fundapp/allocation/planning/": "terms of a call file",
    "fundapp/portfolio/rules/grant_terms.py": "terms of a call file",
    "fundapp/committee/rules/ballot_rules.py": "terms of a call file",
    "fundapp/portfolio/actions/metering.py": "options of a command",
    "fundapp/portfolio/metering/": "options of a command",
    "fundapp/web/api/": "parameters of the interface, which keep their names",
    "fundapp/committee/rules/terms.py": "terms of a call file",
    "fundapp/committee/actions/phases.py": "likewise, and the phases of a form that has named them",
    "fundapp/core/": "headers of a letter",
}
HIDDEN = frozenset({"key", "revision"})
"""Fields of forms that nobody sees."""


def fields(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in MAKERS:
            continue
        values = [one.value for one in node.keywords if one.arg == "field"] or node.args[:1]
        yield from (one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str))


def test_every_field_that_an_action_refuses_has_a_name_on_pages() -> None:
    named = set(FIELD_WORDS) | {term.name for terms in TERMS.values() for term in terms} | HIDDEN
    unnamed = {
        (name_of(path), field)
        for path in product_files()
        if not name_of(path).startswith(tuple(ELSEWHERE))
        for field in fields(ast.parse(path.read_text("utf-8")))
        if field not in named
    }
    assert unnamed == set()


def test_a_field_is_found_however_it_is_refused() -> None:
    code = 'raise InvalidInputError(field="paid_on", reason_ko="", reason_en="")\nraise _wrong("krw", "", "")\n'
    assert list(fields(ast.parse(code))) == ["paid_on", "krw"]
