"""What the documents say about the code is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from source_tree import ROOT, name_of

from fundapp.core.access import Role
from fundapp.jobs import JOBS

DOCUMENTS = sorted(
    [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "examples").rglob("*.md")],
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")
VARIABLE = re.compile(r"\bFUND_[A-Z_]+\b")
TARGET = re.compile(r"`make ([a-z]+)`|^make ([a-z]+)\b", re.MULTILINE)
DECISION = re.compile(r"[0-9]{4}-[a-z0-9-]+\.md")
PARTS = ("Context", "Decision", "Consequences", "Evidence")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def dead_links(path: Path, text: str) -> list[str]:
    return [link for link in LINK.findall(text) if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    assert dead_links(path, path.read_text(encoding="utf-8")) == []


def test_a_dead_link_is_found() -> None:
    text = "[a](README.md) [b](docs/nowhere.md#part) [c](https://example.org/x)"
    assert dead_links(ROOT / "CONTRIBUTING.md", text) == ["docs/nowhere.md"]


def test_operations_names_every_variable_that_the_settings_read_and_no_other() -> None:
    read = set(re.findall(r'"(FUND_[A-Z_]+)"', text_of("config.py")))
    assert set(VARIABLE.findall(text_of("docs/operations.md"))) == read


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_a_readme_names_only_variables_that_exist(name: str) -> None:
    assert set(VARIABLE.findall(text_of(name))) - set(re.findall(r'"(FUND_[A-Z_]+)"', text_of("config.py"))) == set()


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_a_readme_shows_the_two_commands_on_its_first_screen(name: str) -> None:
    first = text_of(name).splitlines()[:10]
    assert [line.split("#")[0].strip() for line in first if line.startswith("make ")] == ["make demo", "make test"]


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_a_readme_names_every_role(name: str) -> None:
    text = text_of(name)
    assert [str(role) for role in Role if f"`{role}`" not in text] == []


def test_operations_lists_every_job_and_no_other() -> None:
    section = text_of("docs/operations.md").split("## Jobs")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == set(JOBS)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_make_targets_that_are_named_exist(path: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    named = {first or second for first, second in TARGET.findall(path.read_text(encoding="utf-8"))}
    assert named - known == set()


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "decisions").iterdir()), ids=lambda path: path.name)
def test_a_decision_has_a_date_and_all_its_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    number = int(path.name[:4])
    assert DECISION.fullmatch(path.name)
    assert text.startswith(f"# {number}. ")
    assert re.search(r"^20\d\d-\d\d-\d\d · (accepted|superseded by \d+)$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(PARTS)


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").iterdir())
    assert numbers == list(range(1, len(numbers) + 1))


def test_files_that_the_tour_names_exist() -> None:
    text = text_of("docs/tour.md")
    rooms = [path for path in (ROOT / "fundapp").rglob("*") if path.is_dir()] + [ROOT / "reports", ROOT / "scoring"]
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*\.(?:py|toml)|[a-z_/]+/)`", text))
    places = [ROOT, ROOT / "fundapp", *rooms]
    missing = [
        name
        for name in sorted(named)
        # A file that grew too long is a package of the same name.
        if not any((place / name).exists() or (place / name.removesuffix(".py")).is_dir() for place in places)
    ]
    assert missing == []


def test_functions_that_the_tour_names_exist() -> None:
    text = text_of("docs/tour.md")
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("fundapp", "scoring", "reports")
        for path in (ROOT / folder).rglob("*.py")
    )
    named = set(re.findall(r"`(?:[a-z_]+\.)*([a-z]+_[a-z_]+)(?:\([^)]*\))?`", text))
    tables = set(re.findall(r'__tablename__ = "([a-z_]+)"', source))
    defined = set(re.findall(r"def ([a-z_]+)\(", source))
    assert named - defined - tables - {"on_hold"} == set()
