"""A small invented fund, with figures that can be reckoned by hand."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from invented_fund import first_quarter, sixth_quarter

from reports.rows import ReportRows


@pytest.fixture
def young() -> ReportRows:
    return first_quarter()


@pytest.fixture
def grown() -> ReportRows:
    return sixth_quarter()
