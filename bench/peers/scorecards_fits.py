"""Runs inside the peers' own environment: fits EBM and optbinning's scorecard on the folds it is given.

Not part of the product. `bench/peers/scorecards.py` starts it and reads the one line of JSON that it prints.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def main() -> None:
    """Fit and print."""
    folds = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows = pd.DataFrame(folds["rows"], columns=folds["columns"])
    labels = np.array(folds["labels"])
    ways = {"EBM without pairs (interpret)": ebm, "optbinning scorecard": scorecard}
    found = {}
    for name, make in ways.items():
        try:
            found[name] = judge(lambda make=make: make(folds), rows, labels, folds["folds"])
        except Exception as error:  # noqa: BLE001 - one peer that does not run leaves the other
            print(f"{name}: {error}", file=sys.stderr)
    print(json.dumps(found))


def judge(make: Any, rows: pd.DataFrame, labels: np.ndarray, folds: list[list[int]]) -> dict[str, object]:  # noqa: ANN401 - the peers' own
    """Give the probabilities of rows not learned from, and the seconds of a fit."""
    chances = np.empty(len(labels))
    seconds = 0.0
    for test in folds:
        train = np.setdiff1d(np.arange(len(labels)), test)
        started = time.perf_counter()
        fitted = make().fit(rows.iloc[train], labels[train])
        seconds += time.perf_counter() - started
        chances[test] = fitted.predict_proba(rows.iloc[test])[:, 1]
    return {"chances": chances.tolist(), "seconds": seconds / len(folds)}


def ebm(folds: dict[str, Any]) -> Any:  # noqa: ANN401 - the peer's own
    """Return an explainable boosting machine without interactions."""
    from interpret.glassbox import ExplainableBoostingClassifier  # noqa: PLC0415 - one may be missing

    kinds = ["nominal" if name in folds["words"] else "continuous" for name in folds["columns"]]
    return ExplainableBoostingClassifier(interactions=0, feature_types=kinds, random_state=1, n_jobs=1)


def scorecard(folds: dict[str, Any]) -> Any:  # noqa: ANN401 - the peer's own
    """Return a scorecard of optimally binned logistic regression."""
    from optbinning import BinningProcess, Scorecard  # noqa: PLC0415 - one may be missing
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - the peers' own

    binning = BinningProcess(folds["columns"], categorical_variables=folds["words"])
    return Scorecard(binning_process=binning, estimator=LogisticRegression(max_iter=1000))


if __name__ == "__main__":
    main()
