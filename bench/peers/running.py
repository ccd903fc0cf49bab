"""A peer's own Python beside us: installed for a measurement, asked for a page turn by turn with ours, thrown away.

The peers are AGPL: nothing of them is kept here or imported by us. Each runs in an environment of its own in a
temporary folder, fills a database, opens its pages until they are warm, and then waits to be asked.
"""

from __future__ import annotations

import subprocess
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

READY = "ready"
_MINUTES = 15 * 60


@dataclass(frozen=True, slots=True)
class Peer:
    """A running peer."""

    process: Popen[str]

    def take(self, page: str) -> float:
        """Let it open a page once; return its own seconds.

        Raises:
            RuntimeError: if it has ended.
        """
        asked, answered = self.process.stdin, self.process.stdout
        assert asked is not None
        assert answered is not None
        asked.write(f"{page}\n")
        asked.flush()
        line = answered.readline()
        if not line:
            raise RuntimeError(f"the peer ended instead of opening {page}")
        return float(line)


@contextmanager
def running(package: str, version: str, script: Path, folder: Path, counts: Mapping[str, int]) -> Iterator[Peer | str]:
    """Install a peer, start its script and yield it once it is warm; or yield why that could not be done.

    Args:
        package: Its name on the package index.
        version: Which one.
        script: Fills a database in the folder it is given, prints `ready`, then for each line that names a page the
            seconds of one opening.
        folder: An empty folder.
        counts: What the script is told beside the folder, by option.
    """
    python = folder / "environment" / "bin" / "python"
    venv.create(folder / "environment", with_pip=True)
    installed = run_quietly([str(python), "-m", "pip", "install", "--quiet", f"{package}=={version}"])
    if installed.returncode:
        yield f"{package} {version} cannot be installed: {installed.stderr.strip().splitlines()[-1:]}"
        return
    place, said = folder / "site", folder / "said.txt"
    place.mkdir()
    options = [word for name, count in counts.items() for word in (f"--{name}", str(count))]
    command = [str(python), "-P", str(script), str(place), *options]  # -P: the script's folder has files of its name
    with (
        said.open("w") as errors,
        Popen(  # noqa: S603 - our own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            if any(line.strip() == READY for line in process.stdout):
                yield Peer(process)
            else:
                yield f"{package} {version} did not run: {said.read_text().strip().splitlines()[-1:]}"
        finally:
            process.kill()


def run_quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of a measurement's own, a quarter of an hour at most, and keep what it says."""
    return subprocess.run(command, capture_output=True, text=True, timeout=_MINUTES, check=False)  # noqa: S603 - pip and our own script
