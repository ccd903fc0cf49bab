"""Where the product's source lies, and how its names resolve; shared by the architecture tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("fundapp", "scoring", "reports")
BUSINESS_ROOMS = ("identity", "intake", "screening", "committee", "allocation", "portfolio", "reporting")
LOWER_ROOMS = ("ledger", "audit")
WEB_ROOMS = ("portal", "committee", "operations", "partners")
TEXT_SUFFIXES = frozenset(
    {".py", ".html", ".css", ".js", ".toml", ".md", ".txt", ".json", ".typ", ".mako", ".ini", ".cfg", ".po", ".svg"}
)


def product_files() -> list[Path]:
    """Return every Python file that ships, config.py included."""
    found = [path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")]
    return sorted([*found, ROOT / "config.py"])


def text_files(*folders: str) -> Iterator[Path]:
    """Yield every text file below the folders (or the file itself where a file is named)."""
    for folder in folders:
        start = ROOT / folder
        if start.is_file():
            yield start
            continue
        for path in sorted(start.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix in TEXT_SUFFIXES:
                yield path


def name_of(path: Path) -> str:
    """Return the path relative to the root, as people write it."""
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    """Return the dotted module name of a source file."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_files(room: str, part: str) -> list[Path]:
    """Return a room's module `part`, or all modules of the package that took its place."""
    single = ROOT / "fundapp" / room / f"{part}.py"
    return [single] if single.exists() else sorted((ROOT / "fundapp" / room / part).rglob("*.py"))


def imported_names(tree: ast.AST) -> dict[str, str]:
    """Map each local name to the full dotted name that an import bound it to."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def full_name(node: ast.AST, names: dict[str, str]) -> str | None:
    """Return the dotted name that an expression such as `dt.datetime.now` stands for, if it is one."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        base = full_name(node.value, names)
        return f"{base}.{node.attr}" if base else None
    return None


def imported_modules(tree: ast.AST, module: str, *, is_package: bool) -> list[tuple[int, str]]:
    """Return (line, absolute module) of each import; `from x import y` counts as `x.y`."""
    found: list[tuple[int, str]] = []
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.extend((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package
            for _ in range(node.level - 1):
                base = base.rpartition(".")[0]
            start = ".".join(filter(None, (base, node.module))) if node.level else node.module or ""
            found.extend((node.lineno, f"{start}.{alias.name}") for alias in node.names)
    return found
