"""In which order a meeting takes its items."""

from __future__ import annotations

import uuid
from collections.abc import Mapping


def agenda_order(recusals: Mapping[str, frozenset[uuid.UUID]]) -> list[str]:
    """Order items so that few people leave or enter the room between two of them.

    Starts with everybody in the room, then always takes the item that moves the fewest people; ties by key.

    Args:
        recusals: By item key (an application's number), who has to be outside.
    """
    waiting, order, outside = dict(recusals), list[str](), frozenset[uuid.UUID]()
    while waiting:
        nearest = min(waiting, key=lambda key: (len(waiting[key] ^ outside), key))
        outside = waiting.pop(nearest)
        order.append(nearest)
    return order
