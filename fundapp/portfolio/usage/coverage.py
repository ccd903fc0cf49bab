"""Which export states which bill: a bill that two scopes state would be counted by whichever came last.

The scope of an export is what its manifest says (a billing account, a subscription, a resource group), else the
billing accounts of its rows. The newest export of a scope replaces the older ones, bill by bill. An export of another
scope that states a bill which is covered already is refused: a narrower one would take back what it leaves out, and
what both state would be counted twice if their bills were added.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from fundapp.core.errors import InputFileError
from fundapp.portfolio.focus import Statement
from fundapp.portfolio.rules import digest
from fundapp.portfolio.tables import UsageCoverage, UsageImport
from fundapp.portfolio.usage.changes import Bill
from fundapp.portfolio.usage.stocks import portions

_LONGEST = 300
_UNSTATED = "unstated"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Covered:
    """Who states a bill now."""

    scope: str
    file_name: str
    imported_at: datetime


def scope_name(statement: Statement) -> str:
    """Return the scope of an export as far as it says."""
    scope = statement.scope or "+".join(statement.accounts) or _UNSTATED
    return scope if len(scope) <= _LONGEST else f"{scope[: _LONGEST - 9]}-{digest(scope)}"


def require_one_scope(session: Session, statement: Statement, bills: Collection[Bill]) -> None:
    """Refuse an export that states bills of another scope.

    Raises:
        InputFileError: naming the bills, both exports, and what to do.
    """
    scope = scope_name(statement)
    held = [(bill, found) for bill, found in sorted(load_coverage(session, bills).items()) if found.scope != scope]
    if not held:
        return
    names = ", ".join(str(bill) for bill, _ in held[:_SHOWN]) + ("…" if len(held) > _SHOWN else "")
    first = held[0][1]
    when = f"{first.imported_at:%Y-%m-%d}"
    raise InputFileError(
        reason_ko=(
            f"범위가 겹칩니다. 이 파일의 범위는 {scope}인데, {names}은(는) {when}에 올린 {first.file_name}"
            f"(범위 {first.scope})에 이미 들어 있습니다. 두 파일의 같은 사용량이 두 번 세어질 수 있어 받지 않았습니다. "
            "전과 같은 범위의 내보내기를 올리거나, 앞으로 이 범위를 쓰려면 ‘이 범위로 바꾸기’를 고르고 다시 올리세요"
        ),
        reason_en=(
            f"scopes overlap: this export covers {scope}, but {names} is already covered by {first.file_name} of "
            f"{when} (scope {first.scope}); the same use could count twice, so nothing was taken. Take in an export "
            "of the same scope as before, or choose to switch to this scope and take it in again"
        ),
    )


def load_coverage(session: Session, bills: Collection[Bill]) -> dict[Bill, Covered]:
    """Return who states each bill now: the import that was recorded last."""
    newest: dict[Bill, int] = {}
    for accounts in portions({bill.scope for bill in bills}):
        rows = session.execute(
            select(UsageCoverage.sub_account, UsageCoverage.month, func.max(UsageCoverage.id))
            .where(UsageCoverage.sub_account.in_(accounts), UsageCoverage.month.in_({bill.month for bill in bills}))
            .group_by(UsageCoverage.sub_account, UsageCoverage.month)
        )
        newest |= {Bill(account, month): line for account, month, line in rows}
    by_line = {line: bill for bill, line in newest.items() if bill in set(bills)}
    found: dict[Bill, Covered] = {}
    for lines in portions(by_line):
        lines_of = session.execute(
            select(UsageCoverage.id, UsageCoverage.scope, UsageImport.file_name, UsageImport.imported_at)
            .join(UsageImport, UsageImport.id == UsageCoverage.import_id)
            .where(UsageCoverage.id.in_(lines))
        )
        found |= {by_line[line]: Covered(scope, name, at) for line, scope, name, at in lines_of}
    return found


def record_coverage(session: Session, statement: Statement, bills: Collection[Bill], import_id: uuid.UUID) -> None:
    """Record which bills an import states."""
    scope = scope_name(statement)
    rows = [
        {
            "import_id": import_id,
            "scope": scope,
            "sub_account": bill.scope,
            "month": bill.month,
            "run": statement.run[:80],
        }
        for bill in sorted(bills)
    ]
    if rows:
        session.execute(insert(UsageCoverage), rows)
