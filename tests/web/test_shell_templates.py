"""Parts of pages that are remembered: what goes into them decides what comes out, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from jinja2.runtime import Macro
from markupsafe import Markup

from fundapp.web.shell.links import _changed, here
from fundapp.web.shell.templating import remembered, remembered_rows

OPEN, SHUT = True, False


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    hours: int


SOURCE = """
{%- macro part(row, open) -%}{{ drawn(row) }}<td>{{ row.name }} {{ row.hours }} {{ _('로그인') }}{{ ' open' if open }}
{{- '' }} {{ url_for('account.login') }}</td>{%- endmacro -%}
"""


@pytest.fixture
def drawn() -> list[Row]:
    return []


@pytest.fixture
def part(own_app: Flask, drawn: list[Row]) -> Macro:
    def note(row: Row) -> str:
        drawn.append(row)
        return ""

    own_app.jinja_env.globals["drawn"] = note
    return own_app.jinja_env.from_string(SOURCE).module.part  # type: ignore[attr-defined]  # the macro


def test_the_same_row_is_drawn_once(own_app: Flask, part: Macro, drawn: list[Row]) -> None:
    with own_app.test_request_context("/"):
        first = remembered(part, Row("가", 1), OPEN)
        assert remembered(part, Row("가", 1), OPEN) == first
    assert drawn == [Row("가", 1)]


def test_another_figure_another_right_and_another_language_are_drawn_anew(own_app: Flask, part: Macro) -> None:
    with own_app.test_request_context("/"):
        shown = [remembered(part, Row("가", 1), OPEN), remembered(part, Row("가", 2), OPEN)]
        shown.append(remembered(part, Row("가", 1), SHUT))
    with own_app.test_request_context("/?lang=en"):
        shown.append(remembered(part, Row("가", 1), OPEN))
    assert [str(one) for one in shown] == [
        "<td>가 1 로그인 open /account/login</td>",
        "<td>가 2 로그인 open /account/login</td>",
        "<td>가 1 로그인 /account/login</td>",
        "<td>가 1 Sign in open /account/login</td>",
    ]


def test_addresses_follow_the_root_that_the_product_runs_below(own_app: Flask, part: Macro) -> None:
    with own_app.test_request_context("/"):
        here = remembered(part, Row("가", 1), SHUT)
    with own_app.test_request_context("/", environ_overrides={"SCRIPT_NAME": "/fund"}):
        below = remembered(part, Row("가", 1), SHUT)
    assert (" /account/login" in here, " /fund/account/login" in below) == (True, True)


def test_rows_are_drawn_in_order_and_what_they_hold_is_escaped(own_app: Flask, part: Macro) -> None:
    with own_app.test_request_context("/"):
        shown = str(remembered_rows(part, [Row("<b>", 1), Row("나", 2), Row("<b>", 1)], SHUT))
    one, two = (f"<td>{name} {hours} 로그인 /account/login</td>" for name, hours in (("&lt;b&gt;", 1), ("나", 2)))
    assert shown == one + two + one


@pytest.mark.parametrize(("length", "times"), [(400, 1), (401, 2)])
def test_what_is_made_of_longer_words_is_not_kept(
    own_app: Flask, part: Macro, drawn: list[Row], length: int, times: int
) -> None:
    row = Row("긴 말", length)
    with own_app.test_request_context("/"):
        first = remembered(part, row, "가" * length)
        assert remembered(part, row, "가" * length) == first
    assert drawn == [row] * times


def test_what_is_made_of_a_drawing_is_kept_however_long(own_app: Flask, part: Macro, drawn: list[Row]) -> None:
    row, drawing = Row("그림", 1), Markup("<svg>") + Markup("<path/>") * 1000
    with own_app.test_request_context("/"):
        first = remembered(part, row, drawing)
        assert remembered(part, row, drawing) == first
    assert drawn == [row]


def test_links_of_a_query_too_long_to_keep_are_right_all_the_same(own_app: Flask) -> None:
    kept = _changed.cache_info().currsize
    with own_app.test_request_context("/?q=" + "a" * 400 + "&page=1"):
        assert here(page=2) == "?q=" + "a" * 400 + "&page=2"
    assert _changed.cache_info().currsize == kept
