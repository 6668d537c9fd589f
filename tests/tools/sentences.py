"""The sentences that source code makes: string literals and f-strings, each with its gaps filled in."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

FILLED = "7"


def sentences(folder: Path, chosen: Callable[[ast.AST], list[ast.expr]]) -> Iterator[tuple[str, str]]:
    """Where a sentence is made (``file.py:17``) and what it says; ``chosen`` gives the expressions of a node that make some."""
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.py"))
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for expression in chosen(node):
                for text in _texts(expression):
                    yield f"{file.name}:{expression.lineno}", text


def arguments_of(*names: str) -> Callable[[ast.AST], list[ast.expr]]:
    """The first arguments of calls of these functions, by their last name."""

    def chosen(node: ast.AST) -> list[ast.expr]:
        called = getattr(node, "func", None)
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
        return node.args[:1] if isinstance(node, ast.Call) and name in names else []

    return chosen


def _texts(made: ast.expr) -> Iterator[str]:
    match made:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(part.value if isinstance(part, ast.Constant) else FILLED for part in parts)  # type: ignore[misc]
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one)
            yield from _texts(other)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            for first in list(_texts(left)) or [FILLED]:
                for second in list(_texts(right)) or [FILLED]:
                    yield first + second
        case ast.List(elts=several) | ast.Tuple(elts=several):
            for one in several:
                yield from _texts(one)
