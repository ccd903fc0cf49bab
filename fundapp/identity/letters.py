"""Mails about one's own account: Korean first, English below."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fundapp.core.quarters import KST
from fundapp.identity.rules import LINK_LENGTHS


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and text."""

    subject: str
    body: str


_HOUR_SECONDS = 3600

_ASKED = {
    "confirm": (
        "AX 전략펀드: 이메일 주소를 확인해 주세요",
        "아래 링크를 열고 단추를 누르면 이 주소가 본인의 것으로 확인됩니다. 확인해야 신청서를 제출할 수 있습니다.",
        "Open the link and press the button to confirm that this address is yours. Submitting waits for that.",
    ),
    "recover": (
        "AX 전략펀드: 비밀번호 다시 정하기",
        "아래 링크에서 새 비밀번호를 정합니다. 요청한 적이 없다면 이 메일을 지우세요. 비밀번호는 그대로입니다.",
        "Choose a new password with this link. If you did not ask for it, delete this mail; your password stays.",
    ),
    "move": (
        "AX 전략펀드: 새 이메일 주소를 확인해 주세요",
        "아래 링크를 열고 단추를 누르면 앞으로 이 주소로 로그인하고 알림을 받습니다.",
        "Open the link and press the button: from then on you sign in and get notices with this address.",
    ),
}

_TOLD = {
    "password": ("비밀번호가 바뀌었습니다", "다른 기기에서는 모두 로그아웃되었습니다.", "Your password was changed."),
    "locked": (
        "로그인이 잠시 막혔습니다",
        "비밀번호나 인증 번호를 5번 틀려 15분 동안 로그인할 수 없습니다.",
        "Sign-in is closed for 15 minutes after five wrong passwords or codes.",
    ),
    "moving": (
        "이메일 주소를 바꾸려고 합니다",
        "새 주소에서 확인하면 이 주소로는 더 이상 로그인할 수 없습니다.",
        "Somebody asked to move your account to another address.",
    ),
    "moved": (
        "이메일 주소가 바뀌었습니다",
        "이제 이 주소로는 로그인할 수 없습니다.",
        "Your account has moved to another address.",
    ),
    "factor_on": (
        "2단계 인증을 켰습니다",
        "로그인할 때 인증 앱의 번호도 묻습니다.",
        "Two-step sign-in is on.",
    ),
    "factor_off": (
        "2단계 인증을 껐습니다",
        "이제 비밀번호만으로 로그인합니다.",
        "Two-step sign-in is off.",
    ),
    "passkey_added": (
        "패스키를 더했습니다",
        "이제 그 기기의 패스키로 로그인할 수 있고, 비밀번호로 들어올 때는 2단계 인증을 묻습니다.",
        "A passkey was added to your account.",
    ),
    "passkey_removed": (
        "패스키를 지웠습니다",
        "지운 패스키로는 더 이상 로그인할 수 없습니다.",
        "A passkey was removed from your account.",
    ),
    "passkeys_ended": (
        "패스키를 지웠습니다",
        "비밀번호나 이메일 주소가 바뀌어 모든 패스키를 지웠습니다. 계속 쓰려면 '내 계정'에서 새로 만들어 주세요.",
        "All your passkeys were removed, because your password or address changed. Make new ones in 'My account'.",
    ),
    "code_used": (
        "복구 코드로 로그인했습니다",
        "쓴 코드는 다시 쓸 수 없습니다.",
        "A recovery code was used to sign in.",
    ),
}


def ask_by_link(purpose: str, address: str) -> Letter:
    """Return the mail that carries a link."""
    subject, korean, english = _ASKED[purpose]
    hours = int(LINK_LENGTHS[purpose].total_seconds()) // _HOUR_SECONDS
    return Letter(
        subject,
        f"{korean}\n\n{address}\n\n링크는 {hours}시간 동안 한 번만 쓸 수 있습니다.\n\n"
        f"{english}\nThe link works once, for {hours} hours.",
    )


def tell_of(what: str, at: datetime) -> Letter:
    """Return the mail that says what happened to an account."""
    title, korean, english = _TOLD[what]
    when = f"{at.astimezone(KST):%Y-%m-%d %H:%M}"
    return Letter(
        f"AX 전략펀드: {title}",
        f"{when}(한국 시각) {title}. {korean}\n본인이 한 일이 아니라면 곧바로 비밀번호를 다시 정하고 "
        f"펀드 사무국에 알려 주세요.\n\n{when} (Korean time): {english}\n"
        "If this was not you, reset your password at once and tell the fund's office.",
    )


def tell_of_known_address() -> Letter:
    """Return the mail to the owner of an address with which somebody tried to register or move an account."""
    return Letter(
        "AX 전략펀드: 이미 가입한 주소입니다",
        "이 주소로 다시 가입하거나 계정을 옮기려는 시도가 있었습니다. 계정은 그대로이며 하실 일은 없습니다.\n\n"
        "Somebody tried to register with this address or to move an account to it. Your account is unchanged.",
    )
