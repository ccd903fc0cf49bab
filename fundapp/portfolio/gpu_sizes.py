"""Azure GPU machine sizes: which GPU, and how many of it, an hour of each size stands for.

Source: the size tables of Microsoft's public documentation for "GPU accelerated" virtual machines (NC, ND and NV
families). Review this table when Azure adds a family: a machine of an N family that is missing here is refused on
import, never counted as nought.

A fraction is Azure's own partition of a card, such as a sixth of an A10. Memory is for one whole card, and tells
apart what the fund's pools call by one name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class GpuSize:
    """What one machine of a size holds.

    Attributes:
        sku: GPU model as the pools name it.
        gpus: Cards in the machine; a fraction when the size shares one.
        memory_gb: Memory of one whole card.
    """

    sku: str
    gpus: Fraction
    memory_gb: int


#: (size without "Standard_", model, cards, memory of a card in GB)
_ROWS: Final = (
    # NCasT4_v3
    ("NC4as_T4_v3", "T4", "1", 16),
    ("NC8as_T4_v3", "T4", "1", 16),
    ("NC16as_T4_v3", "T4", "1", 16),
    ("NC64as_T4_v3", "T4", "4", 16),
    # the NCv3 and NDv2 series
    ("NC6s_v3", "V100", "1", 16),
    ("NC12s_v3", "V100", "2", 16),
    ("NC24s_v3", "V100", "4", 16),
    ("NC24rs_v3", "V100", "4", 16),
    ("ND40rs_v2", "V100", "8", 32),
    # A100: the NC, ND and NDm series of v4
    ("NC24ads_A100_v4", "A100", "1", 80),
    ("NC48ads_A100_v4", "A100", "2", 80),
    ("NC96ads_A100_v4", "A100", "4", 80),
    ("ND96asr_v4", "A100", "8", 40),
    ("ND96asr_A100_v4", "A100", "8", 40),
    ("ND96amsr_v4", "A100", "8", 80),
    ("ND96amsr_A100_v4", "A100", "8", 80),
    # H100: the NC, confidential NCC and ND series of v5
    ("NC40ads_H100_v5", "H100", "1", 94),
    ("NC80adis_H100_v5", "H100", "2", 94),
    ("NCC40ads_H100_v5", "H100", "1", 94),
    ("ND96is_H100_v5", "H100", "8", 80),
    ("ND96isr_H100_v5", "H100", "8", 80),
    # ND_H200_v5
    ("ND96is_H200_v5", "H200", "8", 141),
    ("ND96isr_H200_v5", "H200", "8", 141),
    # ND_MI300X_v5
    ("ND96is_MI300X_v5", "MI300X", "8", 192),
    ("ND96isr_MI300X_v5", "MI300X", "8", 192),
    # ND_GB200_v6, ND_GB300_v6
    ("ND128isr_NDR_GB200_v6", "GB200", "4", 192),
    ("ND128isr_GB300_v6", "GB300", "4", 288),
    # NVadsA10_v5
    ("NV6ads_A10_v5", "A10", "1/6", 24),
    ("NV12ads_A10_v5", "A10", "1/3", 24),
    ("NV18ads_A10_v5", "A10", "1/2", 24),
    ("NV36ads_A10_v5", "A10", "1", 24),
    ("NV36adms_A10_v5", "A10", "1", 24),
    ("NV72ads_A10_v5", "A10", "2", 24),
)

GPU_SIZES: Final[Mapping[str, GpuSize]] = MappingProxyType(
    {name.lower(): GpuSize(sku, Fraction(gpus), memory) for name, sku, gpus, memory in _ROWS}
)

_PRICE_PLAN = re.compile(r"[ _](spot|low[ _]priority)$")
_GPU_FAMILY = re.compile(r"n[cdgv][a-z]?\d+[a-z]*(_[a-z0-9]+)*")


def normalise_size(text: str) -> str:
    """Spell a size or meter name as the table does: ``Standard_NC24ads_A100_v4`` and ``NC24ads A100 v4 Spot`` agree."""
    name = _PRICE_PLAN.sub("", text.strip().lower())
    return re.sub(r"[ -]+", "_", name).removeprefix("standard_")


def find_gpu_size(text: str) -> GpuSize | None:
    """Return the entry for a size or meter name; of names joined by ``/`` all must mean the same machine."""
    found = {GPU_SIZES.get(normalise_size(part)) for part in text.split("/")}
    return found.pop() if len(found) == 1 else None


def is_gpu_family(text: str) -> bool:
    """Tell whether a name looks like an N-family machine, known or not."""
    return any(_GPU_FAMILY.fullmatch(normalise_size(part)) for part in text.split("/"))
