"""A rubric changed by one analyst and put in force by another."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from visits import Agenda, Enter

pytestmark = pytest.mark.browser


def test_a_rubric_is_edited_tried_and_published_by_two_people(enter: Enter, agenda: Agenda) -> None:
    author = enter("analyst")
    author.goto("/operations/rubrics")
    author.get_by_role("button", name="고칠 초안 만들기").click()
    author.get_by_text("SPC 기술 적합성").click()
    points = author.get_by_label("점수 1번째", exact=True).first
    points.fill("아주 많이")
    author.get_by_role("button", name="다시 채점해 보기").click()
    expect(author.get_by_role("alert")).to_contain_text("확인할 곳이 1군데 있습니다")
    points = author.get_by_label("점수 1번째", exact=True).first
    expect(points).to_have_value("아주 많이")
    expect(points).to_have_attribute("aria-invalid", "true")
    points.fill("5")
    author.get_by_role("button", name="다시 채점해 보기").click()
    expect(author.get_by_role("heading", name="저장하면 이렇게 달라집니다")).to_be_visible()
    author.get_by_role("button", name="저장", exact=True).click()
    expect(author.get_by_text("초안을 저장했습니다.")).to_be_visible()
    draft = author.url
    author.get_by_label("고친 까닭").fill("이전 계획도 값을 쳐 줌")
    author.get_by_role("button", name="검토 부탁하기").click()
    expect(author.get_by_text("쓴 사람은 공표할 수 없습니다.")).to_be_visible()
    expect(author.get_by_role("button", name="공표하기")).to_have_count(0)

    second = enter("analyst2")
    second.goto(draft)
    expect(second.get_by_text("이전 계획도 값을 쳐 줌")).to_be_visible()
    second.get_by_label("공표하는 까닭").fill("지난 공모를 다시 채점해 확인함")
    second.get_by_role("button", name="공표하기").click()
    expect(second.get_by_text("공표했습니다. 지금부터 이 기준표로 채점합니다.")).to_be_visible()
    expect(second.get_by_text("문이슬 공표")).to_be_visible()
