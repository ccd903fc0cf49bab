"""The script: who does what and when, read from `scenario.toml`."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from fundapp.core.errors import InputFileError


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody who signs in.

    Attributes:
        severity_tenths: How far their ratings lie from others', in tenths of a point of 100.
    """

    email: str
    name: str
    role: str
    investor: str | None
    severity_tenths: int


@dataclass(frozen=True, slots=True)
class ScriptedConflict:
    """A recusal: member, company, legal route and reason."""

    email: str
    company: str
    route: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """The whole script with the folder its files are in."""

    folder: Path
    seed: int
    call: str
    quarter: str
    people: tuple[Character, ...]
    conflicts: tuple[ScriptedConflict, ...]
    dates: dict[str, datetime]
    document: dict[str, Any]

    @property
    def usage_files(self) -> list[Path]:
        """The usage exports, in the order they arrived."""
        return [self.folder / name for name in self.document["usage"]]

    def one(self, role: str, investor: str | None = None) -> Character:
        """Return the first character with a role (and an investor)."""
        return next(
            person
            for person in self.people
            if person.role == role and (investor is None or person.investor == investor)
        )

    def board(self) -> list[Character]:
        """Return the committee's members, the chair among them."""
        return [person for person in self.people if person.role in {"committee", "chair"}]

    def draw(self, *labels: object) -> float:
        """Return a number in [0, 1) that depends on the seed and the labels alone.

        A hash instead of a random stream: what one reviewer thinks does not depend on who was asked before.
        """
        text = "\n".join([str(self.seed), *map(str, labels)])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


_ROUTES = {"제척": "disqualification", "기피": "challenge", "회피": "self_recusal"}


def read_scenario(folder: Path, seed: int | None = None) -> Scenario:
    """Read `scenario.toml` in a folder; `seed` replaces the script's own.

    Raises:
        InputFileError: if its fund keeps its books in another currency than won.
    """
    document = tomllib.loads((folder / "scenario.toml").read_text(encoding="utf-8"))
    currency = document["fund"]["currency"]
    if currency != "KRW":
        raise InputFileError(
            reason_ko=f"펀드의 장부는 원(KRW)으로만 적습니다. {currency} 펀드는 열 수 없습니다",
            reason_en=f"a fund keeps its books in won (KRW); one in {currency} cannot be founded",
        )
    return Scenario(
        folder=folder,
        seed=document["seed"] if seed is None else seed,
        call=document["call"],
        quarter=document["quarter"],
        people=tuple(
            Character(
                email=person["email"],
                name=person["name_ko"],
                role=person["role"],
                investor=person.get("investor"),
                severity_tenths=person.get("severity_tenths", 0),
            )
            for person in document["people"]
        ),
        conflicts=tuple(
            ScriptedConflict(item["member"], item["company"], _ROUTES[item["kind"]], item["reason_ko"])
            for item in document["conflicts"]
        ),
        dates={key: datetime.fromisoformat(value) for key, value in document["dates"].items()},
        document=document,
    )


def as_date(value: object) -> date:
    """Return a TOML date as it is.

    Raises:
        TypeError: if the script has something else there.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise TypeError(f"not a date: {value!r}")
