"""One tree of errors. Each class carries identifiers as attributes and a message for people.

The message exists in Korean and English; the edge (web, command line) picks the language. HTTP statuses are
mapped once in `fundapp.web.shell.errors`, exit codes once in `fundapp.cli`.
"""

from __future__ import annotations

from typing import ClassVar

from fundapp.core.wording import state_word, verb_word


class FundError(Exception):
    """Base of all errors that a person may be shown.

    Args:
        **details: Identifiers and values that the message templates name.
    """

    code: ClassVar[str] = "error"
    ko: ClassVar[str] = "처리하지 못했습니다."
    en: ClassVar[str] = "This could not be done."

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.message("en"))

    def message(self, locale: str = "ko") -> str:
        """Return the message for people in `locale` ('ko' or 'en')."""
        template = self.en if locale.startswith("en") else self.ko
        return template.format(**self.details)


class NotFoundError(FundError):
    """The object is absent, or the viewer may not know of it: both look the same."""

    code = "not_found"
    ko = "찾을 수 없습니다."
    en = "Not found."


class ForbiddenError(NotFoundError):
    """The viewer may not do this. Shown exactly like `NotFoundError`."""

    code = "not_found"


class InvalidInputError(FundError):
    """Input that cannot be accepted, with the field it concerns."""

    code = "invalid_input"
    ko = "{field}: {reason_ko}"
    en = "{field}: {reason_en}"


class TransitionRefusedError(FundError):
    """A state machine has no such arrow, or somebody else moved the object first.

    `thing`, `state` and `verb` are words of the code; people read what `fundapp.core.wording` calls them.
    """

    code = "transition_refused"
    ko = "지금 상태({state})에서는 할 수 없습니다: {verb}"
    en = "Not possible in state {state}: {verb}"

    def message(self, locale: str = "ko") -> str:
        """Return the message in `locale`, with the state as the pages of that language name it."""
        if "thing" not in self.details:
            return super().message(locale)
        thing, state, verb = (str(self.details[name]) for name in ("thing", "state", "verb"))
        template = self.en if locale.startswith("en") else self.ko
        return template.format(state=state_word(thing, state, locale), verb=verb_word(verb, locale))


class ConflictOfInterestError(ForbiddenError):
    """A recused member tried to see or touch the application they are recused from."""

    code = "not_found"


class IdempotencyConflictError(FundError):
    """The same key arrived again with other input."""

    code = "idempotency_conflict"
    ko = "같은 요청 번호로 다른 내용이 왔습니다. 화면을 새로 고친 뒤 다시 보내 주세요."
    en = "The same request key came with different content. Reload the page and send it again."


class HeadroomExceededError(FundError):
    """A transfer would take an account below its floor."""

    code = "headroom_exceeded"
    ko = "여력이 부족합니다: {account}"
    en = "Not enough headroom: {account}"


class LedgerRefusedError(FundError):
    """The ledger refuses a posting for a reason other than headroom."""

    code = "ledger_refused"
    ko = "원장이 거부했습니다: {reason_ko}"
    en = "The ledger refused this: {reason_en}"


class ModelRefusedError(FundError):
    """A model cannot be trained, judged, activated or taken back, and why."""

    code = "model_refused"
    ko = "{reason_ko}"
    en = "{reason_en}"


class FourEyesError(FundError):
    """Preparer and approver must be two people."""

    code = "four_eyes"
    ko = "작성자와 승인자는 서로 달라야 합니다."
    en = "Preparer and approver must be two different people."


class InputFileError(FundError):
    """A whole file cannot be read."""

    code = "unreadable_file"
    ko = "파일을 읽을 수 없습니다: {reason_ko}"
    en = "The file cannot be read: {reason_en}"
