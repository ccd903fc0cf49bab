"""Act two and a half: reviews are in, views open, and a few applications are talked about."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from fundapp.committee.actions import ask_applicant, move_phase, post_comment, resolve_question
from fundapp.committee.queries import DocketRow, docket, phase_page
from fundapp.core.access import Viewer
from fundapp.demonstration.stage import Stage

_DISCUSSED = 3


def discuss(stage: Stage) -> None:
    """Let the phase of discussion begin, and the members who differ most talk about it."""
    analyst, call = stage.one("analyst"), stage.scenario.call
    with stage.database.read() as session:
        following = phase_page(session, analyst, call).following
        rows = docket(session, analyst, call, sort="dispute", descending=True)[:_DISCUSSED]
    if following:
        stage.write(
            lambda s: move_phase(
                s,
                call_code=call,
                phase=following[0].key,
                reason="모든 심사가 저장됨",
                key="demo:phase:discussion",
                actor=analyst,
                at=stage.when("plan") - timedelta(days=1),
            )
        )
    for row in rows:
        stage.write(lambda s, row=row: _talk(s, stage, row, analyst))  # type: ignore[misc]


def _talk(session: Session, stage: Stage, row: DocketRow, analyst: Viewer) -> None:
    """Ask, answer and resolve; each step is under its own key, so that a second play changes nothing."""
    board = [stage.viewer(member.email) for member in stage.scenario.board()]
    first, second = [member for member in board if row.application_id not in member.recused_from][:2]
    at = stage.when("plan") - timedelta(hours=20)
    place = f"demo:talk:{row.number}"
    question = post_comment(
        session,
        application_id=row.application_id,
        text=f"신청한 GPU시간이 작업량에 견주어 많아 보입니다. @{second.name} 위원님은 어떻게 보셨습니까?",
        kind="question",
        visibility="staff",
        named=(),
        reply_to=None,
        key=f"{place}:question",
        actor=first,
        at=at,
    )
    post_comment(
        session,
        application_id=row.application_id,
        text="학습 횟수를 줄이면 절반으로도 됩니다. 작업별 산출을 한 번 더 받아 보면 좋겠습니다.",
        kind="comment",
        visibility="staff",
        named=(),
        reply_to=question,
        key=f"{place}:reply",
        actor=second,
        at=at + timedelta(minutes=30),
    )
    ask_applicant(
        session,
        comment_id=question,
        text="작업별 GPU시간을 어떻게 산출했는지, 학습과 추론을 나누어 알려 주세요.",
        due_on=None,
        key=f"{place}:ask",
        actor=analyst,
        at=at + timedelta(hours=1),
    )
    resolve_question(
        session, comment_id=question, resolved=True, key=f"{place}:resolve", actor=first, at=at + timedelta(hours=2)
    )
