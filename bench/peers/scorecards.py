"""EBM (interpret) and optbinning's scorecard on our folds, in an environment of their own that is thrown away."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

PACKAGES = ("interpret-core==0.7.8", "optbinning==1.0.0")
SCRIPT = Path(__file__).with_name("scorecards_fits.py")
_MINUTES = 20 * 60


def measure_scorecards(folder: Path, folds: dict[str, object]) -> dict[str, object] | str:
    """Install the peers in `folder` and fit them on the folds; or say why that could not be done.

    Args:
        folder: An empty folder.
        folds: Columns, rows, labels and the test rows of each fold.

    Returns:
        By name the probabilities of the rows not learned from and the seconds of a fit.
    """
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    installed = _run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES])
    if installed.returncode:
        return f"{', '.join(PACKAGES)} cannot be installed: {installed.stderr.strip().splitlines()[-1:]}"
    given = folder / "folds.json"
    given.write_text(json.dumps(folds), encoding="utf-8")
    ran = _run([str(python), "-P", str(SCRIPT), str(given)])
    if ran.returncode:
        return f"{', '.join(PACKAGES)} did not run: {ran.stderr.strip().splitlines()[-1:]}"
    found: dict[str, object] = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=_MINUTES, check=False)  # noqa: S603 - pip and our own script


if __name__ == "__main__":
    print(json.dumps(measure_scorecards(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))))
