"""One map from errors to statuses and pages. Absent and forbidden are one page, byte for byte."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from fundapp.core.errors import (
    FourEyesError,
    FundError,
    HeadroomExceededError,
    IdempotencyConflictError,
    InputFileError,
    InvalidInputError,
    LedgerRefusedError,
    ModelRefusedError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.web.shell.language import current_locale, gettext
from fundapp.web.shell.refusals import say_refusal

STATUSES: dict[type[FundError], int] = {
    NotFoundError: 404,
    InvalidInputError: 422,
    InputFileError: 422,
    TransitionRefusedError: 409,
    IdempotencyConflictError: 409,
    HeadroomExceededError: 409,
    LedgerRefusedError: 409,
    ModelRefusedError: 409,
    FourEyesError: 409,
}
_OTHER_REFUSAL = 409
_SERVER_ERROR = 500
_log = logging.getLogger(__name__)


def init_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(FundError, _fund_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(SecurityError, _untrusted_host)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected_error)


def status_of(error: FundError) -> int:
    """Return the HTTP status of an error: that of the nearest class in the map."""
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), _OTHER_REFUSAL)


def _fund_error(error: FundError) -> ResponseReturnValue:
    status = status_of(error)
    if isinstance(error, NotFoundError):
        return _not_found()
    said = error.message(current_locale()) if _is_api() else say_refusal(error)
    return _answer(status, error.code, gettext("처리하지 못했습니다"), said)


def _not_found() -> ResponseReturnValue:
    return _answer(
        404,
        NotFoundError.code,
        gettext("볼 수 없는 페이지입니다"),
        gettext("없거나 볼 권한이 없습니다. 주소를 확인하거나 처음 화면에서 다시 찾아 주세요."),
    )


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    return _answer(
        400,
        "csrf",
        gettext("이 화면이 오래되었습니다"),
        gettext("뒤로 가면 쓰신 내용이 그대로 있습니다. 새로 고친 뒤 다시 보내 주세요."),
    )


def _untrusted_host(_error: SecurityError) -> ResponseReturnValue:
    # No page: its links would be built for the host that the request made up.
    return Response("Bad request\n", status=400, content_type="text/plain; charset=utf-8")


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or _SERVER_ERROR
    if status == 404:  # noqa: PLR2004 - the status itself
        return _not_found()
    if status < 400 or error.response is not None:  # noqa: PLR2004 - redirects are exceptions too
        return error
    texts = {
        405: gettext("이 주소에서는 할 수 없는 요청입니다."),
        413: gettext("파일이 너무 큽니다. 크기를 줄여 다시 올려 주세요."),
        429: gettext("짧은 시간에 너무 많이 시도했습니다. 1분 뒤에 다시 시도해 주세요."),
    }
    text = texts.get(status, gettext("요청을 이해하지 못했습니다."))
    return _answer(status, error.name.lower().replace(" ", "_"), gettext("처리하지 못했습니다"), text)


def _unexpected_error(error: Exception) -> ResponseReturnValue:
    incident = f"{secrets.token_hex(2)}-{secrets.token_hex(1)}".upper()
    _log.error("incident %s at %s", incident, request.endpoint, exc_info=error)
    return _answer(
        _SERVER_ERROR,
        "internal_error",
        gettext("문제가 생겼습니다"),
        gettext("저장된 내용은 그대로 있습니다. 잠시 뒤 다시 시도하고, 계속되면 오류 번호를 알려 주세요."),
        incident,
    )


def _answer(status: int, code: str, title: str, text: str, incident: str | None = None) -> ResponseReturnValue:
    if _is_api():
        body = {"code": code, "message": text} | ({"incident": incident} if incident else {})
        return jsonify(error=body), status
    page = render_template("errors/error.html", status=status, title=title, text=text, incident=incident)
    return page, status


def _is_api() -> bool:
    """Return whether a program asks, which knows fields by the names of the code."""
    return request.path.startswith("/api/")
