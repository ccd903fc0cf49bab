"""How busy companies' GPUs are, as Prometheus servers with DCGM metrics report it."""

from fundapp.portfolio.metering.prometheus import Endpoint, Prometheus, Sample, Series
from fundapp.portfolio.metering.readings import DayReading, Meter, read_days, sku_of_model

__all__ = ["DayReading", "Endpoint", "Meter", "Prometheus", "Sample", "Series", "read_days", "sku_of_model"]
