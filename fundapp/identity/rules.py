"""When an account is closed for a while, how long a link is good, what waits for a proved address.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fundapp.core.errors import FundError

MAX_FAILURES = 5
LOCK_LENGTH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Wrong passwords since the last right one, and until when the account is closed."""

    failures: int
    locked_until: datetime | None


def is_locked(attempts: Attempts, at: datetime) -> bool:
    """Return whether sign-in is refused at `at`, whatever the password."""
    return attempts.locked_until is not None and at < attempts.locked_until


def count_failure(attempts: Attempts, at: datetime) -> Attempts:
    """Return the attempts after one more wrong password; the fifth closes the account.

    The count starts anew when an earlier closing has run out.
    """
    expired = attempts.locked_until is not None and at >= attempts.locked_until
    failures = 1 if expired else attempts.failures + 1
    if failures >= MAX_FAILURES:
        return Attempts(failures, at + LOCK_LENGTH)
    return Attempts(failures, None)


LINK_LENGTHS = {"confirm": timedelta(days=3), "recover": timedelta(hours=1), "move": timedelta(hours=24)}
"""How long a link is good, by what it is for. A way into an account is short-lived."""

MOST_LINKS = 3
LINK_WINDOW = timedelta(hours=1)
"""Of one purpose, so many links in so long: enough to find one's mail, too few to flood a stranger's mailbox."""


def may_send_link(earlier: Sequence[datetime], at: datetime) -> bool:
    """Return whether one more link may be sent after those sent at `earlier`."""
    return sum(at - sent < LINK_WINDOW for sent in earlier) < MOST_LINKS


class LinkSpentError(FundError):
    """A link from a mail that was used, is too old, was replaced or never existed: all look the same."""

    code = "link_spent"
    ko = "이 링크는 이미 썼거나 기한이 지났습니다. 새 링크를 받아 주세요."
    en = "This link has been used or is too old. Ask for a new one."


class TooManyLinksError(FundError):
    """Somebody asked for more mails than may be sent in an hour."""

    code = "too_many_links"
    ko = "한 시간에 3번까지 메일을 보냅니다. 받은 편지함과 스팸함을 먼저 확인해 주세요."
    en = "At most 3 mails an hour are sent. Please look into your mailbox and spam folder first."


class UnconfirmedError(FundError):
    """What only somebody with a proved address may do: submit, sign, invite."""

    code = "unconfirmed_email"
    ko = "이메일 주소를 먼저 확인해 주세요. 메일의 링크를 누르면 되고, '내 계정'에서 다시 받을 수 있습니다."
    en = "Please confirm your email address first: follow the link in the mail. 'My account' sends it again."


class PasskeyRefusedError(FundError):
    """A passkey answered something else, too late, or for somebody else."""

    code = "passkey_refused"
    ko = "패스키로 확인하지 못했습니다. 다시 해 보거나 다른 방법으로 로그인해 주세요."
    en = "The passkey could not be checked. Try again, or sign in another way."


class FactorStandsError(FundError):
    """The second factor is on already, or was never begun."""

    code = "factor_stands"
    ko = "2단계 인증의 상태가 바뀌었습니다. 화면을 새로 고쳐 주세요."
    en = "Two-step sign-in has changed meanwhile. Please reload the page."
