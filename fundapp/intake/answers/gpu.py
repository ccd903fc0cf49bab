"""The GPU time that canonical answers ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fundapp.core.quantities import Quantity, gpu_commodity


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """GPU time asked for of one SKU (in lower case, as its column has it) in one quarter."""

    sku: str
    quarter: str
    hours: Quantity


def gpu_requests(answers: Mapping[str, Any]) -> tuple[GpuRequest, ...]:
    """Return the GPU time that canonical answers ask for, in the order of the columns' names."""
    found = []
    for key in sorted([key for key in answers if key.startswith("gpu_")]):
        if (asked := _asked_of(key)) is not None:
            sku, quarter = asked
            found.append(GpuRequest(sku, quarter, Quantity.parse(str(answers[key]), gpu_commodity(sku.upper()))))
    return tuple(found)


@lru_cache(maxsize=1024)
def _asked_of(key: str) -> tuple[str, str] | None:
    """Return the SKU and the quarter that a column asks for."""
    split = re.fullmatch(r"gpu_(.+)_(\d{4}Q[1-4])", key)
    return None if split is None else (split[1], split[2])
