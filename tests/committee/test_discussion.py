"""The discussion: audiences, mentions, versions, resolved questions, and what is asked of the applicant."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from committee_factory import AT, application, assign, committee, do, join, look, person, recuse, review
from review_calls import BLIND, NAMED, open_call
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from fundapp.audit.tables import AuditEvent
from fundapp.committee import actions, queries
from fundapp.committee.rules.discussion import (
    CommentKind,
    InquiryAnsweredError,
    InquiryWithdrawnError,
    QuestionMovedError,
    RetractedError,
    Visibility,
    find_mentions,
)
from fundapp.committee.tables import CommentText
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import IdempotencyConflictError, InvalidInputError, NotFoundError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quarters import kst_date
from fundapp.core.sessions import Database
from fundapp.intake.call_file import read_call_file
from fundapp.intake.form import AnswersRefusedError
from fundapp.intake.tables import Application, Call, Submission


def post(
    db: Database,
    who: Viewer,
    key: uuid.UUID,
    text: str = "한마디",
    *,
    kind: CommentKind = "comment",
    visibility: Visibility = "staff",
    named: Collection[Viewer] = (),
    reply_to: uuid.UUID | None = None,
    form: str | None = None,
) -> uuid.UUID:
    return do(
        db,
        lambda s: actions.post_comment(
            s,
            application_id=key,
            text=text,
            kind=kind,
            visibility=visibility,
            named=[one.person_id for one in named if one.person_id],
            reply_to=reply_to,
            key=form or f"post:{text}:{who.person_id}",
            actor=who,
            at=AT,
        ),
    )


def read(db: Database, who: Viewer, key: uuid.UUID) -> queries.DiscussionPage:
    with db.read() as session:
        return queries.discussion_page(session, look(db, who.person_id), key)


def words(db: Database, who: Viewer, key: uuid.UUID) -> list[str | None]:
    return [row.words.body if row.words else None for row in read(db, who, key).threads]


def mail(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.recipient)).all()
    return [(row.recipient, row.subject + row.body) for row in rows]


def resolve(db: Database, who: Viewer, comment: uuid.UUID, *, resolved: bool, form: str) -> None:
    do(
        db,
        lambda s: actions.resolve_question(s, comment_id=comment, resolved=resolved, key=form, actor=who, at=AT),
    )


def test_each_audience_reads_what_is_meant_for_it(db: Database) -> None:
    chair, one, two = committee(db, 3)
    analyst, auditor = person(db, "Analyst", "analyst"), person(db, "Auditor", "auditor")
    key = application(db, 1)
    post(db, one, key, "모두", visibility="staff")
    post(db, one, key, "위원", visibility="committee")
    post(db, one, key, "둘이", visibility="named", named=[analyst])
    assert words(db, one, key) == ["모두", "위원", "둘이"]
    assert words(db, two, key) == words(db, chair, key) == ["모두", "위원"]
    assert words(db, analyst, key) == ["모두", "둘이"]
    assert words(db, auditor, key) == ["모두"]
    assert read(db, analyst, key).threads[1].readers == ("Analyst", "Member1")


def test_a_reply_is_read_by_whoever_reads_what_it_replies_to(db: Database) -> None:
    _, one, two, three = committee(db, 4)
    key = application(db, 1)
    secret = post(db, one, key, "둘이", visibility="named", named=[two])
    post(db, two, key, "대답", reply_to=secret)
    assert [row.replies[0].author for row in read(db, one, key).threads] == ["Member2"]
    assert read(db, three, key).threads == ()
    with pytest.raises(NotFoundError):
        post(db, three, key, "끼어들기", reply_to=secret)


def test_before_the_own_review_nothing_of_it_is_read_written_or_counted(db: Database) -> None:
    _, one, two = committee(db, 3)
    key = application(db, 1)
    assign(db, key, one, two)
    review(db, two, key)
    comment = post(db, two, key, "비밀 의견")
    page = read(db, one, key)
    assert (page.sealed, page.threads, page.participants) == (True, (), ())
    with db.read() as session:
        assert queries.count_comments(session, one, key) is None
    with pytest.raises(NotFoundError):
        post(db, one, key)
    with pytest.raises(NotFoundError):
        resolve(db, one, comment, resolved=True, form="r")
    review(db, one, key)
    assert words(db, one, key) == ["비밀 의견"]
    with db.read() as session:
        assert queries.count_comments(session, one, key) == 1


def test_who_is_recused_or_belongs_to_the_applicant_finds_no_discussion(db: Database) -> None:
    _, one, two, three = committee(db, 4)
    key = application(db, 1)
    post(db, one, key, "둘이", visibility="named", named=[two, three])
    gone = recuse(db, key, two)
    join(db, key, three)
    insider = look(db, three.person_id)
    for who in (gone, insider, two):
        with db.read() as session, pytest.raises(NotFoundError):
            queries.discussion_page(session, look(db, who.person_id), key)
        with pytest.raises(NotFoundError):
            post(db, who, key, "나도")


def test_a_mention_writes_to_those_who_may_read_it_once_and_says_no_word(db: Database) -> None:
    _, one, two, three, four = committee(db, 5)
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1, name="가온상사")
    assign(db, key, four)  # has not filed: the discussion does not exist for them
    recuse(db, key, three)
    text = "@Member2 @Member3 @Member4 @Analyst @Member1 @Nobody 비밀 근거를 봐 주세요"
    comment = post(db, one, key, text)
    post(db, one, key, "위원끼리 @Analyst @Member2", visibility="committee")
    do(
        db,
        lambda s: actions.edit_comment(s, comment_id=comment, text=f"{text}!", key="edit", actor=one, at=AT),
    )
    sent = mail(db)
    assert [address for address, _ in sent] == ["analyst@example.org", "member2@example.org", "member2@example.org"]
    assert not any("비밀" in said or "가온" in said for _, said in sent)
    with db.read() as session:
        told = session.scalars(select(AuditEvent.details).where(AuditEvent.verb == "discussion.posted")).all()
    assert told[0]["told"] == [str(analyst.person_id), str(two.person_id)]
    assert "비밀" not in str(told)


def test_the_longest_name_is_meant() -> None:
    a, b, c = (uuid.UUID(int=n) for n in range(3))
    names = {a: "이하린", b: "이하린솔", c: "이하린"}
    assert find_mentions("@이하린솔 님", names) == {b}
    assert find_mentions("@이하린님, @이하린솔", names) == {a, b, c}
    assert find_mentions("이하린 이메일 a@b.example", names) == frozenset()


def test_an_edit_is_a_new_version_and_taking_back_leaves_a_mark(db: Database) -> None:
    _, one, two = committee(db, 3)
    key = application(db, 1)
    comment = post(db, one, key, "처음")

    def edit(who: Viewer, text: str) -> None:
        do(db, lambda s: actions.edit_comment(s, comment_id=comment, text=text, key=text, actor=who, at=AT))

    edit(one, "고침")
    row = read(db, two, key).threads[0]
    assert row.words is not None
    assert (row.words.version, row.words.body, [old.body for old in row.earlier]) == (2, "고침", ["처음"])
    with pytest.raises(NotFoundError):
        edit(two, "남의 글")
    do(db, lambda s: actions.retract_comment(s, comment_id=comment, key="gone", actor=one, at=AT))
    row = read(db, two, key).threads[0]
    assert (row.author, row.words, row.earlier) == ("Member1", None, ())
    for forbidden in (lambda: edit(one, "다시"), lambda: post(db, two, key, "답", reply_to=comment)):
        with pytest.raises(RetractedError):
            forbidden()
    with db.read() as session:
        kept = session.scalars(select(CommentText.body).order_by(CommentText.version)).all()
    assert kept == ["처음", "고침", ""]


def test_a_question_is_resolved_and_opened_again_by_anybody_who_reads_it(db: Database) -> None:
    _, one, two = committee(db, 3)
    key = application(db, 1)
    question = post(db, one, key, "왜 H200인가", kind="question")
    assert (read(db, two, key).threads[0].resolved, read(db, two, key).open_questions) == (False, 1)
    resolve(db, two, question, resolved=True, form="1")
    resolve(db, two, question, resolved=True, form="1")  # the same click
    row = read(db, one, key).threads[0]
    assert (row.resolved, row.resolved_by, read(db, one, key).open_questions) == (True, "Member2", 0)
    with pytest.raises(QuestionMovedError):
        resolve(db, one, question, resolved=True, form="2")
    resolve(db, one, question, resolved=False, form="3")
    assert read(db, one, key).threads[0].resolved is False
    plain = post(db, one, key, "의견")
    with pytest.raises(NotFoundError):
        resolve(db, one, plain, resolved=True, form="4")


def test_a_form_sent_twice_posts_once(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assert post(db, one, key, form="f") == post(db, one, key, form="f")
    assert len(read(db, one, key).threads) == 1
    with pytest.raises(IdempotencyConflictError):
        post(db, one, key, "다른 말", form="f")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": "  "}, "text"),
        ({"text": "가" * 4001}, "text"),
        ({"kind": "poem"}, "kind"),
        ({"visibility": "world"}, "visibility"),
        ({"visibility": "committee"}, "visibility"),
        ({"visibility": "named"}, "named"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(db: Database, given: dict[str, str], field: str) -> None:
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1)
    with pytest.raises(InvalidInputError) as refused:
        post(db, analyst, key, **given)
    assert refused.value.details["field"] == field


def test_an_auditor_reads_and_does_not_write(db: Database) -> None:
    auditor = person(db, "Auditor", "auditor")
    key = application(db, 1)
    with pytest.raises(NotFoundError):
        post(db, auditor, key)


def test_comments_of_a_blind_phase_are_read_without_names(db: Database) -> None:
    open_call(db, phases=[BLIND, NAMED])
    _, one = committee(db, 2)
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1, name="새마루로보틱스")
    post(db, analyst, key, "새마루로보틱스에 물어보았습니다")
    assert words(db, one, key) == ["■■■에 물어보았습니다"]
    assert words(db, analyst, key) == ["새마루로보틱스에 물어보았습니다"]


def ask(db: Database, who: Viewer, comment: uuid.UUID, *, due_on: date | None = None, form: str = "ask") -> uuid.UUID:
    return do(
        db,
        lambda s: actions.ask_applicant(
            s, comment_id=comment, text="전력 사용량을 알려 주세요", due_on=due_on, key=form, actor=who, at=AT
        ),
    )


def answer(db: Database, who: Viewer, inquiry: uuid.UUID, text: str = "월 3MWh입니다", form: str = "answer") -> None:
    do(
        db,
        lambda s: actions.answer_inquiry(s, inquiry_id=inquiry, text=text, key=form, actor=who, at=AT),
    )


def test_the_applicant_is_asked_by_mail_and_answers_once_in_the_portal(db: Database) -> None:
    _, one = committee(db, 2)
    analyst, founder = person(db, "Analyst", "analyst"), person(db, "Founder", "applicant")
    key = application(db, 1)
    join(db, key, founder)
    founder = look(db, founder.person_id)
    comment = post(db, one, key, "전력은?", kind="question")
    inquiry = ask(db, analyst, comment, due_on=date(2026, 6, 1))
    assert [address for address, _ in mail(db)] == ["founder@example.org"]
    assert "전력 사용량을 알려 주세요" in mail(db)[0][1]
    with db.read() as session:
        asked = queries.list_asked(session, founder, key)
        assert [(row.body, row.due_on, row.answer) for row in asked] == [
            ("전력 사용량을 알려 주세요", date(2026, 6, 1), None)
        ]
        assert "Analyst" not in str(asked)
        assert "전력은?" not in str(asked)
    answer(db, founder, inquiry)
    answer(db, founder, inquiry)  # the same form
    with pytest.raises(InquiryAnsweredError):
        answer(db, founder, inquiry, "다른 답", form="later")
    row = read(db, one, key).threads[0].inquiries[0]
    assert (row.asked_by, row.answer) == ("Analyst", "월 3MWh입니다")
    assert [address for address, _ in mail(db)] == ["analyst@example.org", "founder@example.org"]


def test_without_an_account_the_address_of_the_answers_is_written_to(db: Database) -> None:
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1, contact_email="contact@gaon.example")
    ask(db, analyst, post(db, analyst, key))
    assert [address for address, _ in mail(db)] == ["contact@gaon.example"]


def test_only_an_analyst_asks_and_only_the_company_answers(db: Database) -> None:
    _, one = committee(db, 2)
    analyst, stranger = person(db, "Analyst", "analyst"), person(db, "Stranger", "applicant")
    key, other = application(db, 1), application(db, 2)
    join(db, other, stranger)
    comment = post(db, one, key)
    with pytest.raises(NotFoundError):
        ask(db, one, comment)
    with pytest.raises(InvalidInputError, match="due_on"):
        ask(db, analyst, comment, due_on=date(2026, 5, 1))
    inquiry = ask(db, analyst, comment)
    outsider = look(db, stranger.person_id)
    with pytest.raises(NotFoundError):
        answer(db, outsider, inquiry)
    with db.read() as session:
        assert queries.list_asked(session, outsider, key) == []


def test_a_discussion_costs_as_many_statements_with_thirty_comments_as_with_one(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)

    def count() -> int:
        seen: list[str] = []

        def note(*arguments: object) -> None:
            seen.append(str(arguments[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        with db.read() as session:
            queries.discussion_page(session, one, key)
        event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    post(db, one, key)
    single = count()
    for ordinal in range(30):
        post(db, one, key, f"글 {ordinal}")
    assert count() == single


def test_a_question_that_waits_is_spoken_of_before_its_day_and_an_answered_one_is_not(db: Database) -> None:
    analyst, founder = person(db, "Analyst", "analyst"), person(db, "Founder", "applicant")
    key = application(db, 1)
    join(db, key, founder)
    owner = look(db, founder.person_id)
    comment = post(db, analyst, key, "전력 사용량을 물어봅시다")
    due = kst_date(AT) + timedelta(days=10)
    inquiry = ask(db, analyst, comment, due_on=due)

    def told(days_before: int) -> int:
        at = AT + timedelta(days=10 - days_before)
        return do(db, lambda s: actions.remind_inquiries(s, actor=SYSTEM, at=at, public_url="https://fund.example"))

    assert [told(days) for days in (8, 7, 7, 2)] == [0, 1, 0, 1]
    answer(db, owner, inquiry)
    assert told(0) == 0
    with db.read() as session:
        sent = session.scalars(select(OutboxMessage).where(OutboxMessage.dedupe_key.startswith("inquiry-due:"))).first()
    assert sent is not None
    assert "전력 사용량을 알려 주세요" in sent.body
    assert f"https://fund.example/portal/inquiries/{inquiry}" in sent.body
    assert f"DTSTART;VALUE=DATE:{due:%Y%m%d}\r\n" in (sent.calendar or "")


def give_form(db: Database) -> None:
    """The calls of these tests ask nothing; here one does."""
    document = read_call_file(Path(__file__).parents[2] / "examples" / "calls" / "2026-1.toml").document

    def work(session: Session) -> None:
        for call in session.scalars(select(Call)):
            call.document = document | call.document

    do(db, work)


def open_question(db: Database, who: Viewer, comment: uuid.UUID, *questions: str) -> uuid.UUID:
    return do(
        db,
        lambda s: actions.ask_applicant(
            s,
            comment_id=comment,
            text="이름을 바로잡아 주세요",
            due_on=date(2026, 5, 20),
            key="open",
            actor=who,
            at=AT,
            questions=questions,
        ),
    )


def test_only_the_questions_that_were_opened_can_be_changed_and_the_answer_is_the_next_version(db: Database) -> None:
    analyst, founder = person(db, "Analyst", "analyst"), person(db, "Founder", "applicant")
    key = application(db, 1, solution_title="옛 이름")
    give_form(db)
    join(db, key, founder)
    owner = look(db, founder.person_id)
    inquiry = open_question(db, analyst, post(db, analyst, key), "solution_title")

    def reply(at: datetime = AT, **answers: str) -> None:
        do(
            db,
            lambda s: actions.answer_inquiry(
                s, inquiry_id=inquiry, text="바로잡았습니다", key="r", actor=owner, at=at, answers=answers
            ),
        )

    with pytest.raises(InvalidInputError, match="sector"):
        reply(solution_title="새 이름", sector="제조")
    with pytest.raises(AnswersRefusedError, match="solution_title"):
        reply(solution_title="")
    reply(AT + timedelta(days=30), solution_title="새 이름")
    with db.read() as session:
        frozen = session.scalars(
            select(Submission).where(Submission.application_id == key).order_by(Submission.version)
        ).all()
        working = session.get_one(Application, key)
        row = queries.list_asked(session, owner, key)[0]
        state = working.state
    first, second = (one.answers for one in frozen)
    assert {name for name in first | second if first.get(name) != second.get(name)} == {"solution_title"}
    assert (second["solution_title"], working.answers["solution_title"]) == ("새 이름", "새 이름")
    assert (row.version, row.questions, row.late, state) == (2, ("solution_title",), True, "eligible")


def test_what_cannot_be_opened_is_refused_and_so_is_anything_once_it_is_over(db: Database) -> None:
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1)
    give_form(db)
    comment = post(db, analyst, key)
    for wrong in ("business_number", "no_such_question"):
        with pytest.raises(InvalidInputError, match="questions"):
            open_question(db, analyst, comment, wrong)


def test_a_question_that_was_taken_back_is_closed_and_the_applicant_is_told(db: Database) -> None:
    analyst, founder = person(db, "Analyst", "analyst"), person(db, "Founder", "applicant")
    key = application(db, 1)
    give_form(db)
    join(db, key, founder)
    owner = look(db, founder.person_id)
    inquiry = open_question(db, analyst, post(db, analyst, key), "solution_title")

    def take_back(who: Viewer, reason: str = "서류에서 확인함", form: str = "w") -> None:
        do(
            db,
            lambda s: actions.withdraw_inquiry(s, inquiry_id=inquiry, reason=reason, key=form, actor=who, at=AT),
        )

    with pytest.raises(NotFoundError):
        take_back(owner)
    with pytest.raises(InvalidInputError, match="reason"):
        take_back(analyst, " ")
    take_back(analyst)
    take_back(analyst)  # the same form
    with pytest.raises(InquiryWithdrawnError):
        take_back(analyst, form="again")
    with pytest.raises(InquiryWithdrawnError):
        answer(db, owner, inquiry)
    assert "서류에서 확인함" in "".join(body for _, body in mail(db))
    with db.read() as session:
        assert queries.list_asked(session, owner, key)[0].withdrawn == "서류에서 확인함"
    at = AT + timedelta(days=10)
    assert do(db, lambda s: actions.remind_inquiries(s, actor=SYSTEM, at=at, public_url="")) == 0


def test_an_answered_question_is_not_taken_back(db: Database) -> None:
    analyst, founder = person(db, "Analyst", "analyst"), person(db, "Founder", "applicant")
    key = application(db, 1)
    join(db, key, founder)
    inquiry = ask(db, analyst, post(db, analyst, key))
    answer(db, look(db, founder.person_id), inquiry)
    with pytest.raises(InquiryAnsweredError):
        do(
            db,
            lambda s: actions.withdraw_inquiry(s, inquiry_id=inquiry, reason="늦음", key="w", actor=analyst, at=AT),
        )
