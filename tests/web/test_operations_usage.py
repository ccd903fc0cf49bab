from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.ledger.queries import find_balance
from fundapp.portfolio.actions import sign_award
from fundapp.portfolio.tables import UsageImport, UsageOwner

sys.path.insert(0, str(Path(__file__).parents[1] / "portfolio"))

from fund_factory import HOUR, SIGNED, SIGNED_AT, Use, add_pool, decide, found_fund, write_usage

Post = Callable[..., TestResponse]
PAGE = "/operations/usage"
KEY = "1" * 32


@pytest.fixture
def signed(
    db: Database, client: FlaskClient, person: Callable[..., str], sign_in: Callable[..., TestResponse]
) -> FlaskClient:
    def work(session: Session) -> None:
        found_fund(session)
        case = decide(session, hours=[(add_pool(session), 100)])
        sign_award(
            session,
            decision_id=case.decision_id,
            instrument="RCPS",
            key="sign",
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=SIGNED,
        )

    db.transaction(work)
    sign_in(client, person("finance"))
    return client


def upload(folder: Path, *rows: Use) -> tuple[BytesIO, str]:
    return BytesIO(write_usage(folder / "u.csv", rows).read_bytes()), "export.csv"


def used(db: Database) -> int:
    with db.read() as session:
        row = find_balance(session, "used:AW-2026-0001:h100", "GPUH.H100")
    return 0 if row is None else row.posted


def test_a_preview_shows_what_would_be_posted_and_posts_nothing(
    db: Database, signed: FlaskClient, post_form: Post, tmp_path: Path
) -> None:
    fields = {"files": upload(tmp_path, Use(date(2026, 8, 3), "5")), "preview": "1", "key": KEY}
    text = post_form(signed, PAGE, fields).get_data(as_text=True)
    assert "미리보기: 아직 적지 않았습니다" in text
    assert "AW-2026-0001" in text
    assert used(db) == 0


def test_refused_rows_can_be_downloaded_after_an_import(
    db: Database, signed: FlaskClient, post_form: Post, tmp_path: Path
) -> None:
    rows = [Use(date(2026, 8, 3), "5"), Use(date(2026, 8, 4), "NaN")]
    assert post_form(signed, PAGE, {"files": upload(tmp_path, *rows), "key": KEY}).status_code == 200
    assert used(db) == 5 * HOUR
    with db.read() as session:
        import_id = session.scalars(select(UsageImport.id)).one()
    text = signed.get(f"{PAGE}/imports/{import_id}/rejected").get_data(as_text=True)
    assert "ConsumedQuantity" in text
    assert re.search(r"^3,", text, re.MULTILINE)


def test_a_file_of_another_kind_is_refused_beside_its_field(signed: FlaskClient, post_form: Post) -> None:
    answer = post_form(signed, PAGE, {"files": (BytesIO(b"MZ"), "program.exe"), "key": KEY})
    assert answer.status_code == 422
    assert ".parquet" in answer.get_data(as_text=True)


def test_unmapped_use_is_mapped_in_one_click(
    db: Database, signed: FlaskClient, post_form: Post, tmp_path: Path
) -> None:
    rows = [Use(date(2026, 8, 3), "1"), Use(date(2026, 8, 4), "4", tag="")]
    post_form(signed, PAGE, {"files": upload(tmp_path, *rows), "key": KEY})
    fields = {"name": "one", "award": "AW-2026-0001", "valid_from": "2026-08-01", "key": KEY}
    assert post_form(signed, f"{PAGE}/mapping", fields).status_code == 302
    assert used(db) == 5 * HOUR
    with db.read() as session:
        assert session.scalars(select(UsageOwner.name)).all() == ["one"]
    assert "AW-2026-0001" in signed.get(f"{PAGE}/mapping?download=csv").get_data(as_text=True)


def test_a_size_is_added_and_the_template_downloaded(signed: FlaskClient, post_form: Post) -> None:
    fields = {
        "key": KEY,
        "name": "Standard_NC9_X",
        "valid_from": "2026-08-01",
        "sku": "h100",
        "gpus": "1/0",
        "memory_gb": "80",
        "source": "page",
    }
    assert post_form(signed, f"{PAGE}/sizes", fields).status_code == 422
    assert post_form(signed, f"{PAGE}/sizes", fields | {"gpus": "3"}).status_code == 302
    assert "nc9_x" in signed.get(f"{PAGE}/sizes").get_data(as_text=True)
    assert "사업자등록번호" in signed.get(f"{PAGE}/template.csv").get_data(as_text=True)
