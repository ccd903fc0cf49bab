"""Find LibreOffice, or get it from apt (as root or with sudo): it recomputes the workbook's formulas.

Run as a program with --install it tries to get one; the tests only look. Where none can be had that test is reported
as skipped, with the reason.
"""

from __future__ import annotations

import shutil
import sys

from find_browser import install_from_apt

NAMES = ("soffice", "libreoffice")
PACKAGE = "libreoffice-calc-nogui"


def find_office() -> str | None:
    """Return the path of LibreOffice, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


def main() -> None:
    """Say where LibreOffice is, or that nobody else will recompute the workbook."""
    if find_office() is None and "--install" in sys.argv:
        print("» asking apt for LibreOffice's tables")
        install_from_apt(PACKAGE)
    found = find_office()
    print(f"» office: {found}" if found else "» no LibreOffice can be had here: nobody else recomputes the workbook")


if __name__ == "__main__":
    main()
