"""Tables opened by a question of the fund: only that table unlocks, and the answer is told row by row."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import pytest
from portal_people import FIRST_NUMBER, Browser, Portal
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.actions import ask_applicant, post_comment
from fundapp.intake.tables import Submission
from fundapp.web.portal.differences import Line, compare_rows

OWN = "founder@example.com"
TEAM = [{"name": "김도윤", "role": "대표"}, {"name": "이서아", "role": "개발"}]


def opened(portal: Portal, *questions: str) -> tuple[Browser, uuid.UUID, str]:
    """A sent application with a team of two and one GPU quarter, and a question that opens something of it."""
    person = portal.person(OWN)
    team = json.dumps(TEAM, ensure_ascii=False)
    key = portal.submitted(person, portal.company(person, FIRST_NUMBER), team=team)
    analyst = portal.viewer(portal.person("analyst@example.com", "analyst"))
    at = datetime.now(UTC)

    def work(session: Session) -> uuid.UUID:
        comment = post_comment(
            session,
            application_id=key,
            text="표를 봐 주세요",
            kind="question",
            visibility="staff",
            named=(),
            reply_to=None,
            key="c" * 32,
            actor=analyst,
            at=at,
        )
        return ask_applicant(
            session,
            comment_id=comment,
            text="표를 바로잡아 주세요.",
            due_on=None,
            key="i" * 32,
            actor=analyst,
            at=at,
            questions=questions,
        )

    return portal.browser(OWN), key, f"/portal/inquiries/{portal.db.transaction(work)}"


def versions(portal: Portal, key: uuid.UUID) -> list[dict[str, object]]:
    with portal.db.read() as session:
        rows = session.scalars(
            select(Submission).where(Submission.application_id == key).order_by(Submission.version)
        ).all()
    return [dict(row.answers) for row in rows]


def rows_of(*rows: tuple[str, str]) -> dict[str, str]:
    cells = {"a_team-rows": str(len(rows))}
    for place, (name, role) in enumerate(rows):
        cells |= {f"a_team-{place}-name": name, f"a_team-{place}-role": role}
    return cells


def test_staff_are_offered_tables_and_the_gpu_request_and_not_the_companys_numbers(portal: Portal) -> None:
    _, key, _ = opened(portal, "team")
    page = portal.browser("analyst@example.com").text(f"/committee/applications/{key}/discussion")
    offered = {name: f'<option value="{name}"' in page for name in ("team", "customers", "gpu", "gpu_workloads")}
    assert offered == dict.fromkeys(offered, True)
    assert '<option value="business_number"' not in page


def test_only_the_table_that_was_opened_can_be_changed_and_its_rows_are_told_apart(portal: Portal) -> None:
    browser, key, address = opened(portal, "team")
    page = browser.text(address)
    assert ('name="a_team-1-name"' in page, 'name="a_customers-rows"' in page, "data-gpu" in page) == (
        True,
        False,
        False,
    )
    wanted = rows_of(("김도윤", "대표이사"), ("이서아", "개발"), ("박하준", "영업"))
    stray = {"a_customers-rows": "1", "a_customers-0-name": "새 고객", "a_customers-0-stage": "pilot"}
    assert browser.post(address, {"text": "고쳤습니다"} | wanted | stray).status_code == 302
    first, second = versions(portal, key)
    assert {name for name in first | second if first.get(name) != second.get(name)} == {"team"}
    assert [row["role"] for row in second["team"]] == ["대표이사", "개발", "영업"]
    after = browser.text(address)
    assert "<del>대표</del> <ins>대표이사</ins>" in after
    assert (after.count("고친 행"), after.count("더한 행"), after.count("지운 행")) == (1, 1, 0)


def test_the_buttons_of_rows_send_nothing_and_keep_what_was_typed(portal: Portal) -> None:
    browser, key, address = opened(portal, "team")
    typed = {"text": "쓰던 답"} | rows_of(("김도윤", "대표"), ("새 사람", "개발"))
    added = browser.post(address, typed | {"row": "a_team:add"})
    assert (added.status_code, 'name="a_team-2-name"' in added.text, "쓰던 답" in added.text) == (200, True, True)
    gone = browser.post(address, typed | {"row": "a_team:remove:0"})
    assert ("새 사람" in gone.text, 'value="김도윤"' in gone.text) == (True, False)
    assert len(versions(portal, key)) == 1


def test_a_cell_that_lacks_is_told_beside_it_and_nothing_is_sent(portal: Portal) -> None:
    browser, key, address = opened(portal, "team")
    answer = browser.post(
        address,
        {"text": "고쳤습니다"}
        | rows_of(
            ("김도윤", ""),
        ),
    )
    assert (answer.status_code, 'id="a_team-0-role-error"' in answer.text) == (422, True)
    assert len(versions(portal, key)) == 1


def test_the_gpu_request_opens_as_a_whole_and_each_cell_is_told_before_and_after(portal: Portal) -> None:
    browser, key, address = opened(portal, "gpu")
    one, other, *_ = portal.gpu_keys()
    page = browser.text(address)
    assert ("data-gpu" in page, 'name="a_team-rows"' in page, 'value="24000"' in page) == (True, False, True)
    assert browser.post(address, {"text": "옮겼습니다", f"a_{one}": "", f"a_{other}": "12000.5"}).status_code == 302
    first, second = versions(portal, key)
    assert {name for name in first | second if first.get(name) != second.get(name)} == {one, other}
    assert (first[one], second.get(one), second[other]) == ("24000", None, "12000.5")
    after = browser.text(address)
    assert (after.count("<del>"), after.count("<ins>"), "12,000.5" in after) == (1, 1, True)
    staff = portal.browser("analyst@example.com").text(f"/committee/applications/{key}")
    sku, quarter = one.removeprefix("gpu_").upper().split("_")
    name = f"{sku} {quarter[:4]}년 {quarter[-1]}분기"
    assert (name in staff, "24,000" in staff, "12,000.5" in staff, f"{sku} {quarter}" in staff) == (
        True,
        True,
        True,
        False,
    )


def test_a_gpu_request_of_nothing_is_refused_where_the_form_needs_one(portal: Portal) -> None:
    browser, key, address = opened(portal, "gpu")
    answer = browser.post(address, {"text": "없앴습니다", f"a_{portal.gpu_keys()[0]}": ""})
    assert (answer.status_code, "답이 필요합니다." in answer.text) == (422, True)
    assert len(versions(portal, key)) == 1


@pytest.mark.parametrize(
    ("before", "after", "marks"),
    [
        ([("a",), ("b",)], [("a",), ("b",)], ["same", "same"]),
        ([("a",), ("b",)], [("b",)], ["out", "same"]),
        ([("a",)], [("c",), ("d",)], ["changed", "new"]),
        ([], [("a",)], ["new"]),
    ],
)
def test_rows_are_compared_in_order(before: list[tuple[str]], after: list[tuple[str]], marks: list[str]) -> None:
    assert [line.mark for line in compare_rows(before, after)] == marks


def test_a_changed_row_says_each_cell_before_and_after() -> None:
    assert list(compare_rows([("a", "1")], [("a", "2")])) == [Line("changed", (("a", "a"), ("1", "2")))]
