"""The side navigation: what the viewer's roles open and the policy allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from flask import Flask, request

from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, may
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext, lazy
from fundapp.web.shell.redirects import home_of
from fundapp.web.shell.viewer import viewer
from fundapp.web.shell.waiting import count_waiting

_VIEWERS, _PATHS = 256, 1024
STAFF = frozenset({Role.ANALYST, Role.FINANCE, Role.ADMIN, Role.AUDITOR})
BOARD = frozenset({Role.COMMITTEE, Role.CHAIR})
ROOMS: dict[str, frozenset[Role]] = {
    "portal": frozenset({Role.APPLICANT}),
    "committee": BOARD | {Role.ANALYST, Role.AUDITOR},
    "operations": STAFF | BOARD,
    "partners": STAFF | BOARD | {Role.PARTNER},
}
"""Who may enter a room at all; inside, the policy decides about each page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One link: where it leads and which kind of object one must be allowed to view there.

    Attributes:
        waiting: Which of the counts in `waiting.py` stands beside it.
        count: What waits there for the viewer; 0 shows nothing.
        verbs: Each of them opens the page; normally viewing does.
        also: Where its further pages live.
    """

    label: str
    icon: str
    href: str
    kind: Kind | None = None
    waiting: str = ""
    count: int = 0
    verbs: tuple[Verb, ...] = (Verb.VIEW,)
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Links under one heading."""

    label: str
    entries: tuple[Entry, ...]
    apart: bool = False  # stands at the foot of the column


_GROUPS = (
    Group(
        lazy("심사"),
        (
            Entry(lazy("심사 안건"), "list-check", "/committee/", Kind.APPLICATION),
            Entry(lazy("점수 보정"), "bar-chart-steps", "/committee/calibration", Kind.REVIEW),
            Entry(
                lazy("회의·의결"),
                "people",
                "/committee/meetings",
                Kind.BALLOT,
                also=("/committee/ballots", "/committee/decisions"),
            ),
            Entry(lazy("이해충돌"), "shield-check", "/committee/conflicts", Kind.CONFLICT),
            Entry(lazy("기피 신청"), "person-dash", "/committee/challenges", Kind.CONFLICT, verbs=(Verb.VOTE,)),
            Entry(lazy("내 이해관계"), "person-vcard", "/committee/interests", Kind.CONFLICT, verbs=(Verb.SUBMIT,)),
            Entry(lazy("통지"), "envelope", "/committee/letters", Kind.LETTER),
        ),
    ),
    Group(
        lazy("운용"),
        (
            Entry(lazy("파이프라인"), "funnel", "/operations/"),
            Entry(lazy("닮은 기업"), "link-45deg", "/operations/companies", Kind.COMPANY),
            Entry(lazy("기준표"), "sliders", "/operations/rubrics", Kind.RUBRIC),
            Entry(lazy("점수 모델"), "bullseye", "/operations/models", Kind.MODEL),
            Entry(lazy("GPU 배정"), "grid-3x3", "/operations/plans", Kind.PLAN),
            Entry(lazy("포트폴리오"), "building", "/operations/portfolio", Kind.AWARD),
            Entry(lazy("이행조건"), "clipboard-check", "/operations/conditions", Kind.CONDITION, "conditions"),
            Entry(lazy("변경 요청"), "arrow-left-right", "/operations/changes", Kind.CHANGE, "changes"),
            Entry(lazy("대기 명단"), "list-ol", "/operations/waitlist", Kind.CHANGE, "waitlist"),
        ),
    ),
    Group(
        lazy("자본"),
        (
            Entry(lazy("GPU 원장"), "cpu", "/operations/pools", Kind.POOL),
            Entry(lazy("GPU 소진"), "graph-down", "/operations/grants", Kind.AWARD, "alerts"),
            Entry(lazy("사용량"), "speedometer2", "/operations/usage", Kind.USAGE, "suspense"),
            Entry(lazy("출자 요청"), "envelope-paper", "/operations/cash", Kind.AWARD, "calls"),
            Entry(lazy("현금 원장"), "cash-stack", "/operations/ledger", Kind.LEDGER),
            Entry(lazy("단가표"), "tags", "/operations/rates", Kind.LEDGER),
            Entry(lazy("분기 마감"), "calendar-check", "/operations/close", Kind.LEDGER, verbs=(Verb.VIEW, Verb.CLOSE)),
        ),
    ),
    Group(
        lazy("보고"),
        (
            Entry(lazy("펀드 현황"), "bar-chart-line", "/partners/", Kind.REPORT),
            Entry(lazy("분기보고서"), "file-earmark-text", "/partners/reports", Kind.REPORT),
            Entry(lazy("내 보고서"), "list-ul", "/partners/own", Kind.REPORT),
            Entry(lazy("수요와 공급"), "graph-up", "/partners/capacity", Kind.POOL),
        ),
    ),
    Group(
        lazy("관리"),
        (
            Entry(lazy("감사 기록"), "clock-history", "/operations/audit", Kind.AUDIT),
            Entry(lazy("심사 단계"), "signpost-split", "/operations/workflow", Kind.WORKFLOW),
            Entry(lazy("사람"), "person-gear", "/operations/people", Kind.PERSON),
            Entry(lazy("알림함"), "mailbox", "/operations/outbox", Kind.OUTBOX, "outbox"),
            Entry(lazy("메일 글"), "envelope-paper", "/operations/mail-texts", Kind.MAIL_TEXT),
        ),
        apart=True,
    ),
)
_LINKS = {path: entry.href for group in _GROUPS for entry in group.entries for path in (entry.href, *entry.also)}
"""Entry by the path of its page, and by the paths of further pages that belong to it."""
_ROLE_LABELS: tuple[tuple[Role, str], ...] = (
    (Role.CHAIR, lazy("위원장")),
    (Role.COMMITTEE, lazy("심사위원")),
    (Role.ANALYST, lazy("심사역")),
    (Role.FINANCE, lazy("재무")),
    (Role.ADMIN, lazy("관리자")),
    (Role.AUDITOR, lazy("감사")),
    (Role.PARTNER, lazy("출자자")),
    (Role.APPLICANT, lazy("신청 기업")),
)


@dataclass(frozen=True, slots=True)
class Menu:
    """The side navigation of one page: what is drawn depends on nothing else.

    Attributes:
        hrefs: Links that are open to the viewer.
        counts: What waits behind each of them.
        current: The link that the page belongs to; empty when to none.
    """

    hrefs: tuple[str, ...]
    counts: tuple[int, ...]
    current: str

    @property
    def groups(self) -> list[Group]:
        """The groups that have something for this viewer."""
        count = dict(zip(self.hrefs, self.counts, strict=True))
        groups = [
            replace(
                group,
                entries=tuple(
                    replace(entry, count=count[entry.href]) for entry in group.entries if entry.href in count
                ),
            )
            for group in _GROUPS
        ]
        return [group for group in groups if group.entries]


def init_navigation(app: Flask) -> None:
    """Give templates `side_menu()`, `home()`, `role_label()` and `allowed(verb, kind)`."""
    app.jinja_env.globals.update(side_menu=side_menu, home=home, role_label=role_label, allowed=allowed)


def allowed(verb: str, kind: str) -> bool:
    """Return whether the viewer may do this to some object of that kind; for showing a link or button."""
    return _allowed(viewer(), verb, kind)


@lru_cache(_PATHS)
def _allowed(found: Viewer, verb: str, kind: str) -> bool:
    return may(found, Verb(verb), Thing(Kind(kind)))


def side_menu(belongs_to: str = "") -> Menu:
    """Return the links that are open to this viewer, with what waits for them.

    Args:
        belongs_to: The link that the page belongs to, where its address does not say.
    """
    entries = _opened(viewer())
    asked = {entry.waiting for entry in entries if entry.waiting}
    counts = count_waiting(db(), viewer(), asked)
    hrefs = tuple(entry.href for entry in entries)
    return Menu(
        hrefs, tuple(counts.get(entry.waiting, 0) for entry in entries), belongs_to or _current_link(request.path)
    )


@lru_cache(_PATHS)
def _current_link(path: str) -> str:
    """Return the link that a page belongs to: the longest that matches wins."""
    found = max(
        (link for link in _LINKS if path == link or path.startswith(link.rstrip("/") + "/")), key=len, default=""
    )
    return _LINKS.get(found, "")


@lru_cache(_VIEWERS)
def _opened(found: Viewer) -> tuple[Entry, ...]:
    return tuple(entry for group in _GROUPS for entry in group.entries if _opens(found, entry))


def home() -> str:
    """Return the address of the viewer's own room."""
    return home_of(viewer())


def role_label() -> str:
    """Return the viewer's weightiest role in words."""
    held = viewer().roles
    return next((str(label) for role, label in _ROLE_LABELS if role in held), gettext("손님"))


def _opens(found: Viewer, entry: Entry) -> bool:
    kind = entry.kind
    if kind is None:
        return found.has(*STAFF)
    roles = ROOMS[entry.href.split("/")[1]]
    return found.has(*roles) and any(may(found, verb, Thing(kind)) for verb in entry.verbs)
