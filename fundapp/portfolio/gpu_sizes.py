"""Azure GPU machine sizes: which GPU, and how many of it, an hour of each size stands for.

Source: the size tables of Microsoft's public documentation for "GPU accelerated" virtual machines (NC, ND and NV
families). A machine of an N family that is missing here is refused on import, never counted as nought; staff add it
as a dated line of the fund's own table, which also overrides what is built in.

A fraction is Azure's own partition of a card, such as a sixth of an A10. Memory is for one whole card, and tells
apart what the fund's pools call by one name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
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


#: (size without "Standard_", model, cards, memory of a card in GB), by family and the year it first could be billed.
_FAMILIES: Final = (
    (
        "NC",
        2016,
        (("NC6", "K80", "1", 12), ("NC12", "K80", "2", 12), ("NC24", "K80", "4", 12), ("NC24r", "K80", "4", 12)),
    ),
    ("NV", 2016, (("NV6", "M60", "1", 8), ("NV12", "M60", "2", 8), ("NV24", "M60", "4", 8))),
    (
        "NCv2",
        2017,
        (
            ("NC6s_v2", "P100", "1", 16),
            ("NC12s_v2", "P100", "2", 16),
            ("NC24s_v2", "P100", "4", 16),
            ("NC24rs_v2", "P100", "4", 16),
        ),
    ),
    (
        "ND",
        2017,
        (("ND6s", "P40", "1", 24), ("ND12s", "P40", "2", 24), ("ND24s", "P40", "4", 24), ("ND24rs", "P40", "4", 24)),
    ),
    (
        "NCv3",
        2018,
        (
            ("NC6s_v3", "V100", "1", 16),
            ("NC12s_v3", "V100", "2", 16),
            ("NC24s_v3", "V100", "4", 16),
            ("NC24rs_v3", "V100", "4", 16),
        ),
    ),
    ("NVv2", 2018, (("NV6s_v2", "M60", "1", 8), ("NV12s_v2", "M60", "2", 8), ("NV24s_v2", "M60", "4", 8))),
    ("NVv3", 2018, (("NV12s_v3", "M60", "1", 8), ("NV24s_v3", "M60", "2", 8), ("NV48s_v3", "M60", "4", 8))),
    ("NDv2", 2019, (("ND40s_v2", "V100", "8", 32), ("ND40rs_v2", "V100", "8", 32))),
    (
        "NVv4",
        2019,
        (
            ("NV4as_v4", "MI25", "1/8", 16),
            ("NV8as_v4", "MI25", "1/4", 16),
            ("NV16as_v4", "MI25", "1/2", 16),
            ("NV32as_v4", "MI25", "1", 16),
        ),
    ),
    (
        "NCasT4_v3",
        2020,
        (
            ("NC4as_T4_v3", "T4", "1", 16),
            ("NC8as_T4_v3", "T4", "1", 16),
            ("NC16as_T4_v3", "T4", "1", 16),
            ("NC64as_T4_v3", "T4", "4", 16),
        ),
    ),
    ("NDasrA100_v4", 2020, (("ND96asr_v4", "A100", "8", 40), ("ND96asr_A100_v4", "A100", "8", 40))),
    ("NDmA100_v4", 2021, (("ND96amsr_v4", "A100", "8", 80), ("ND96amsr_A100_v4", "A100", "8", 80))),
    (
        "NCA100_v4",
        2021,
        (
            ("NC24ads_A100_v4", "A100", "1", 80),
            ("NC48ads_A100_v4", "A100", "2", 80),
            ("NC96ads_A100_v4", "A100", "4", 80),
        ),
    ),
    (
        "NVadsA10_v5",
        2021,
        (
            ("NV6ads_A10_v5", "A10", "1/6", 24),
            ("NV12ads_A10_v5", "A10", "1/3", 24),
            ("NV18ads_A10_v5", "A10", "1/2", 24),
            ("NV36ads_A10_v5", "A10", "1", 24),
            ("NV36adms_A10_v5", "A10", "1", 24),
            ("NV72ads_A10_v5", "A10", "2", 24),
        ),
    ),
    ("ND_H100_v5", 2023, (("ND96is_H100_v5", "H100", "8", 80), ("ND96isr_H100_v5", "H100", "8", 80))),
    (
        "NCads_H100_v5",
        2023,
        (
            ("NC40ads_H100_v5", "H100", "1", 94),
            ("NC80adis_H100_v5", "H100", "2", 94),
            ("NCC40ads_H100_v5", "H100", "1", 94),
        ),
    ),
    ("ND_MI300X_v5", 2023, (("ND96is_MI300X_v5", "MI300X", "8", 192), ("ND96isr_MI300X_v5", "MI300X", "8", 192))),
    (
        "NVadsV710_v5",
        2024,
        (
            ("NV4ads_V710_v5", "V710", "1/6", 24),
            ("NV8ads_V710_v5", "V710", "1/3", 24),
            ("NV12ads_V710_v5", "V710", "1/2", 24),
            ("NV24ads_V710_v5", "V710", "1", 24),
            ("NV28adms_V710_v5", "V710", "1", 24),
        ),
    ),
    ("ND_H200_v5", 2024, (("ND96is_H200_v5", "H200", "8", 141), ("ND96isr_H200_v5", "H200", "8", 141))),
    ("ND_GB200_v6", 2024, (("ND128isr_NDR_GB200_v6", "GB200", "4", 192), ("ND128isr_GB200_v6", "GB200", "4", 192))),
    ("ND_GB300_v6", 2025, (("ND128isr_GB300_v6", "GB300", "4", 288), ("ND128isr_NDR_GB300_v6", "GB300", "4", 288))),
)
SOURCE: Final = "Azure size tables, GPU accelerated"


@dataclass(frozen=True, slots=True)
class SizeLine:
    """What a size stands for from a day on.

    Attributes:
        name: Size as Azure spells it.
        valid_from: First UTC day of use that it applies to.
        size: Model and cards.
        source: Where it is written.
    """

    name: str
    valid_from: date
    size: GpuSize
    source: str


#: The built-in table. A family is dated 1 January of the year in which it could first be billed, previews included,
#: so that no billed day falls before it; retired families stay, because late bills still name them.
BUILT_IN: Final = tuple(
    SizeLine(name, date(year, 1, 1), GpuSize(sku, Fraction(gpus), memory), f"{SOURCE}: {family}")
    for family, year, rows in _FAMILIES
    for name, sku, gpus, memory in rows
)

_PRICE_PLAN = re.compile(r"[ _](spot|low[ _]priority|promo)$")
_GPU_FAMILY = re.compile(r"n[cdgv][a-z]?\d+[a-z]*(_[a-z0-9]+)*")


def normalise_size(text: str) -> str:
    """Spell a size or meter name as the table does: ``Standard_NC24ads_A100_v4`` and ``NC24ads A100 v4 Spot`` agree."""
    name = _PRICE_PLAN.sub("", text.strip().lower())
    return re.sub(r"[ -]+", "_", name).removeprefix("standard_")


def is_gpu_family(text: str) -> bool:
    """Tell whether a name looks like an N-family machine, known or not."""
    return any(_GPU_FAMILY.fullmatch(normalise_size(part)) for part in text.split("/"))


class GpuSizes:
    """The table of sizes: what is built in, and lines of the fund's own that add to it or override it from a day on."""

    def __init__(self, own: Iterable[SizeLine] = ()) -> None:
        self._lines: dict[str, list[SizeLine]] = {}
        for line in (*BUILT_IN, *own):
            self._lines.setdefault(normalise_size(line.name), []).append(line)
        for lines in self._lines.values():
            lines.sort(key=lambda line: line.valid_from)  # stable: of one day, the line recorded last wins

    def find(self, text: str, day: date) -> GpuSize | None:
        """Return what a size or meter name stood for on a UTC day; of names joined by `/` all must mean the same."""
        found = {self._find(normalise_size(part), day) for part in text.split("/")}
        return found.pop() if len(found) == 1 else None

    def _find(self, name: str, day: date) -> GpuSize | None:
        valid = [line.size for line in self._lines.get(name, ()) if line.valid_from <= day]
        return valid[-1] if valid else None

    def names(self, text: str) -> bool:
        """Tell whether a text names a machine with GPUs at all, known on some day or only by its family."""
        return any(normalise_size(part) in self._lines for part in text.split("/")) or is_gpu_family(text)

    def models(self) -> frozenset[str]:
        """Return every GPU model of the table, in lower case."""
        return frozenset(line.size.sku.lower() for lines in self._lines.values() for line in lines)
