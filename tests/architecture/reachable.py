"""What a function's body leads to, read from its source: names, dotted names and the functions behind them."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

DEPTH = 5


def mentioned(function: FunctionType) -> Iterator[object]:
    """Yield what the names and dotted names in a function's body stand for."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    scope = {**vars(builtins), **function.__globals__, **inspect.getclosurevars(function).nonlocals}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            try:
                yield _resolve(node, scope)
            except (AttributeError, KeyError):
                continue  # a local name, or an attribute of one


def _resolve(node: ast.AST, scope: dict[str, Any]) -> object:
    if isinstance(node, ast.Attribute):
        base = _resolve(node.value, scope)
        if not isinstance(base, ModuleType):
            raise AttributeError(node.attr)  # noqa: TRY004 - the name has no such attribute that we can know
        return getattr(base, node.attr)
    if isinstance(node, ast.Name):
        return scope[node.id]
    raise KeyError


def reaches(
    function: Callable[..., Any],
    wanted: Callable[[object], bool],
    *,
    through: tuple[str, ...],
    depth: int = DEPTH,
) -> bool:
    """Say whether a function mentions something wanted, itself or through functions of the modules named.

    Args:
        function: Where to start; decorators are looked through.
        wanted: Recognises what is sought.
        through: Prefixes of the modules whose functions are followed.
        depth: How many calls are followed.
    """
    plain = inspect.unwrap(function)
    if not isinstance(plain, FunctionType):
        return False
    found = list(mentioned(plain))
    if any(wanted(value) for value in found if callable(value)):
        return True
    inner = {value for value in map(_unwrapped, found) if isinstance(value, FunctionType) and value is not plain}
    return depth > 0 and any(
        reaches(value, wanted, through=through, depth=depth - 1)
        for value in inner
        if value.__module__.startswith(through)
    )


def _unwrapped(value: object) -> object:
    return inspect.unwrap(value) if callable(value) else value
