"""What people call the states that a refusal names and the steps it refuses, in Korean and English.

The words are those of the pages. They stand here because the command line and the API say them as well.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = tuple[str, str]

STATES: Mapping[str, Mapping[str, Words]] = {
    "application": {
        "draft": ("작성 중", "In progress"),
        "submitted": ("접수됨", "Submitted"),
        "on_hold": ("보완·확인", "On hold"),
        "eligible": ("심사 중", "In review"),
        "ineligible": ("요건 미충족", "Ineligible"),
        "proposed": ("상정", "On the agenda"),
        "approved": ("가결", "Carried"),
        "rejected": ("부결", "Rejected"),
        "deferred": ("보류", "Deferred"),
        "awarded": ("협약", "Awarded"),
        "withdrawn": ("철회", "Withdrawn"),
    },
    "document": {"in_use": ("신청서에 쓰임", "In use by an application")},
    "decision": {
        "carried": ("가결", "Carried"),
        "rejected": ("부결", "Rejected"),
        "deferred": ("보류", "Deferred"),
        "reopened": ("다시 의결 중", "Reopened"),
    },
    "rubric": {
        "open": ("작성 중", "In progress"),
        "proposed": ("검토 대기", "Awaiting review"),
        "published": ("공표", "Published"),
        "discarded": ("버림", "Discarded"),
    },
    "meeting": {
        "scheduled": ("예정", "Scheduled"),
        "running": ("진행 중", "Running"),
        "ended": ("끝남", "Over"),
        "cancelled": ("취소", "Cancelled"),
    },
    "ballot": {
        "open": ("투표 중", "Voting"),
        "waiting": ("수정안 의결 중", "Amendment first"),
        "closed": ("개표함", "Counted"),
        "superseded": ("수정안으로 바뀜", "Amended"),
        "voted": ("표가 있음", "Votes were cast"),
    },
    "reopening": {
        "asked": ("확인 대기", "To be confirmed"),
        "confirmed": ("확인함", "Confirmed"),
        "declined": ("받아들이지 않음", "Declined"),
    },
    "minutes": {
        "draft": ("작성 중", "Draft"),
        "approved": ("승인", "Approved"),
        "changed": ("새 판 있음", "Newer version"),
    },
    "certification": {
        "waiting": ("확인 대기", "Awaiting signature"),
        "signed": ("서명함", "Signed"),
        "returned": ("돌려보냄", "Sent back"),
        "withdrawn": ("거둠", "Withdrawn"),
    },
    "condition": {"open": ("미이행", "Open"), "met": ("이행", "Met"), "waived": ("면제", "Waived")},
    "evidence": {
        "accepted": ("인정", "Accepted"),
        "returned": ("보완 요청", "Returned"),
        "replaced": ("새 증빙이 있음", "Replaced"),
    },
    "waiver": {
        "open": ("표결 중", "Being voted on"),
        "closed": ("표결함", "Counted"),
        "withdrawn": ("거둠", "Withdrawn"),
    },
    "hold": {"freed": ("이미 열었음", "Released already")},
    "letter_batch": {
        "staged": ("승인 대기", "Awaiting approval"),
        "approved": ("승인", "Approved"),
        "sent": ("보냄", "Sent"),
        "discarded": ("버림", "Discarded"),
    },
    "mail": {
        "waiting": ("보내기를 기다림", "Waiting to be sent"),
        "sent": ("보냄", "Sent"),
        "failed": ("실패", "Failed"),
        "withheld": ("보내지 않음", "Withheld"),
    },
    "mail_text": {"newer": ("그사이 새 판이 있음", "Newer version")},
    "appeal": {
        "filed": ("결정 전", "Undecided"),
        "upheld": ("인용", "Upheld"),
        "dismissed": ("기각", "Dismissed"),
    },
    "workflow": {
        "proposed": ("승인 대기", "Awaiting approval"),
        "in_force": ("시행 중", "In force"),
        "past": ("지난 판", "Past"),
        "discarded": ("버림", "Discarded"),
    },
    "plan": {"adopted": ("회의에 올림", "Put to a meeting"), "chosen": ("그사이 바뀜", "Changed meanwhile")},
    "plan_run": {
        "waiting": ("차례를 기다림", "Waiting"),
        "running": ("계산 중", "Running"),
        "done": ("마침", "Done"),
        "refused": ("하지 못함", "Refused"),
        "cancelled": ("멈춤", "Stopped"),
    },
    "fund": {"founded": ("설립됨", "Founded")},
    "investor": {"cash": ("현금 출자자", "Cash investor"), "in_kind": ("현물 출자자", "In-kind investor")},
    "tranche": {
        "planned": ("예정", "Planned"),
        "prepared": ("승인 대기", "Awaiting approval"),
        "disbursed": ("집행", "Paid"),
    },
    "tranche_condition": {"open": ("남음", "Open"), "met": ("충족", "Met"), "waived": ("면제", "Waived")},
    "call": {
        "drafted": ("승인 대기", "Awaiting approval"),
        "issued": ("납입 대기", "Awaiting payment"),
        "paid": ("납입", "Paid-in"),
        "cancelled": ("거둠", "Taken back"),
    },
    "expense": {"called": ("출자 요청함", "Called")},
    "payment": {
        "drafted": ("승인 대기", "Awaiting approval"),
        "approved": ("승인", "Approved"),
        "returned": ("돌려보냄", "Sent back"),
    },
    "movement": {
        "drafted": ("승인 대기", "Awaiting approval"),
        "approved": ("승인", "Approved"),
        "returned": ("돌려보냄", "Sent back"),
        "corrected": ("정정함", "Corrected"),
    },
    "valuation": {
        "prepared": ("승인 대기", "Awaiting approval"),
        "approved": ("승인", "Approved"),
        "returned": ("돌려보냄", "Sent back"),
    },
    "milestone": {"done": ("완료", "Done")},
    "change": {
        "requested": ("결정 전", "Undecided"),
        "approved": ("승인", "Approved"),
        "declined": ("받아들이지 않음", "Declined"),
        "withdrawn": ("취소함", "Withdrawn"),
    },
    "report": {
        "filed": ("읽기 전", "To be read"),
        "accepted": ("확인했음", "Accepted"),
        "returned": ("보완 요청", "Returned"),
        "released": ("모두 배정됨", "Released"),
    },
    "notice": {
        "open": ("예고", "Notice"),
        "withdrawn": ("사용 재개로 취소", "Withdrawn, use resumed"),
        "waived": ("면제", "Waived"),
        "acted": ("회수함", "Reclaimed"),
    },
    "waitlist": {
        "waiting": ("대기", "Waiting"),
        "served": ("배정받음", "Served"),
        "left": ("대기 취소", "Left"),
        "offered": ("답 기다림", "Awaiting an answer"),
    },
    "offer": {
        "open": ("답 기다림", "Awaiting an answer"),
        "accepted": ("받음", "Accepted"),
        "declined": ("사양", "Declined by the company"),
        "expired": ("기한 지남", "Expired"),
    },
    "block": {"open": ("차단 요청", "To be blocked"), "done": ("차단함", "Blocked")},
    "charge": {"open": ("정산 전", "Unsettled"), "settled": ("정산", "Settled")},
    "close": {
        "open": ("마감 전", "Open"),
        "prepared": ("확인 대기", "To be confirmed"),
        "confirmed": ("서명 대기", "Awaiting signatures"),
        "closed": ("마감", "Closed"),
    },
    "close_line": {"met": ("충족", "Met")},
    "interest": {"withdrawn": ("취소함", "Withdrawn"), "replaced": ("고쳐 씀", "Replaced")},
    "signal": {"answered": ("답함", "Answered")},
    "lift_request": {
        "open": ("결정 전", "Undecided"),
        "approved": ("승인", "Approved"),
        "refused": ("받아들이지 않음", "Refused"),
    },
    "challenge": {
        "pending": ("의결 전", "Undecided"),
        "upheld": ("받아들임", "Upheld"),
        "dismissed": ("기각", "Dismissed"),
        "set_aside": ("각하", "Set aside"),
    },
    "assignment": {"filed": ("심사 저장", "Filed"), "assigned": ("배정됨", "Assigned")},
    "recusal": {"lifted": ("해제됨", "Lifted")},
}
"""By the kind of thing and its state."""

VERBS: Mapping[str, Words] = {
    "accept": ("받기", "accept"),
    "accepted": ("받기", "accept"),
    "acted": ("회수", "reclaim"),
    "add": ("더하기", "add"),
    "add_condition": ("조건 추가", "add a condition"),
    "adopt": ("회의에 올리기", "put to a meeting"),
    "amend": ("수정안 올리기", "amend"),
    "appeal": ("이의신청", "appeal"),
    "approve": ("승인", "approve"),
    "ask": ("부탁", "ask"),
    "sign": ("서명", "sign"),
    "choose": ("위원회안 저장", "keep the choice"),
    "stop": ("멈추기", "stop"),
    "approved": ("승인", "approve"),
    "attend": ("출석 기록", "record attendance"),
    "award": ("협약 체결", "sign the agreement"),
    "block": ("차단 기록", "note the block"),
    "call": ("출자 요청", "call"),
    "call_item": ("안건 부르기", "call the item"),
    "cancel": ("거두기", "take back"),
    "cancelled": ("거두기", "take back"),
    "cash": ("현금 출자자로 등록", "register as a cash investor"),
    "challenge": ("기피 신청", "challenge"),
    "close": ("의결 마치기", "close"),
    "close_written": ("기한 전 개표", "count before the deadline"),
    "complete": ("완료 기록", "complete"),
    "confirm": ("확인", "confirm"),
    "correct": ("정정", "correct"),
    "decide": ("결정", "decide"),
    "declare_ineligible": ("요건 미충족 판정", "declare ineligible"),
    "decline": ("받아들이지 않음", "decline"),
    "declined": ("사양", "decline"),
    "defer": ("보류", "defer"),
    "disbursed": ("집행", "pay"),
    "discard": ("버리기", "discard"),
    "edit": ("고치기", "edit"),
    "end": ("마치기", "end"),
    "expect": ("예상일 바꾸기", "change the expected day"),
    "expired": ("기한 종료", "expire"),
    "explain": ("사유 기록", "explain"),
    "found": ("설립", "found"),
    "free": ("미룬 시간 열기", "release the hours"),
    "hold": ("보류", "hold"),
    "in_kind": ("현물 출자자로 등록", "register as an in-kind investor"),
    "invite": ("초대장 보내기", "send invitations"),
    "issued": ("출자자에게 보내기", "issue"),
    "lapse": ("협약 없이 종료", "end without an agreement"),
    "lift": ("해제", "lift"),
    "leave": ("대기 취소", "leave the line"),
    "met": ("충족 기록", "note as met"),
    "open": ("열기", "open"),
    "paid": ("납입 기록", "record the payment"),
    "pass_screening": ("요건 통과", "pass screening"),
    "pause": ("쉬기", "pause"),
    "planned": ("돌려보내기", "send back"),
    "prepare": ("올리기", "prepare"),
    "prepared": ("올리기", "prepare"),
    "propose": ("상정", "propose"),
    "publish": ("공표", "publish"),
    "remove": ("보관함에서 지우기", "remove from the wallet"),
    "reject": ("부결", "reject"),
    "release": ("심사로 올리기", "release"),
    "take_off": ("빼기", "take off"),
    "reopen": ("다시 의결", "reopen"),
    "replace": ("의결안 바꾸기", "replace the proposal"),
    "report": ("보고서 제출", "file a report"),
    "reschedule": ("일정 바꾸기", "reschedule"),
    "resend": ("다시 보내기", "send again"),
    "resubmit": ("다시 접수", "submit again"),
    "returned": ("돌려보내기", "send back"),
    "review": ("심사 의견 저장", "review"),
    "save": ("저장", "save"),
    "score": ("채점", "score"),
    "send": ("보내기", "send"),
    "settle": ("정산 기록", "settle"),
    "stage": ("준비", "stage"),
    "submit": ("접수", "submit"),
    "vote": ("투표", "vote"),
    "wait": ("대기 등록", "put on the waitlist"),
    "waived": ("면제", "waive"),
    "withdraw": ("철회", "withdraw"),
    "withdraw_proposal": ("상정 철회", "take off the agenda"),
    "withdrawn": ("철회", "withdraw"),
    "write": ("쓰기", "write"),
}
"""By the step that was refused; some rooms name it by the state it would have led to."""


def state_word(thing: str, state: str, locale: str) -> str:
    """Return what people call a state of a thing in `locale` ('ko' or 'en'); a state nobody named stays as it is."""
    return _word(STATES.get(thing, {}).get(state), state, locale)


def verb_word(verb: str, locale: str) -> str:
    """Return what people call a step in `locale` ('ko' or 'en'); a step nobody named stays as it is."""
    return _word(VERBS.get(verb), verb, locale)


def _word(words: Words | None, fallback: str, locale: str) -> str:
    if words is None:
        return fallback
    korean, english = words
    return english if locale.startswith("en") else korean
