"""Letters about decisions: which text a decision gets, what may stand in it, and how long it may be appealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from string import Formatter
from typing import Any, Literal

from fundapp.core.errors import InvalidInputError, TransitionRefusedError
from fundapp.core.quarters import kst_date

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")
OUTCOMES = ("carried", "rejected", "deferred")
FITS = ("always", "conditions")
PLACEHOLDERS: Mapping[str, tuple[str, str]] = {
    "company": ("회사명", "name of the company"),
    "number": ("신청 번호", "number of the application"),
    "solution": ("솔루션명", "title of the solution"),
    "call": ("공모 이름", "title of the call"),
    "decided_on": ("의결일(한국 날짜)", "day of the decision, Korean date"),
    "cash": ("의결한 현금", "cash decided"),
    "gpu": ("의결한 GPU시간", "GPU hours decided"),
    "conditions": ("이행조건 목록", "list of conditions"),
    "appeal_days": ("이의신청 기간(일)", "days in which one may appeal"),
}
LONGEST_SUBJECT = 140
LONGEST_BODY = 8000
MOST_RULES = 40


class AppealClosedError(TransitionRefusedError):
    """An appeal arrived after its last day; the message carries the arithmetic."""

    code = "appeal_closed"
    ko = "이의신청 기간이 지났습니다. {arithmetic_ko}"
    en = "The time to appeal is over. {arithmetic_en}"


@dataclass(frozen=True, slots=True)
class LetterRule:
    """One text: for an outcome (or `any`), always or only where conditions were attached, in one language."""

    outcome: str
    fits: str
    language: str
    subject: str
    body: str

    def as_document(self) -> dict[str, str]:
        """Return it as JSON."""
        return {
            "outcome": self.outcome,
            "fits": self.fits,
            "language": self.language,
            "subject": self.subject,
            "body": self.body,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> LetterRule:
        """Read what `as_document` wrote."""
        return cls(**document)


@dataclass(frozen=True, slots=True)
class AppealWindow:
    """The days in which a decision may be appealed: from its letter to `until`, that day included."""

    sent_on: date
    days: int
    until: date

    def open_at(self, at: datetime) -> bool:
        """Whether an appeal may be filed at this instant; days are Korean."""
        return self.days > 0 and self.sent_on <= kst_date(at) <= self.until

    @property
    def arithmetic_ko(self) -> str:
        """The sum in words."""
        return f"통지 {self.sent_on} + {self.days}일 = {self.until} 24:00까지(한국 시각)"

    @property
    def arithmetic_en(self) -> str:
        """The sum in words."""
        return f"letter {self.sent_on} + {self.days} days = until {self.until} 24:00 Korean time"


def appeal_window(sent_at: datetime, days: int) -> AppealWindow:
    """Return the window of a letter. The day of the letter is not counted (Civil Act, art. 157: 초일불산입)."""
    sent_on = kst_date(sent_at)
    return AppealWindow(sent_on, days, sent_on + timedelta(days=days))


def check_rules(rules: Sequence[LetterRule]) -> None:
    """Check texts before they are saved.

    Raises:
        InvalidInputError: naming the rule by its place and what is wrong: an unknown placeholder, a stray brace, an
            empty or overlong text, an unknown outcome or language.
    """
    if not 1 <= len(rules) <= MOST_RULES:
        raise InvalidInputError(
            field="rules", reason_ko=f"1개에서 {MOST_RULES}개까지 둡니다", reason_en=f"1 to {MOST_RULES} texts"
        )
    for place, rule in enumerate(rules, start=1):
        if rule.outcome not in {*OUTCOMES, "any"} or rule.fits not in FITS or rule.language not in LANGUAGES:
            raise _wrong(place, "결과, 조건, 언어를 골라 주세요", "choose outcome, condition and language")
        if not rule.subject.strip() or not rule.body.strip():
            raise _wrong(place, "제목과 본문을 적어 주세요", "give it a subject and a body")
        if len(rule.subject) > LONGEST_SUBJECT or len(rule.body) > LONGEST_BODY or "\n" in rule.subject.strip():
            raise _wrong(
                place,
                f"제목은 한 줄 {LONGEST_SUBJECT}자, 본문은 {LONGEST_BODY:,}자까지입니다",
                f"a subject of one line and {LONGEST_SUBJECT} characters, a body of {LONGEST_BODY:,}",
            )
        for text in (rule.subject, rule.body):
            _check_placeholders(place, text)


def _check_placeholders(place: int, text: str) -> None:
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise _wrong(place, "중괄호가 맞지 않습니다. 글자로 쓰려면 {{ }}로 적습니다", "unbalanced braces") from None
    for _, name, spec, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or spec or conversion):
            raise _wrong(
                place,
                f"없는 자리입니다: {{{name}}}. 쓸 수 있는 자리: {', '.join(PLACEHOLDERS)}",
                f"no such placeholder: {{{name}}}; there are {', '.join(PLACEHOLDERS)}",
            )


def _wrong(place: int, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(
        field="rules", reason_ko=f"{place}번 글: {reason_ko}", reason_en=f"text {place}: {reason_en}"
    )


def choose_rule(rules: Iterable[LetterRule], *, outcome: str, has_conditions: bool, language: Language) -> LetterRule:
    """Return the first text that fits, else the one that ships."""
    for rule in (*rules, *DEFAULT_RULES):
        fits = rule.fits == "always" or has_conditions
        if rule.language == language and rule.outcome in {outcome, "any"} and fits:
            return rule
    raise AssertionError("the texts that ship cover every outcome")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values into a checked text."""
    return text.format_map(values)


_HEAD_KO = (
    "{company} 귀중\n\n{call}에 신청해 주셔서 감사합니다.\n신청 번호 {number}, 「{solution}」에 대한 투자심의위원회의 "
)
_HEAD_EN = (
    "To {company}\n\nThank you for applying to {call}.\n"
    "On application {number}, “{solution}”, the investment committee "
)
_APPEAL_KO = (
    "\n\n이 결정에 이의가 있으면 이 통지를 보낸 날의 다음 날부터 {appeal_days}일 안에 "
    "신청 화면에서 이의를 신청할 수 있습니다.\n"
)
_APPEAL_EN = (
    "\n\nYou may appeal on the page of your application within {appeal_days} days, counted from the day after this "
    "letter was sent.\n"
)

DEFAULT_RULES: tuple[LetterRule, ...] = (
    LetterRule(
        "carried",
        "conditions",
        "ko",
        "[{number}] 지원 결정과 이행조건 안내",
        _HEAD_KO
        + "{decided_on} 의결 결과를 알려 드립니다.\n\n결과: 가결 (조건부)\n현금: {cash}\nGPU: {gpu}\n\n이행조건\n"
        "{conditions}\n\n조건을 채우면 협약과 집행이 이어집니다. 증빙은 신청 화면의 ‘이행조건’에서 내실 수 있습니다."
        + _APPEAL_KO,
    ),
    LetterRule(
        "carried",
        "conditions",
        "en",
        "[{number}] Decision to fund, with conditions",
        _HEAD_EN
        + "decided on {decided_on}.\n\nResult: carried, with conditions\nCash: {cash}\nGPU: {gpu}\n\nConditions\n"
        "{conditions}\n\nAgreement and release follow once they are met. Evidence is handed in under “Conditions”."
        + _APPEAL_EN,
    ),
    LetterRule(
        "carried",
        "always",
        "ko",
        "[{number}] 지원 결정 안내",
        _HEAD_KO + "{decided_on} 의결 결과를 알려 드립니다.\n\n결과: 가결\n현금: {cash}\nGPU: {gpu}\n\n"
        "협약 절차는 담당자가 따로 연락드립니다." + _APPEAL_KO,
    ),
    LetterRule(
        "carried",
        "always",
        "en",
        "[{number}] Decision to fund",
        _HEAD_EN + "decided on {decided_on}.\n\nResult: carried\nCash: {cash}\nGPU: {gpu}\n\n"
        "We will write to you about the agreement." + _APPEAL_EN,
    ),
    LetterRule(
        "rejected",
        "always",
        "ko",
        "[{number}] 심의 결과 안내",
        _HEAD_KO + "{decided_on} 의결 결과를 알려 드립니다.\n\n결과: 부결\n\n이번에는 함께하지 못하게 되었습니다. "
        "신청을 준비하며 들이신 노력에 감사드립니다." + _APPEAL_KO,
    ),
    LetterRule(
        "rejected",
        "always",
        "en",
        "[{number}] Result of the review",
        _HEAD_EN
        + "decided on {decided_on}.\n\nResult: not carried\n\nWe cannot fund this application. Thank you for the "
        "work you put into it." + _APPEAL_EN,
    ),
    LetterRule(
        "deferred",
        "always",
        "ko",
        "[{number}] 심의 보류 안내",
        _HEAD_KO + "{decided_on} 심의 결과를 알려 드립니다.\n\n결과: 보류\n\n다음 회의에서 다시 심의합니다.\n",
    ),
    LetterRule(
        "deferred",
        "always",
        "en",
        "[{number}] Review deferred",
        _HEAD_EN + "met on {decided_on}.\n\nResult: deferred\n\nIt will be taken up again at a later meeting.\n",
    ),
)
"""The texts that ship: every outcome in both languages."""
