"""Find Chromium, or get it: from PATH, from apt (as root or with sudo), else through Playwright.

Run as a program with --install it tries to get one; the tests only look. Where none can be had the browser tests
are reported as skipped, with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """Return the path of a Chromium that starts, or None."""
    for name in NAMES:
        path = shutil.which(name)
        if path and _starts(path):
            return path
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    for path in sorted(cache.glob("chromium-*/chrome-linux*/chrome")):
        if _starts(str(path)):
            return str(path)
    return None


def _starts(path: str) -> bool:
    # A name on PATH may be a stub that asks for a snap package.
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install_browser() -> str | None:
    """Try apt, then Playwright; return the path of what came of it."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") and (not prefix or shutil.which("sudo")):
        print("» no Chromium found; asking apt for one (fonts for Korean with it)")
        _run_quietly([*prefix, "apt-get", "update", "-qq"])
        _run_quietly([*prefix, "apt-get", "install", "-y", "-qq", "chromium", "fonts-noto-cjk"])
        found = find_browser()
        if found:
            return found
    print("» asking Playwright for Chromium")
    _run_quietly([sys.executable, "-m", "playwright", "install", "chromium"])
    return find_browser()


def _run_quietly(command: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    silence = subprocess.DEVNULL
    try:
        subprocess.run(command, stdout=silence, stderr=silence, env=environment, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"» {command[0]} did not help: {error}")


def main() -> None:
    """Say where the browser is, or that the browser tests will be skipped."""
    found = find_browser()
    if found is None and "--install" in sys.argv:
        found = install_browser()
    print(f"» browser: {found}" if found else "» no Chromium can be had here: browser tests will be skipped")


if __name__ == "__main__":
    main()
