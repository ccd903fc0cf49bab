"""Find Chromium, or get it: from PATH, from apt (as root or with sudo), else through Playwright.

Its headless shell comes first: the same engine without windows, at less than half the processor time a page.
Run as a program with --install it tries to get one; the tests only look. Where none can be had the browser tests
are reported as skipped, with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CACHED = ("chromium_headless_shell-*/*/*headless*shell", "chromium-*/chrome-linux*/chrome")


def find_browser() -> str | None:
    """Return the path of a Chromium that starts, or None."""
    for name in NAMES:
        path = shutil.which(name)
        if path and _starts(path):
            return path
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    for path in (str(path) for pattern in CACHED for path in sorted(cache.glob(pattern))):
        if _starts(path):
            return path
    return None


def _starts(path: str) -> bool:
    # A name on PATH may be a stub that asks for a snap package.
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install_browser() -> str | None:
    """Try apt, then Playwright; return the path of what came of it."""
    print("» asking apt for Chromium without windows (fonts for Korean with it)")
    for package in (SHELL, "chromium"):
        install_from_apt(package, "fonts-noto-cjk")
        found = find_browser()
        if found:
            return found
    print("» asking Playwright for Chromium")
    _run_quietly([sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"])
    return find_browser()


def install_from_apt(*packages: str) -> None:
    """Try to install packages, as root or with sudo that asks nothing."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (prefix and not shutil.which("sudo")):
        return
    install = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if not _run_quietly(install):
        _run_quietly([*prefix, "apt-get", "update", "-qq"])
        _run_quietly(install)


def _apt_has(package: str) -> bool:
    """Whether apt knows a package without asking the network."""
    asked = ["apt-cache", "show", package]
    return bool(shutil.which(asked[0])) and not subprocess.run(asked, capture_output=True, check=False).returncode


def _run_quietly(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    silence = subprocess.DEVNULL
    try:
        return not subprocess.run(
            command, stdout=silence, stderr=silence, env=environment, timeout=600, check=False
        ).returncode
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"» {command[0]} did not help: {error}")
        return False


def main() -> None:
    """Say where the browser is, or that the browser tests will be skipped."""
    found = find_browser()
    if "--install" in sys.argv and (found is None or ("headless" not in found and _apt_has(SHELL))):
        found = install_browser()
    print(f"» browser: {found}" if found else "» no Chromium can be had here: browser tests will be skipped")


if __name__ == "__main__":
    main()
