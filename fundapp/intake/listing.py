"""The rows that lists read: what was submitted, kept beside the application in the transaction that submits it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, false, func, insert, select, text, update
from sqlalchemy.orm import Session

from fundapp.intake.answers import gpu_requests
from fundapp.intake.form import Form, parse_form
from fundapp.intake.grams import grams_of, grams_sought, terms_of, words_of
from fundapp.intake.newest import is_newest
from fundapp.intake.tables import Application, Call, Company, Listing, ListingText, Submission

_BLOCK = 500
_SEARCHED = ("solution_title", "solution_summary", "sector", "region", "spc_link", "korean_ai_link")
"""What a search looks through beside number, company and the form's long texts: never a person's name or address."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What lists take from one application."""

    application_id: uuid.UUID
    number: str
    company: str
    region: str
    answers: Mapping[str, Any]


def columns_of(one: Submitted) -> dict[str, Any]:
    """Return the columns of a `Listing` that newest frozen answers say."""
    answers = one.answers
    gpu = gpu_requests(answers)
    founded = answers.get("founded_on")
    return {
        "title": str(answers.get("solution_title") or ""),
        "region": str(answers.get("region") or one.region),
        "sector": str(answers.get("sector") or ""),
        "founded_on": date.fromisoformat(founded) if isinstance(founded, str) else None,
        "linkages": " ".join(key for key in ("spc", "korean_ai") if answers.get(f"{key}_link")),
        "requested_krw": int(answers.get("requested_krw") or 0),
        "requested_hours_e4": sum(request.hours.minor for request in gpu),
        "gpu": [[request.sku, request.quarter, request.hours.minor] for request in gpu],
    }


def searched_words(form: Form | None, one: Submitted) -> str:
    """Return the squeezed words under which an application is found; without a form, of the known answers alone."""
    questions = form.questions if form else []
    keys = dict.fromkeys((*_SEARCHED, *(question.key for question in questions if question.kind == "textarea")))
    texts = [str(one.answers[key]) for key in keys if one.answers.get(key)]
    labels = [
        label
        for question in questions
        if question.kind in {"sector", "region"}
        for choice in question.choices
        if choice.key == one.answers.get(question.key)
        for label in (choice.label_ko, choice.label_en)
    ]
    return words_of([one.number, one.company, *texts, *labels])


def list_submissions(session: Session, application_ids: Collection[uuid.UUID]) -> int:
    """Write the listings of applications anew from their newest submissions; return how many had one.

    A company's other applications are found by its name too, so a caller that renamed it names them as well.
    """
    count = 0
    ids = sorted(application_ids)
    for start in range(0, len(ids), _BLOCK):
        among = Application.id.in_(ids[start : start + _BLOCK])
        count += sum(_write(session, call, ones) for call, ones in submitted(session, among))
    return count


def list_companies(session: Session, company_ids: Collection[uuid.UUID]) -> int:
    """Write the listings of all applications of some companies anew."""
    companies, found = sorted(company_ids), list[uuid.UUID]()
    for start in range(0, len(companies), _BLOCK):
        part = companies[start : start + _BLOCK]
        found += session.scalars(select(Application.id).where(Application.company_id.in_(part)))
    return list_submissions(session, found)


def list_missing(session: Session) -> int:
    """Write the listings that have none of their submission's words, as after an upgrade; return how many."""
    unlisted = (
        select(Listing.application_id)
        .where(exists().where(Submission.application_id == Listing.application_id))
        .where(~exists().where(ListingText.listing_id == Listing.id))
    )
    return list_submissions(session, session.scalars(unlisted).all())


def submitted(session: Session, among: ColumnElement[bool]) -> Iterator[tuple[Call, list[tuple[int, Submitted]]]]:
    """Yield, for each call, what its applications sent last, with the key of their listing."""
    rows = session.execute(
        select(
            Listing.id,
            Application.call_id,
            Application.id,
            Application.number,
            Company.name,
            func.coalesce(Company.region, ""),
            Submission.answers,
        )
        .join(Listing, Listing.application_id == Application.id)
        .join(Company, Company.id == Application.company_id)
        .join(Submission, is_newest())
        .where(among)
        .order_by(Listing.id)
    )
    by_call: dict[uuid.UUID, list[tuple[int, Submitted]]] = {}
    for listing_id, call_id, *values in rows:
        by_call.setdefault(call_id, []).append((listing_id, Submitted(*values)))
    for call_id, ones in by_call.items():
        yield session.get_one(Call, call_id), ones


def _write(session: Session, call: Call, ones: Sequence[tuple[int, Submitted]]) -> int:
    form = form_of(call)
    keys = [key for key, _ in ones]
    columns = [{"key": key, **columns_of(one)} for key, one in ones]
    changes: dict[str, Any] = {name: bindparam(name) for name in columns[0] if name != "key"}
    session.connection().execute(update(Listing).where(Listing.id == bindparam("key")).values(changes), columns)
    session.execute(delete(ListingText).where(ListingText.listing_id.in_(keys)))
    words = [(key, searched_words(form, one)) for key, one in ones]
    session.connection().execute(
        insert(ListingText), [{"listing_id": key, "words": said, "grams": gram_text(said)} for key, said in words]
    )
    return len(ones)


def form_of(call: Call) -> Form | None:
    """Return the form of a call; None for one that has none."""
    return parse_form(call.document) if call.document.get("sections") else None


def gram_text(words: str) -> str:
    """Return the grams of squeezed words as the index takes them."""
    return " ".join(sorted(grams_of(words)))


def found_by(session: Session, search: str) -> ColumnElement[bool]:
    """Return the SQL condition under which a `ListingText` is found; a search of marks alone finds nothing.

    Every term must occur in the words of the application: the index of grams says where that may be, and the words
    themselves whether it is.
    """
    terms = terms_of(search)
    if not terms:
        return false()
    sought = grams_sought(terms)
    if session.get_bind().dialect.name == "sqlite":
        matched = text("listing_text.listing_id IN (SELECT rowid FROM listing_fts WHERE listing_fts MATCH :sought)")
        possible: ColumnElement[bool] = matched.bindparams(sought=" ".join(f'"{gram}"' for gram in sought))  # type: ignore[assignment]
    else:
        grams = func.string_to_array(ListingText.grams, " ")
        possible = grams.bool_op("@>")(func.string_to_array(" ".join(sought), " "))
    said = [ListingText.words.contains(term) for term in terms if len(term) > 1]
    return and_(possible, *said)
