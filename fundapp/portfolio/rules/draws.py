"""From where use is drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stock:
    """What one grant can give, in ten-thousandths of an hour.

    Attributes:
        free: hours neither used nor lapsed.
        lapsed: hours that expired unused; late records of earlier use may still claim them.
        overage: hours used beyond the grant so far.
    """

    free: int
    lapsed: int
    overage: int


@dataclass(frozen=True, slots=True)
class Draw:
    """How a change in use is divided; negative parts go back to where they came from."""

    granted: int
    recovered: int
    overage: int


def draw(change: int, stock: Stock) -> Draw:
    """Divide a change in use over a grant so that overage is always what exceeds the grant, and nothing else.

    More use takes free hours first, then hours that lapsed before the record arrived, then overage. Less use takes
    back overage first. However a total is reached, the same total gives the same division.

    Args:
        change: Hours in ten-thousandths; negative for a correction downwards.
        stock: What the grant holds before the change.
    """
    if change >= 0:
        granted = min(max(stock.free, 0), change)
        recovered = min(stock.lapsed, change - granted)
        return Draw(granted, recovered, change - granted - recovered)
    returned = min(max(stock.overage, 0), -change)
    return Draw(change + returned, 0, -returned)


def after_draw(stock: Stock, taken: Draw) -> Stock:
    """Return what a grant holds after a draw."""
    return Stock(stock.free - taken.granted, stock.lapsed - taken.recovered, stock.overage + taken.overage)
