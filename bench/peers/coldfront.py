"""ColdFront's allocation pages, in an environment of their own: installed for a measurement, and thrown away.

ColdFront is AGPL: nothing of it is kept here or imported by us. A second Python in a temporary folder runs it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

VERSION = "1.1.10"
SCRIPT = Path(__file__).with_name("coldfront_pages.py")
_MINUTES = 15 * 60


@dataclass(frozen=True, slots=True)
class Pages:
    """Seconds that each page took, one sample an opening."""

    samples: dict[str, cycle[float]]

    def take(self, page: str) -> float:
        """Return the next sample of a page."""
        return next(self.samples[page])


def measure_pages(folder: Path, *, allocations: int, repetitions: int) -> Pages | str:
    """Install ColdFront in `folder`, fill it and time its pages; or say why that could not be done.

    Args:
        folder: An empty folder.
        allocations: How many allocations there are to be.
        repetitions: How often each page is opened.
    """
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    installed = run_quietly([str(python), "-m", "pip", "install", "--quiet", f"coldfront=={VERSION}"])
    if installed.returncode:
        return f"coldfront {VERSION} cannot be installed: {installed.stderr.strip().splitlines()[-1:]}"
    place = folder / "site"
    place.mkdir()
    counts = ["--allocations", str(allocations), "--repetitions", str(repetitions)]
    ran = run_quietly([str(python), "-P", str(SCRIPT), str(place), *counts])  # -P: `coldfront` is the package
    if ran.returncode:
        return f"coldfront {VERSION} did not run: {ran.stderr.strip().splitlines()[-1:]}"
    samples = json.loads(ran.stdout.strip().splitlines()[-1])
    return Pages({page: cycle(seconds) for page, seconds in samples.items()})


def run_quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of a measurement's own, a quarter of an hour at most, and keep what it says."""
    return subprocess.run(command, capture_output=True, text=True, timeout=_MINUTES, check=False)  # noqa: S603 - pip and our own script


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        print(measure_pages(Path(scratch), allocations=int(sys.argv[1]), repetitions=5))
