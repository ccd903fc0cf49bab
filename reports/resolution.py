"""A committee's resolution as a PDF: proposal, count with its arithmetic, dissent, conditions, hash and signature.

It knows no ballot and no database: plain rows in, a tagged PDF out.
"""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from reports.charts.palette import FONT, LIGHT
from reports.formats import E4, Locale, decimal_text, long_date, quarter_name, say, won
from reports.typesetting import Document, set_pages

_OUTCOMES = {"carried": ("가결", "Carried"), "rejected": ("부결", "Rejected"), "deferred": ("보류", "Deferred")}
_ROUTES = {
    "disqualification": ("제척", "disqualified"),
    "challenge": ("기피", "challenged"),
    "self_recusal": ("회피", "recused themselves"),
}
_CHOICES = {"no": ("반대", "Against"), "abstain": ("기권", "Abstained")}
_COUNTS = {
    "members": ("재적", "Members"),
    "recused": ("제척·회피", "Recused"),
    "entitled": ("의결권", "Entitled"),
    "present": ("출석", "Present"),
    "quorum_needed": ("정족수", "Quorum"),
    "yes": ("찬성", "For"),
    "no": ("반대", "Against"),
    "abstain": ("기권", "Abstained"),
}
_GROUP = 16


@dataclass(frozen=True, slots=True)
class GpuShare:
    """GPU time of one pool, in ten-thousandths of an hour."""

    sku: str
    region: str
    quarter: str
    hours_e4: int


@dataclass(frozen=True, slots=True)
class Dissent:
    """Who did not vote for it, how they voted (`no` or `abstain`) and why."""

    name: str
    choice: str
    reason: str


@dataclass(frozen=True, slots=True)
class ResolutionRows:
    """Everything on the page.

    Attributes:
        written: Whether it was decided without a sitting.
        secret: Whether votes stand for nobody.
        counts: Name and number of each part of the count.
        again: Whether it decides again what was decided before.
        amended: Whether it is an amendment.
        issued_on: Its end stands for the time of making.
    """

    number: str
    company: str
    call: str
    meeting: str
    held_on: date
    written: bool
    secret: bool
    outcome: str
    krw: int
    gpu: tuple[GpuShare, ...]
    conditions: tuple[tuple[str, str], ...]
    counts: tuple[tuple[str, int], ...]
    arithmetic_ko: str
    arithmetic_en: str
    recused: tuple[tuple[str, str], ...]
    dissent: tuple[Dissent, ...]
    again: bool
    amended: bool
    closed_by: str
    decided_at: str
    issued_on: date
    sha256: str
    signature: str
    public_key: str


def render_resolution(rows: ResolutionRows, locale: Locale) -> bytes:
    """Set a resolution as a tagged A4 PDF; equal rows give equal bytes.

    Raises:
        typst.TypstError: the template and its data do not fit each other.
    """
    return set_pages("resolution.typ", _document(rows, locale), rows.issued_on)


def _document(rows: ResolutionRows, locale: Locale) -> Document:
    title = say(locale, "의결서", "Resolution")
    day = rows.issued_on
    return {
        "lang": locale,
        "region": say(locale, "KR", "GB"),
        "font": FONT,
        "colours": LIGHT,
        "title": f"{title} {rows.number}",
        "heading": title,
        "author": say(locale, "AX 전략펀드 투자심의위원회", "AX Fund, Investment Committee"),
        "date": {"year": day.year, "month": day.month, "day": day.day},
        "subject": f"{rows.company} ({rows.number})",
        "outcome": {"text": say(locale, *_OUTCOMES[rows.outcome]), "good": rows.outcome == "carried"},
        "facts": _facts(rows, locale),
        "proposal": _proposal(rows, locale),
        "counts": [[say(locale, *_COUNTS[name]), str(number)] for name, number in rows.counts],
        "arithmetic": say(locale, rows.arithmetic_ko, rows.arithmetic_en),
        "sections": _sections(rows, locale),
        "seals": [
            ["SHA-256", _grouped(rows.sha256)],
            [say(locale, "서명 (Ed25519)", "Signature (Ed25519)"), _grouped(rows.signature)],
            [say(locale, "공개 열쇠", "Public key"), _grouped(rows.public_key)],
        ],
        "seal_note": say(
            locale,
            "서명은 이 의결의 정본(JSON)에 대한 것이며, 공개 열쇠로 누구나 확인할 수 있습니다.",
            "The signature is of this resolution's canonical JSON; anybody can check it with the public key.",
        ),
        "signs": [say(locale, "간사", "Secretary"), say(locale, "위원장", "Chair")],
        "foot": f"{title} {rows.number} · {rows.sha256[:16]}",
    }


def _facts(rows: ResolutionRows, locale: Locale) -> list[list[str]]:
    where = say(locale, "서면결의", "written resolution") if rows.written else long_date(rows.held_on, locale)
    facts = [
        [say(locale, "회의", "Meeting"), f"{rows.meeting} · {where}"],
        [say(locale, "공모", "Call"), rows.call],
        [
            say(locale, "표결", "Vote"),
            say(locale, "비밀 투표", "secret") if rows.secret else say(locale, "기명 투표", "by name"),
        ],
        [say(locale, "개표", "Counted"), f"{rows.decided_at} KST · {rows.closed_by}"],
    ]
    if rows.again:
        facts.append([say(locale, "구분", "Kind"), say(locale, "다시 의결", "decided again")])
    if rows.amended:
        facts.append([say(locale, "구분", "Kind"), say(locale, "수정안", "amendment")])
    return facts


def _proposal(rows: ResolutionRows, locale: Locale) -> list[list[str]]:
    lines = [[say(locale, "현금", "Cash"), won(rows.krw, locale), f"{rows.krw:,} KRW"]] if rows.krw else []
    return lines + [
        [
            f"GPU {share.sku.upper()}",
            f"{quarter_name(share.quarter, locale)} · {share.region}",
            decimal_text(Fraction(share.hours_e4, E4), 0) + say(locale, " GPU시간", " GPU-hours"),
        ]
        for share in rows.gpu
    ]


def _sections(rows: ResolutionRows, locale: Locale) -> list[Document]:
    none = say(locale, "없음", "None")
    recused = [f"{name} ({say(locale, *_ROUTES[route])})" for name, route in rows.recused]
    dissent = [
        f"{say(locale, *_CHOICES[one.choice])} — {one.name}" + (f": {one.reason}" if one.reason else "")
        for one in rows.dissent
    ]
    if rows.secret:
        dissent = [say(locale, "비밀 투표여서 남기지 않음", "not recorded: the vote was secret")]
    conditions = [text + (f" ({say(locale, '기한', 'due')} {due})" if due else "") for text, due in rows.conditions]
    return [
        {"title": say(locale, "이행조건", "Conditions"), "items": conditions or [none]},
        {"title": say(locale, "반대와 기권", "Dissent and abstentions"), "items": dissent or [none]},
        {"title": say(locale, "물러난 위원", "Recused members"), "items": recused or [none]},
    ]


def _grouped(text: str) -> str:
    """A long hexadecimal number in groups, so that lines can break."""
    return " ".join(text[place : place + _GROUP] for place in range(0, len(text), _GROUP))
