"""What the mail that applicants get says: the texts that ship, what may stand in them, and how they are filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from string import Formatter

from fundapp.core.errors import InvalidInputError, NotFoundError

LANGUAGES = ("ko", "en")
LONGEST_SUBJECT = 140
LONGEST_BODY = 8000
PLACES: Mapping[str, tuple[str, str]] = {
    "company": ("기업 이름", "name of the company"),
    "number": ("신청 번호나 협약 번호", "number of the application or award"),
    "call": ("공모 이름", "title of the call"),
    "due": ("기한", "the last day or instant"),
    "left": ("남은 날", "days left"),
    "what": ("질문, 이행조건, 서류처럼 기한이 있는 것", "what is due: the question, condition or document"),
    "link": ("여는 주소", "where to go on"),
}
EXAMPLE: Mapping[str, Mapping[str, str]] = {
    "ko": {
        "company": "온결비전",
        "number": "AX-2026-1-0007",
        "call": "2026년 1차 공모",
        "due": "2026-05-08(금) 16:00(한국 시각)",
        "left": "2일 뒤",
        "what": "사업계획서",
        "link": "https://fund.example/portal/",
    },
    "en": {
        "company": "온결비전",
        "number": "AX-2026-1-0007",
        "call": "First call of 2026",
        "due": "Fri 8 May 2026, 16:00 KST",
        "left": "in 2 days",
        "what": "Business plan",
        "link": "https://fund.example/portal/",
    },
}


@dataclass(frozen=True, slots=True)
class MailTexts:
    """What a mail says, in both languages."""

    subject_ko: str
    body_ko: str
    subject_en: str
    body_en: str

    def as_document(self) -> dict[str, str]:
        """Return the four texts by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def filled(self, values: Mapping[str, Mapping[str, str]], language: str) -> tuple[str, str]:
        """Return subject and body in one language with its values in their places; a subject is one line."""
        document = self.as_document()
        subject = document[f"subject_{language}"].format_map(values[language])
        return " ".join(subject.split())[:LONGEST_SUBJECT], document[f"body_{language}"].format_map(values[language])


@dataclass(frozen=True, slots=True)
class MailKind:
    """One kind of mail: what it is for, and the text that ships."""

    key: str
    name_ko: str
    name_en: str
    texts: MailTexts


_KINDS = (
    MailKind(
        "deadline",
        "접수 마감 알림",
        "Deadline of a call",
        MailTexts(
            "[{number}] 접수 마감 {left}: {due}",
            "{company}의 신청서 {number}에 아직 제출하지 않은 내용이 있습니다.\n\n{call}\n접수 마감: {due}\n\n"
            "마감 뒤에는 제출할 수 없습니다. 쓰던 곳에서 이어서 쓰고 제출해 주세요.\n{link}\n",
            "[{number}] The call closes {left}: {due}",
            "Application {number} of {company} holds something that has not been submitted.\n\n{call}\n"
            "Deadline: {due}\n\nNothing can be submitted after it. Go on where you left off, and submit:\n{link}\n",
        ),
    ),
    MailKind(
        "document",
        "서류 유효기간 알림",
        "A document that runs out",
        MailTexts(
            "[{number}] 서류 유효기간이 {left} 끝납니다: {what}",
            "{company}의 신청서 {number}에 붙인 서류의 유효기간이 끝납니다.\n\n서류: {what}\n"
            "쓸 수 있는 마지막 날: {due}\n\n"
            "새로 발급받아 바꿔 주세요.\n{link}\n",
            "[{number}] A document runs out {left}: {what}",
            "A document of application {number} of {company} runs out.\n\nDocument: {what}\nGood until: {due}\n\n"
            "Please have it issued again and replace it:\n{link}\n",
        ),
    ),
    MailKind(
        "inquiry",
        "심사 질문 답변 기한 알림",
        "A question that waits for an answer",
        MailTexts(
            "[{number}] 심사 질문의 답변 기한: {due}",
            "{company}의 신청 {number}에 아직 답하지 않은 심사 질문이 있습니다.\n\n{what}\n\n"
            "답변 기한: {due} ({left})\n{link}\n",
            "[{number}] An answer is due {left}: {due}",
            "A question about application {number} of {company} waits for your answer.\n\n{what}\n\n"
            "Due: {due} ({left})\n{link}\n",
        ),
    ),
    MailKind(
        "condition",
        "이행조건 기한 알림",
        "A condition that is due",
        MailTexts(
            "[{number}] 이행조건 기한이 다가옵니다: {due}",
            "{company} ({number})\n{what}\n기한: {due} ({left})\n\n증빙은 이행조건 화면에서 냅니다.\n{link}\n",
            "[{number}] A condition is due soon: {due}",
            "{company} ({number})\n{what}\nDue: {due} ({left})\n\nEvidence is handed in on the page of conditions.\n"
            "{link}\n",
        ),
    ),
    MailKind(
        "overdue",
        "이행조건 기한 지남",
        "A condition that is overdue",
        MailTexts(
            "[{number}] 이행조건 기한이 지났습니다",
            "{company} ({number})\n{what}\n기한: {due}\n\n증빙은 이행조건 화면에서 냅니다.\n{link}\n",
            "[{number}] A condition is overdue",
            "{company} ({number})\n{what}\nDue: {due}\n\nEvidence is handed in on the page of conditions.\n{link}\n",
        ),
    ),
    MailKind(
        "report",
        "진행 보고 기한 알림",
        "A progress report that is due",
        MailTexts(
            "[{number}] 진행 보고 기한이 {left}입니다",
            "{company}의 협약 {number}에서 남겨 둔 GPU 시간은 진행 보고를 확인한 뒤에 쓸 수 있습니다.\n\n{what}\n"
            "쓸 수 있는 마지막 날: {due}\n\n그 뒤에는 남은 시간이 사라집니다. 진행 보고를 올려 주세요.\n{link}\n",
            "[{number}] A progress report is due {left}",
            "GPU hours of award {number} of {company} wait for its progress report.\n\n{what}\n"
            "Last usable day: {due}\n\n"
            "What is left lapses after it. Please file the report:\n{link}\n",
        ),
    ),
)
MAIL_KINDS: Mapping[str, MailKind] = {one.key: one for one in _KINDS}


def find_kind(key: str) -> MailKind:
    """Return a kind of mail.

    Raises:
        NotFoundError: if there is none of that key.
    """
    found = MAIL_KINDS.get(key)
    if found is None:
        raise NotFoundError(mail=key)
    return found


def check_texts(texts: MailTexts) -> None:
    """Check texts before they are saved.

    Raises:
        InvalidInputError: naming the field and what is wrong: an unknown place, a stray brace, nothing, too much.
    """
    for field, text in texts.as_document().items():
        subject = field.startswith("subject")
        longest = LONGEST_SUBJECT if subject else LONGEST_BODY
        if not text.strip() or len(text) > longest or (subject and not text.isprintable()):
            raise InvalidInputError(
                field=field,
                reason_ko=f"1자에서 {longest:,}자까지 적습니다" + (", 한 줄로" if subject else ""),
                reason_en=f"takes 1 to {longest:,} characters" + (" in one line" if subject else ""),
            )
        _check_places(field, text)


def _check_places(field: str, text: str) -> None:
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise InvalidInputError(
            field=field,
            reason_ko="중괄호가 맞지 않습니다. 글자로 쓰려면 {{ }}로 적습니다",
            reason_en="has unbalanced braces; write {{ }} for the sign itself",
        ) from None
    for _, name, spec, conversion in parts:
        if name is not None and (name not in PLACES or spec or conversion):
            known = ", ".join(PLACES)
            raise InvalidInputError(
                field=field,
                reason_ko=f"없는 자리입니다: {{{name}}}. 쓸 수 있는 자리: {known}",
                reason_en=f"has no such place: {{{name}}}; there are {known}",
            )
