"""From samples to days: how many GPU-hours were seen, how busy they were, and how many stood idle."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from fundapp.core.quantities import HOUR
from fundapp.portfolio.metering.prometheus import Series

DEFAULT_QUERY = "avg_over_time(DCGM_FI_DEV_GPU_UTIL[5m])"
DEFAULT_STEP = 300
IDLE_BELOW_PERMILLE = 50
IDLE_FROM_SECONDS = 6 * 3600
"""A GPU stands idle on a day when it does under 5 % for six hours together or apart; less is a pause."""

_HOUR_SECONDS = 3600
_FULL = 1000
_PERMILLE_OF = {"percent": Decimal(10), "ratio": Decimal(1000)}
_MODEL = re.compile(r"\b[A-Z]{1,2}\d{1,4}[A-Z]?\b")


@dataclass(frozen=True, slots=True)
class Meter:
    """How the series of a source are to be read.

    Attributes:
        unit: `percent` (0 to 100, DCGM_FI_DEV_GPU_UTIL) or `ratio` (0 to 1, DCGM_FI_PROF_GR_ENGINE_ACTIVE).
        step: Time that one sample stands for; it ends at the sample.
        award_label: Label that says whose GPU it is.
        awards: Award number by value of that label; a value that is an award's number needs no entry.
        models: SKU by model name, where the name itself does not tell.
    """

    unit: str
    step: timedelta
    award_label: str
    awards: Mapping[str, str]
    models: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DayReading:
    """One award's GPUs of one SKU on one UTC day; hours in ten-thousandths."""

    award: str
    sku: str
    utc_day: date
    gpus: int
    observed_e4: int
    busy_permille: int
    idle_e4: int


@dataclass(slots=True)
class _Gpu:
    """One GPU on one day: samples seen, sum of their permilles, and samples under the threshold."""

    samples: int = 0
    busy: Decimal = Decimal(0)
    slack: int = 0


@dataclass(slots=True)
class DayBook:
    """Collects samples of as many answers as a range needs.

    Attributes:
        unknown: Values of the award label that belong to no award; they are reported, not guessed.
    """

    meter: Meter
    known: frozenset[str]
    unknown: set[str] = field(default_factory=set)
    _gpus: dict[tuple[str, str, date, str], _Gpu] = field(default_factory=dict)

    def add(self, series: Iterable[Series]) -> None:
        """Take in the samples of some series; a sample that is no number, or out of range, is a gap."""
        for one in series:
            owner = one.labels.get(self.meter.award_label, "")
            award = self.meter.awards.get(owner, owner)
            if award not in self.known:
                self.unknown.add(owner or "-")
                continue
            sku = sku_of_model(one.labels.get("modelName", ""), self.meter.models)
            gpu = one.labels.get("UUID") or f"{one.labels.get('Hostname', '')}/{one.labels.get('gpu', '')}"
            self._add_samples(one, award, sku, gpu)

    def _add_samples(self, series: Series, award: str, sku: str, gpu: str) -> None:
        scale = _PERMILLE_OF[self.meter.unit]
        for sample in series.samples:
            if sample.value is None or not 0 <= sample.value * scale <= _FULL:
                continue
            seen = self._gpus.setdefault((award, sku, _day_of(sample.at, self.meter.step), gpu), _Gpu())
            permille = sample.value * scale
            seen.samples += 1
            seen.busy += permille
            seen.slack += permille < IDLE_BELOW_PERMILLE

    def days(self) -> list[DayReading]:
        """Return what was read, by award, SKU and day."""
        piles: defaultdict[tuple[str, str, date], list[_Gpu]] = defaultdict(list)
        for (award, sku, day, _gpu), seen in self._gpus.items():
            piles[award, sku, day].append(seen)
        return [_reading(place, found, self.meter.step) for place, found in sorted(piles.items())]


def _reading(place: tuple[str, str, date], gpus: list[_Gpu], step: timedelta) -> DayReading:
    award, sku, day = place
    seconds = int(step.total_seconds())
    samples = sum(one.samples for one in gpus)
    idle = sum(one.slack for one in gpus if one.slack * seconds >= IDLE_FROM_SECONDS)
    return DayReading(
        award=award,
        sku=sku,
        utc_day=day,
        gpus=len(gpus),
        observed_e4=samples * seconds * HOUR // _HOUR_SECONDS,
        busy_permille=int(sum((one.busy for one in gpus), Decimal(0)) / samples),
        idle_e4=idle * seconds * HOUR // _HOUR_SECONDS,
    )


def _day_of(at: datetime, step: timedelta) -> date:
    """Return the UTC day of a sample: it stands for the time before it, so midnight belongs to the day that ends."""
    return (at - step).astimezone(UTC).date()


def sku_of_model(model: str, models: Mapping[str, str]) -> str:
    """Return the SKU of a GPU's model name, e.g. `h100` of `NVIDIA H100 80GB HBM3`; `unknown` if it tells none."""
    if model in models:
        return models[model].lower()
    found = _MODEL.search(model.upper())
    return found[0].lower() if found else "unknown"


def read_days(meter: Meter, known: Iterable[str], series: Iterable[Series]) -> tuple[list[DayReading], set[str]]:
    """Return days and unknown owners of series that are all at hand."""
    book = DayBook(meter, frozenset(known))
    book.add(series)
    return book.days(), book.unknown
