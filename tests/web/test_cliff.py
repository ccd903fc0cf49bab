"""The picture of how often companies win over draws of their scores: what is drawn of a small and of a large call."""

from __future__ import annotations

from fundapp.web.operations.weighed import Odds, draw_cliff


def odds(*wins: int) -> list[Odds]:
    return [Odds(f"A{place:04}", f"회사{place}", won, 200, won > 100, 600, 700) for place, won in enumerate(wins)]


def test_a_small_call_is_drawn_whole_from_most_wins_to_fewest() -> None:
    found = draw_cliff(odds(0, 200, 90, 199, 120))
    assert [one.wins for one in found.shown] == [200, 199, 120, 90, 0]
    assert (found.ever, found.unsure, found.never, found.whole) == (2, 2, 1, True)


def test_of_a_large_call_those_around_the_cut_off_are_drawn() -> None:
    found = draw_cliff(odds(*[200] * 400, *[110] * 20, *[0] * 600))
    assert (found.ever, found.unsure, found.never, found.whole) == (400, 20, 600, False)
    assert [one.wins for one in found.shown] == [200] * 50 + [110] * 20 + [0] * 50


def test_where_nobody_is_sure_all_are_drawn_however_many() -> None:
    found = draw_cliff(odds(*[110] * 150, *[0] * 5))
    assert len([one for one in found.shown if not one.sure]) == 150
