"""What the fund believes about applications: states, arrows between them, identifiers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from fundapp.core.errors import FundError, InvalidInputError, TransitionRefusedError
from fundapp.core.quarters import KST

INVITATION_LENGTH = timedelta(days=7)
"""How long an invitation to act for a company is good."""

STATES = (
    "draft",
    "submitted",
    "on_hold",
    "eligible",
    "ineligible",
    "proposed",
    "approved",
    "rejected",
    "deferred",
    "awarded",
    "withdrawn",
)


@dataclass(frozen=True, slots=True)
class Arrow:
    """One permitted step."""

    verb: str
    source: str
    target: str


ARROWS = (
    Arrow("submit", "draft", "submitted"),
    Arrow("resubmit", "submitted", "submitted"),
    Arrow("resubmit", "on_hold", "submitted"),
    Arrow("pass_screening", "submitted", "eligible"),
    Arrow("hold", "submitted", "on_hold"),
    Arrow("release", "on_hold", "eligible"),
    Arrow("declare_ineligible", "on_hold", "ineligible"),
    Arrow("propose", "eligible", "proposed"),
    Arrow("propose", "deferred", "proposed"),
    Arrow("approve", "proposed", "approved"),
    Arrow("reject", "proposed", "rejected"),
    Arrow("defer", "proposed", "deferred"),
    Arrow("withdraw_proposal", "proposed", "eligible"),
    Arrow("reopen", "approved", "proposed"),
    Arrow("reopen", "rejected", "proposed"),
    Arrow("reopen", "deferred", "proposed"),
    Arrow("award", "approved", "awarded"),
    Arrow("lapse", "approved", "withdrawn"),
    Arrow("withdraw", "draft", "withdrawn"),
    Arrow("withdraw", "submitted", "withdrawn"),
    Arrow("withdraw", "on_hold", "withdrawn"),
    Arrow("withdraw", "eligible", "withdrawn"),
)

TOLD_BY_LETTER = frozenset({"approved", "rejected", "deferred"})
"""What the committee resolved: an applicant sees it once the letter about it has been sent."""

BEFORE_LETTER = "proposed"
"""What the applicant sees until then."""


AMENDABLE = frozenset({"submitted", "on_hold", "eligible", "proposed", "deferred"})
"""While an application stands in one of these, the fund may open single questions of it again."""


def counts_as(state: str) -> str:
    """Return which of today's states a stage counts as in rooms that know only those.

    Stages that a call adds begin at `eligible` and lead back there or to a proposal.
    """
    return state if state in STATES else "eligible"


_TABLE = {(arrow.verb, arrow.source): arrow.target for arrow in ARROWS}


def advance(state: str, verb: str) -> str:
    """Return the state that `verb` leads to.

    Raises:
        TransitionRefusedError: if the table has no such arrow.
    """
    target = _TABLE.get((verb, state))
    if target is None:
        raise TransitionRefusedError(thing="application", state=state, verb=verb)
    return target


def business_number_valid(digits: str) -> bool:
    """Check a 사업자등록번호: ten digits whose last is the check digit (weights 1-3-7-1-3-7-1-3-5, carry of d9*5)."""
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()):  # noqa: PLR2004 - its length
        return False
    numbers = [int(d) for d in digits]
    total = sum(n * w for n, w in zip(numbers[:9], (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=True))
    total += numbers[8] * 5 // 10
    return (10 - total % 10) % 10 == numbers[9]


def business_number_fault(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a typed 사업자등록번호 and how to mend it, in Korean and English; None if nothing is.

    Hyphens and spaces are no part of it.
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", text) if letter not in " -–—\t")
    if not (plain.isascii() and plain.isdigit()):
        return "숫자 10자리만 적으세요. 예: 120-88-00767", "takes ten digits only, such as 120-88-00767"
    if len(plain) != 10:  # noqa: PLR2004 - its length
        return (
            f"숫자 10자리여야 하는데 {len(plain)}자리입니다. 빠지거나 더 적은 자리가 없는지 보세요",
            f"has ten digits; {len(plain)} were given. See which is missing or too many",
        )
    if not business_number_valid(plain):
        return (
            "끝자리(검증번호)가 나머지와 맞지 않습니다. 사업자등록증과 한 자리씩 견주어 보세요",
            "has a last digit (the check digit) that does not fit the others. Compare it with the certificate",
        )
    return None


def corporate_number_valid(digits: str) -> bool:
    """Check a 법인등록번호: thirteen digits, weights 1 and 2 in turn. Newer numbers may lack it: warn, never block."""
    if len(digits) != 13 or not (digits.isascii() and digits.isdigit()):  # noqa: PLR2004 - its length
        return False
    total = sum(int(d) * (1 if i % 2 == 0 else 2) for i, d in enumerate(digits[:12]))
    return (10 - total % 10) % 10 == int(digits[12])


_RESIDENT = re.compile(r"(?<![0-9])([0-9]{2})([0-9]{2})([0-9]{2})[ \-–—]{0,3}([1-8])[0-9]{6}(?![0-9])")
_MONTHS = 12
_DAYS = 31


def holds_resident_number(text: str) -> bool:
    """Say whether a text holds what looks like a 주민등록번호 or 외국인등록번호.

    Six digits of a possible birth date, then seven that begin with 1 to 8, with or without a hyphen. Numbers given out
    since October 2020 have no check digit, so none is asked for. Collecting one without a legal basis is forbidden
    (Personal Information Protection Act, art. 24-2).
    """
    plain = unicodedata.normalize("NFKC", text)
    return any(1 <= int(found[2]) <= _MONTHS and 1 <= int(found[3]) <= _DAYS for found in _RESIDENT.finditer(plain))


def number_of(call_code: str, sequence: int) -> str:
    """Return the application number that people read, such as `AX-2026-1-0037`."""
    return f"{call_code}-{sequence:04d}"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose that an applicant is asked to agree to, apart from every other.

    The law wants purpose, items, period and the right to refuse with its effect in each; a refused optional purpose
    must not block the application.
    """

    key: str
    version: str
    required: bool
    title_ko: str
    title_en: str
    text_ko: str
    text_en: str


PURPOSES = (
    Purpose(
        "personal_data",
        "2026-01",
        required=True,
        title_ko="개인정보 수집·이용",
        title_en="Collection and use of personal data",
        text_ko="신청 접수와 심사 연락을 위해 담당자의 이름, 이메일, 연락처를 심사 종료 후 3년까지 보관합니다. "
        "동의하지 않을 수 있으나 그 경우 신청을 접수할 수 없습니다.",
        text_en="Name, e-mail and telephone of the contact person are kept for receiving and reviewing the application "
        "until three years after the review. You may refuse; the application cannot then be received.",
    ),
    Purpose(
        "third_party",
        "2026-01",
        required=False,
        title_ko="제3자 제공",
        title_en="Provision to third parties",
        text_ko="GPU 자원 배정을 협의하기 위해 담당자의 이름과 이메일을 자원 출자자에게 제공하며 "
        "협약 종료까지 보관합니다. 동의하지 않아도 신청할 수 있습니다.",
        text_en="Name and e-mail of the contact person are given to the contributor of the GPU time to arrange its use "
        "and kept until the agreement ends. You may refuse and still apply.",
    ),
    Purpose(
        "overseas_transfer",
        "2026-01",
        required=False,
        title_ko="국외 이전(열람 포함)",
        title_en="Transfer abroad, viewing included",
        text_ko="자원 출자자의 국외 담당자가 담당자의 이름과 이메일을 열람할 수 있으며 협약 종료까지 보관합니다. "
        "동의하지 않아도 신청할 수 있습니다.",
        text_en="Staff of the contributor abroad may view name and e-mail of the contact person until the agreement "
        "ends. You may refuse and still apply.",
    ),
)


class CallClosedError(TransitionRefusedError):
    """Something of the applicant's arrived outside the call's hours; the message is the receipt of that."""

    code = "call_closed"
    ko = "접수 시간이 아닙니다. 접수 기간 {opens} – {closes}, 도착 시각 {arrived} (한국 시각)."
    en = "The call is not open. It runs from {opens} to {closes}; this arrived at {arrived} (Korean time)."


class DeadlinePassedError(TransitionRefusedError):
    """A call cannot be extended any more."""

    code = "deadline_passed"
    ko = "마감이 이미 지나 연장할 수 없습니다."
    en = "The deadline has passed; it can no longer be moved."


class StrandedError(TransitionRefusedError):
    """A new way has no stage for applications that stand in an old one."""

    code = "stranded"
    ko = "없어지는 단계에 신청이 있습니다: {stages_ko}. 먼저 옮긴 뒤 시행하세요."
    en = "Applications stand in a stage that goes away: {stages_en}. Move them first."


class RevisionConflictError(TransitionRefusedError):
    """The application was changed in another window since it was opened in this one."""

    code = "revision_conflict"
    ko = (
        "다른 창에서 먼저 저장했습니다. 화면을 새로 고친 뒤 다시 적어 주세요. "
        "(열었을 때 {expected}판, 지금 {current}판)"
    )
    en = "It was saved in another window first. Reload and enter it again. (opened at {expected}, now {current})"


class CompanyTakenError(InvalidInputError):
    """A company with this identifier is known; who acts for it is decided by its members or by the fund."""

    code = "company_taken"
    ko = "이미 등록된 기업입니다. 그 기업의 담당자나 펀드 사무국에 참여를 요청하세요."
    en = "This company is registered already. Ask its members or the fund's office to add you."


class LastOwnerError(FundError):
    """A company would be left without anybody who may let others in."""

    code = "last_owner"
    ko = "마지막 대표 담당자입니다. 다른 사람을 대표 담당자로 바꾼 뒤에 할 수 있습니다."
    en = "This is the last owner. Make somebody else an owner first."


class InvitationSpentError(FundError):
    """An invitation that was answered, taken back, replaced or never existed, or is too old: all look the same."""

    code = "invitation_spent"
    ko = "이 초대는 끝났거나 기한이 지났습니다. 초대한 사람에게 다시 부탁해 주세요."
    en = "This invitation is over or too old. Ask whoever invited you to send another."


class OtherAddressError(FundError):
    """An invitation is followed by somebody who signed in with another address than the one it was sent to."""

    code = "other_address"
    ko = "다른 주소로 온 초대입니다. 초대받은 주소로 로그인해 주세요."
    en = "This invitation went to another address. Sign in with the address that was invited."


class SignedOtherError(FundError):
    """Somebody signs what they have not read: it was changed since their page was made."""

    code = "signed_other"
    ko = "읽으시는 동안 내용이 바뀌었습니다. 바뀐 내용을 다시 보고 서명해 주세요."
    en = "The application was changed while you read it. Please read it again and sign."


_UNCERTIFIED = {
    "none": (
        "이 공모는 제출하기 전에 대표자 확인을 받아야 합니다. 함께 작성하는 다른 사람에게 확인을 부탁하세요.",
        "This call wants a second person's signature before submission. Ask a colleague to sign it off.",
    ),
    "waiting": (
        "대표자 확인을 기다리고 있습니다. 서명한 뒤에 제출할 수 있습니다.",
        "It waits for a second person's signature and can be submitted after that.",
    ),
    "returned": (
        "확인자가 돌려보냈습니다. 고친 뒤 다시 확인을 부탁하세요.",
        "The second person sent it back. Change it and ask again.",
    ),
    "amended": (
        "고친 답은 대표자 확인을 받아야 접수됩니다. 함께 작성하는 다른 사람에게 확인을 부탁하세요.",
        "Changed answers are received with a second person's signature. Ask a colleague to sign them.",
    ),
    "fallen": (
        "서명한 뒤에 내용이 바뀌어 서명이 사라졌습니다. 다시 확인을 부탁하세요.",
        "It was changed after the signature, which does not hold any more. Ask again.",
    ),
}


class NotCertifiedError(FundError):
    """An application is sent without the signature that it needs; `standing` says what became of it."""

    code = "not_certified"
    ko = "{reason_ko}"
    en = "{reason_en}"

    @classmethod
    def of(cls, standing: str) -> Self:
        """Return the error that says what is missing."""
        reason_ko, reason_en = _UNCERTIFIED[standing]
        return cls(reason_ko=reason_ko, reason_en=reason_en)


def standing_of(outcome: str | None, *, fits: bool) -> str:
    """Return what a request to sign off amounts to: its answer, and whether what was signed still stands."""
    if outcome == "signed":
        return "signed" if fits else "fallen"
    return outcome or "waiting"


def require_open(opens_at: datetime, closes_at: datetime, at: datetime, *, grace: timedelta = timedelta()) -> None:
    """Let pass what arrives from the opening to the closing instant and its grace, both included.

    Args:
        opens_at: The first instant.
        closes_at: The deadline.
        at: When it arrived, by the server's clock.
        grace: How long after the deadline an application that was begun may still be finished.

    Raises:
        CallClosedError: with the hours and the arrival in Korean time, to the second.
    """
    if not opens_at <= at <= closes_at + grace:
        raise CallClosedError(opens=_stamp(opens_at), closes=_stamp(closes_at), arrived=_stamp(at))


def _stamp(at: datetime) -> str:
    return at.astimezone(KST).strftime("%Y-%m-%d %H:%M:%S")


def age_basis(kind: object, closes_on: date, submitted_on: date) -> date:
    """Return the day a company's age is counted to: the closing, or in a rolling call the submission."""
    return submitted_on if kind == "rolling" else closes_on
