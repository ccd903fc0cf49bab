"""Tables to learn from: public loan records, and invented rows whose outcome is known to depend on what it should."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from scoring.learning import Feature, Table, build_table

SHARED = Path(__file__).parents[3] / "shared" / "data" / "scoring"
SBA = SHARED / "sba_case_ca_2101.csv"
KRX = SHARED / "krx_products_2021.csv"
IT_SECTORS = {
    "소프트웨어 개발 및 공급업",
    "컴퓨터 프로그래밍, 시스템 통합 및 관리업",
    "자료처리, 호스팅, 포털 및 기타 인터넷 정보매개 서비스업",
    "기타 정보 서비스업",
}
OCTOBER_2005 = 16_710.0
"""2005-10-01 in days from 1960-01-01: the time split of the reference figures."""

AS_OF = (
    Feature("NoEmp", direction=1),
    Feature("New"),
    Feature("CreateJob"),
    Feature("RetainedJob"),
    Feature("GrAppv", direction=1),
    Feature("Portion"),
    Feature("RealEstate", direction=1),
    Feature("franchise"),
    Feature("home_bank"),
    Feature("UrbanRural", category=True),
    Feature("RevLineCr", category=True),
    Feature("LowDoc", category=True),
    Feature("NAICS", category=True),
)


def rubric_points(row: dict[str, str]) -> dict[str, int]:
    """A lender's rules of thumb in tenths of a point, written down before looking at any outcome."""
    employees, amount = int(row["NoEmp"]), int(row["GrAppv"])
    return {
        "size": 150 if employees >= 20 else 80 if employees >= 5 else 0,
        "established": 150 if row["New"] == "0" else 0,
        "security": 250 if row["RealEstate"] == "1" else 0,
        "amount": 150 if amount >= 300_000 else 80 if amount >= 100_000 else 0,
        "guarantee": 100 if float(row["Portion"]) >= 0.75 else 0,
        "jobs": 100 if int(row["RetainedJob"]) > 0 else 0,
        "home_market": 100 if row["BankState"] == "CA" else 0,
    }


def read_rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        pytest.skip(f"needs ../shared/data/scoring/{path.name}")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def loan_table(extra: tuple[Feature, ...] = ()) -> Table:
    """Loans that were paid back (1) or not (0), with what was known when they were approved."""
    rows = read_rows(SBA)
    for row in rows:
        row["franchise"] = str(int(int(row["FranchiseCode"]) > 1))
        row["home_bank"] = str(int(row["BankState"] == "CA"))
    features = (*AS_OF, *extra)
    points = [rubric_points(row) for row in rows]
    return build_table(
        features,
        {feature.key: [row[feature.key] or None for row in rows] for feature in features},
        [1 - int(row["Default"]) for row in rows],
        rules={key: [found[key] for found in points] for key in points[0]},
        times=[float(row["ApprovalDate"]) for row in rows],
    )


def sample(table: Table, count: int, seed: int) -> Table:
    rows = np.random.default_rng(seed).permutation(len(table))[:count]
    return table.take(np.sort(rows))


def null_table(count: int, seed: int) -> Table:
    """Rows whose outcome follows the rubric's points and nothing else: there is nothing more to learn."""
    dice = np.random.default_rng(seed)
    noise = dice.normal(size=(count, 6))
    points = dice.integers(0, 251, size=(count, 4))
    fits = dice.random(count) < 1 / (1 + np.exp(-(points.sum(axis=1) - 500) / 150))
    features = [Feature(f"noise{number}", direction=1) for number in range(6)]
    return build_table(
        features,
        {feature.key: noise[:, number].tolist() for number, feature in enumerate(features)},
        fits.astype(int).tolist(),
        rules={f"criterion{number}": points[:, number].tolist() for number in range(4)},
        times=list(range(count)),
    )
