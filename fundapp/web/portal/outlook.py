"""Where an application stands in plain words, what happens next, and by when: for every state that it may be in."""

from __future__ import annotations

from dataclasses import dataclass

from fundapp.committee.queries import OwnLetter
from fundapp.intake.rules import STATES
from fundapp.web.portal.pages import ApplicationPage
from fundapp.web.shell.formats import instant, long_day
from fundapp.web.shell.language import current_locale, gettext
from fundapp.web.shell.stages import own_stage


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an applicant wants to know of their application.

    Attributes:
        now: Where it stands.
        then: What happens next, and whose turn it is.
        when: By when; where no day is fixed, how they will hear.
    """

    now: str
    then: str
    when: str


def outlook(page: ApplicationPage, letter: OwnLetter | None) -> Outlook:
    """Return the words for an application as its own company may know it."""
    state = page.application.state
    if state == "draft":
        return _draft(page)
    if state in {"submitted", "on_hold"}:
        return _received(page)
    if state in {"approved", "rejected"}:
        return _decided(page, letter)
    if state in {"ineligible", "withdrawn", "awarded"}:
        return _over(page)
    return _in_review(page)


def _closing(page: ApplicationPage) -> str:
    return gettext("접수 마감: %(at)s", at=instant(page.call.closes_at, current_locale()))


def _news() -> str:
    return gettext("정해진 날이 없습니다. 결과가 나오면 메일과 알림으로 알려 드립니다.")


def _draft(page: ApplicationPage) -> Outlook:
    if not page.editable:
        return Outlook(
            gettext("제출하지 않은 채 접수가 끝났습니다. 이 신청서는 심사하지 않습니다."),
            gettext("할 일이 없습니다. 쓴 내용은 그대로 남아 있으니 다음 공모에 옮겨 쓸 수 있습니다."),
            _closing(page),
        )
    return Outlook(
        gettext("작성 중입니다. 제출하기 전에는 펀드에서 볼 수 없습니다."),
        gettext("모든 답을 확인하고 제출해 주세요. 제출하면 접수증을 드립니다."),
        _closing(page),
    )


def _received(page: ApplicationPage) -> Outlook:
    held = page.application.state == "on_hold"
    if page.editable and page.changed:
        return Outlook(
            gettext("접수했습니다. 그 뒤에 고친 내용은 아직 접수되지 않았습니다."),
            gettext("고친 내용을 반영하려면 다시 제출해 주세요. 제출하지 않으면 접수한 내용으로 심사합니다."),
            _closing(page),
        )
    if held:
        return Outlook(
            gettext("접수한 내용에 확인할 것이 있어 사무국이 살펴보고 있습니다."),
            gettext("필요한 것이 있으면 심사 질문으로 여쭙니다. 확인을 마치면 서면 심사를 시작합니다."),
            _news(),
        )
    if page.editable:
        return Outlook(
            gettext("접수했습니다."),
            gettext("마감까지는 고쳐서 다시 제출할 수 있습니다. 마감한 뒤에 필수 요건을 확인합니다."),
            _closing(page),
        )
    return Outlook(
        gettext("접수를 마쳤고 필수 요건을 확인하고 있습니다."),
        gettext("요건이 맞으면 서면 심사를 시작하고, 필요한 증빙을 이때 요청합니다."),
        _news(),
    )


def _in_review(page: ApplicationPage) -> Outlook:
    state = page.application.state
    if state == "proposed":
        return Outlook(
            gettext("서면 심사를 마치고 투자심의위원회에 올라 있습니다."),
            gettext("위원회가 의결하면 결과를 통지서로 알려 드립니다."),
            _news(),
        )
    if state == "deferred":
        return Outlook(
            gettext("투자심의위원회가 결정을 미뤘습니다. 부결된 것이 아닙니다."),
            gettext("다음 회의에서 다시 심의합니다. 더 필요한 것이 있으면 심사 질문으로 여쭙니다."),
            _news(),
        )
    named = gettext("심사위원이 서면으로 심사하고 있습니다.")
    if state not in STATES:
        named = gettext("%(stage)s 단계에 있습니다.", stage=own_stage(state)[0])
    return Outlook(
        named,
        gettext("증빙 서류와 심사 질문에 답할 것이 있는지 살펴 주세요. 심사를 마치면 투자심의위원회에 올립니다."),
        _news(),
    )


def _decided(page: ApplicationPage, letter: OwnLetter | None) -> Outlook:
    appeal = ""
    if letter is not None and letter.may_appeal:
        appeal = gettext("이의신청은 %(day)s까지 할 수 있습니다.", day=long_day(letter.window.until, current_locale()))
    if page.application.state == "rejected":
        return Outlook(
            gettext("투자심의위원회가 이번에는 지원하지 않기로 했습니다."),
            gettext("통지서에서 결과를 볼 수 있습니다. 다음 공모에는 다시 신청할 수 있습니다."),
            appeal or gettext("이 신청의 심사는 끝났습니다."),
        )
    return Outlook(
        gettext("투자심의위원회가 지원하기로 했습니다."),
        gettext("이행조건이 있으면 증빙을 내 주세요. 조건을 채우면 사무국이 협약을 맺자고 연락드립니다."),
        appeal or gettext("이행조건마다 기한이 있습니다. 다가오면 메일과 알림으로 알려 드립니다."),
    )


def _over(page: ApplicationPage) -> Outlook:
    if page.application.state == "awarded":
        return Outlook(
            gettext("협약을 맺었습니다."),
            gettext("현금과 GPU시간을 협약대로 드립니다. 쓴 시간과 남은 시간은 ‘내 GPU’에서 봅니다."),
            gettext("진행 보고와 이행조건의 기한이 다가오면 메일과 알림으로 알려 드립니다."),
        )
    last = page.application.history[-1].verb if page.application.history else ""
    now = gettext("신청을 철회했습니다. 더 심사하지 않습니다.")
    if page.application.state == "ineligible":
        now = gettext("필수 요건에 맞지 않아 심사를 마쳤습니다.")
    elif last == "lapse":
        now = gettext("지원하기로 했지만 협약을 맺지 않은 채 기간이 지나 끝났습니다.")
    return Outlook(
        now,
        gettext("할 일이 없습니다. 접수했던 내용은 기록으로 남고, 다음 공모에는 다시 신청할 수 있습니다."),
        gettext("이 신청의 심사는 끝났습니다."),
    )
