"""Large files: memory is bounded, whether one arrives plain or packed."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

TITLES = (
    *("ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd", "ConsumedQuantity", "ConsumedUnit", "RegionId"),
    *("SkuPriceDetails", "SubAccountId", "Tags", "ChargeDescription"),
)
ROW = (
    "Usage,2026-07-01T00:00:00Z,2026-07-02T00:00:00Z,1.5,Hours,koreacentral,"
    '"{""InstanceType"": ""Standard_ND96isr_H100_v5""}",/subscriptions/1,"{""ax-company"": ""C-001""}",'
)
TIMES, ROWS = 40, 10_000
# The peak is the kernel's for this program: getrusage() would begin at that of the process which started it.
READ = """
import sys
from fundapp.portfolio.focus import read_usage
read = read_usage(sys.argv[1])
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(sum(one for one in read.totals.values()), len(read.rejected), peak)
"""
MOST_KIB = 1 << 20


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_file_of_300_megabytes_takes_less_than_a_gibibyte(tmp_path: Path, suffix: str) -> None:
    head, body = (",".join(TITLES) + "\n").encode(), (f"{ROW}{'x' * 560}\n" * ROWS).encode()
    if suffix == ".csv.gz":  # several members after one another are one gzipped file
        head, body = gzip.compress(head), gzip.compress(body, 1)
    large = tmp_path / f"usage{suffix}"
    with large.open("wb") as file:
        file.write(head)
        for _ in range(TIMES):
            file.write(body)
    command = [sys.executable, "-c", READ, str(large)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.split()
    hours, refused, peak = map(int, said)
    assert (hours, refused) == (TIMES * ROWS * 15_000 * 8, 0)
    assert peak < MOST_KIB
