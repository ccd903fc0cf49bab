"""pretalx's list of reviews, in an environment of its own: installed for a measurement, and thrown away.

pretalx is AGPL: nothing of it is kept here or imported by us. A second Python in a temporary folder runs it.
"""

from __future__ import annotations

import json
import sys
import venv
from itertools import cycle
from pathlib import Path

from peers.coldfront import Pages, run_quietly

__all__ = ["Pages", "measure_reviews"]

VERSION = "2025.2.2"
SCRIPT = Path(__file__).with_name("pretalx_pages.py")


def measure_reviews(folder: Path, *, submissions: int, repetitions: int) -> Pages | str:
    """Install pretalx in `folder`, fill it and time its list of reviews; or say why that could not be done.

    Args:
        folder: An empty folder.
        submissions: How many submissions there are to be, three reviews each.
        repetitions: How often the list is opened.
    """
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    installed = run_quietly([str(python), "-m", "pip", "install", "--quiet", f"pretalx=={VERSION}"])
    if installed.returncode:
        return f"pretalx {VERSION} cannot be installed: {installed.stderr.strip().splitlines()[-1:]}"
    place = folder / "site"
    place.mkdir()
    counts = ["--submissions", str(submissions), "--repetitions", str(repetitions)]
    ran = run_quietly([str(python), "-P", str(SCRIPT), str(place), *counts])  # -P: `pretalx` is the package
    if ran.returncode:
        return f"pretalx {VERSION} did not run: {ran.stderr.strip().splitlines()[-1:]}"
    samples = json.loads(ran.stdout.strip().splitlines()[-1])
    return Pages({page: cycle(seconds) for page, seconds in samples.items()})


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        print(measure_reviews(Path(scratch), submissions=int(sys.argv[1]), repetitions=5))
