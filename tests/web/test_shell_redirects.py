from __future__ import annotations

import pytest

from fundapp.core.access import Role, Viewer
from fundapp.web.shell.redirects import home_of, safe_next

ELSEWHERE = [
    "https://evil.example/",
    "http://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "\\/evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "/\r\n/evil.example/",
    " //evil.example/",
    "\t//evil.example/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "ftp://evil.example/",
    "evil.example",
    "portal/",
    "?next=//evil.example",
    "#top",
    "mailto:a@example.com",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "/portal/\x00",
    "/portal/\x7f",
    "/ /evil.example",
    "/portal\\..\\x",
    "",
    None,
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_target_elsewhere_is_refused(target: str | None) -> None:
    assert safe_next(target) is None


@pytest.mark.parametrize("target", ["/", "/portal/", "/committee/?sort=score&page=2", "/a/b#c"])
def test_a_path_of_ours_is_kept(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    ("role", "address"),
    [
        (Role.APPLICANT, "/portal/"),
        (Role.COMMITTEE, "/committee/"),
        (Role.CHAIR, "/committee/"),
        (Role.ANALYST, "/operations/"),
        (Role.FINANCE, "/operations/"),
        (Role.ADMIN, "/operations/"),
        (Role.AUDITOR, "/operations/"),
        (Role.PARTNER, "/partners/"),
    ],
)
def test_each_role_has_its_own_room(role: Role, address: str) -> None:
    assert home_of(Viewer(person_id=None, roles=frozenset({role}))) == address
