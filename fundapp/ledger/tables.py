"""Transfers with one debit and one credit of one commodity: double entry holds by construction."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base

SERIAL = BigInteger().with_variant(Integer(), "sqlite")


class Commodity(Base):
    """What is counted, and with how many decimals; the scale never changes."""

    __tablename__ = "ledger_commodity"
    __table_args__ = ({"info": APPEND_ONLY},)

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    scale: Mapped[int]


class Account(Base):
    """A named account in one commodity."""

    __tablename__ = "ledger_account"
    __table_args__ = (UniqueConstraint("path", "commodity"), UniqueConstraint("id", "commodity"))

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    path: Mapped[str] = mapped_column(String(160))
    commodity: Mapped[str] = mapped_column(ForeignKey("ledger_commodity.code"))
    opened_on: Mapped[date] = mapped_column(Date)


class Balance(Base):
    """The running sums of an account. The CHECK decides every overdraft, pending holds included."""

    __tablename__ = "ledger_balance"
    __table_args__ = (
        CheckConstraint("floor IS NULL OR credits_posted - debits_posted - debits_pending >= floor", name="floor"),
        CheckConstraint("debits_pending >= 0 AND credits_pending >= 0", name="pending"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True)
    debits_posted: Mapped[int] = mapped_column(default=0)
    credits_posted: Mapped[int] = mapped_column(default=0)
    debits_pending: Mapped[int] = mapped_column(default=0)
    credits_pending: Mapped[int] = mapped_column(default=0)
    floor: Mapped[int | None]
    transfers_posted: Mapped[int] = mapped_column(default=0, server_default="0")


class Txn(Base):
    """A set of transfers that post all or none, under one idempotency key."""

    __tablename__ = "ledger_txn"
    __table_args__ = (
        CheckConstraint("status IN ('posted','hold','post','void')", name="status"),
        CheckConstraint("(status IN ('post','void')) = (hold_id IS NOT NULL)", name="resolves"),
        UniqueConstraint("reverses_id"),
        Index("ix_ledger_txn_source", "source_ref"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(40), index=True)
    status: Mapped[str] = mapped_column(String(8))
    effective_on: Mapped[date] = mapped_column(Date, index=True)
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))
    source_ref: Mapped[str | None] = mapped_column(String(160))
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_txn.id"))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_txn.id"))
    expires_at: Mapped[datetime | None]


class Transfer(Base):
    """So much of one commodity from the debited to the credited account.

    `effective_on` repeats the transaction's day, so that one index answers what an account held on a day; it is
    empty while a transfer is only held, because a hold has taken no effect.
    """

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["debit_id", "commodity"],
            ["ledger_account.id", "ledger_account.commodity"],
            name="fk_ledger_transfer_debit",
        ),
        ForeignKeyConstraint(
            ["credit_id", "commodity"],
            ["ledger_account.id", "ledger_account.commodity"],
            name="fk_ledger_transfer_credit",
        ),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit_id <> credit_id", name="two_accounts"),
        Index("ix_ledger_transfer_debit", "debit_id", "effective_on", "txn_id", "amount"),
        Index("ix_ledger_transfer_credit", "credit_id", "effective_on", "txn_id", "amount"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    txn_id: Mapped[int] = mapped_column(ForeignKey("ledger_txn.id"), index=True)
    debit_id: Mapped[int]
    credit_id: Mapped[int]
    commodity: Mapped[str] = mapped_column(String(40))
    amount: Mapped[int]
    effective_on: Mapped[date | None] = mapped_column(Date)


class HoldResolution(Base):
    """That a hold was posted, voided or expired; the primary key allows one ending only."""

    __tablename__ = "ledger_hold_resolution"
    __table_args__ = ({"info": APPEND_ONLY},)

    hold_id: Mapped[int] = mapped_column(ForeignKey("ledger_txn.id"), primary_key=True)
    txn_id: Mapped[int] = mapped_column(ForeignKey("ledger_txn.id"), unique=True)


class RateCard(Base):
    """What an hour of a SKU is worth from a date on, in minor units of a currency; append-only."""

    __tablename__ = "ledger_rate_card"
    __table_args__ = (
        UniqueConstraint("commodity", "valid_from", "version"),
        CheckConstraint("unit_price > 0", name="price"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    commodity: Mapped[str] = mapped_column(ForeignKey("ledger_commodity.code"))
    valid_from: Mapped[date] = mapped_column(Date)
    version: Mapped[int]
    unit_price: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3), default="KRW")
    source: Mapped[str] = mapped_column(String(200))


class FxRate(Base):
    """What one unit of the pair's first currency costs in its second, in millionths, from a day on; append-only."""

    __tablename__ = "ledger_fx"
    __table_args__ = (
        UniqueConstraint("pair", "day", "version"),
        CheckConstraint("rate_e6 > 0", name="rate"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    pair: Mapped[str] = mapped_column(String(6))
    day: Mapped[date] = mapped_column(Date)
    version: Mapped[int]
    rate_e6: Mapped[int]
    source: Mapped[str] = mapped_column(String(200))


class Period(Base):
    """Days whose books are closed, with the hash of what they hold and of the period before."""

    __tablename__ = "ledger_period"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="days"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    starts_on: Mapped[date] = mapped_column(Date, unique=True)
    ends_on: Mapped[date] = mapped_column(Date, unique=True)
    closed_at: Mapped[datetime]
    closed_by: Mapped[str] = mapped_column(String(120))
    transfers: Mapped[int]
    previous_sha256: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))


class Snapshot(Base):
    """What had been posted to an account when a period ended, since the beginning."""

    __tablename__ = "ledger_snapshot"
    __table_args__ = ({"info": APPEND_ONLY},)

    period_id: Mapped[int] = mapped_column(ForeignKey("ledger_period.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True)
    debits_posted: Mapped[int]
    credits_posted: Mapped[int]


class Book(Base):
    """Through which day the books are closed. One row from the start on: postings share-lock it, a close locks it."""

    __tablename__ = "ledger_book"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    closed_through: Mapped[date | None] = mapped_column(Date)


class OpeningSlot(Base):
    """How many accounts were opened on PostgreSQL, spread over rows by connection.

    An opening changes a row, so that a close whose snapshot is older finds the row changed and starts again: the new
    account itself, and its balance, it could not see. There are many rows so that openers rarely meet on one.
    """

    __tablename__ = "ledger_opening_slot"
    __table_args__ = (CheckConstraint("accounts >= 0", name="accounts"),)

    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    accounts: Mapped[int]
