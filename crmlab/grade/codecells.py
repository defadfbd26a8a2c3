"""What a stranger's code says, cell by cell and without running it; a cell that is no Python says little."""

import ast
import re
import warnings
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any

MOST_CODE = 50_000
"""Characters of a cell that is looked into."""
MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|.*\?)$", re.MULTILINE)
ANSWER = re.compile(r"\banswer\(\s*(['\"])(\w+)\1\s*,")
"""An answer in a cell that is no Python."""
ONE_AT_A_TIME = Lock()
"""Filters of warnings belong to the process, and submissions are graded in threads."""
UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)


@dataclass(frozen=True)
class Code:
    """A cell of code.

    `answers` are the questions that it answers, and whether with more than the blank `...`; "" stands for a computed
    name. `names` are those that it binds anywhere, by assignment, def, class or import. `is_blank` is a blank as it was
    handed out and nothing else, `is_check` a cell that only checks.
    """

    source: str
    answers: dict[str, bool] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    is_blank: bool = False
    is_check: bool = False


@dataclass(frozen=True)
class Parameters:
    """A cell as parameters: `values` of known names (... for what is no literal), and the `rest` as code."""

    values: dict[str, Any] = field(default_factory=dict)
    rest: str = ""


def parsed(source: str) -> ast.Module | None:
    """The cell as a tree, with IPython's magics left out where they are in the way; None when it is no Python.

    >>> parsed("1 +") is None, parsed("%matplotlib inline\\n1") is None
    (True, False)
    """
    if len(source) > MOST_CODE:
        return None
    for text in (source, MAGIC.sub(r"\1pass", source)):
        try:
            with ONE_AT_A_TIME, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(text)
        except UNPARSABLE:
            continue
    return None


@lru_cache(maxsize=256)
def read_code(source: str) -> Code:
    """What a cell of code says.

    >>> code = read_code('answer("q1", ...); answer("q2", len(table))')
    >>> code.answers, code.is_blank, read_code('check("q1")').is_check
    ({'q1': False, 'q2': True}, False, True)
    >>> sorted(read_code("import numpy as np\\nshop = 1\\ndef check(name): pass").names)
    ['check', 'np', 'shop']
    """
    tree = parsed(source)
    if tree is None:
        return Code(source, {name: True for _, name in ANSWER.findall(source)})
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    answers: dict[str, bool] = {}
    for call in sorted((call for call in calls if call.func.id == "answer"), key=_place):
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        name = given[0].value if given and isinstance(given[0], ast.Constant) else ""
        name = name if isinstance(name, str) else ""
        answers[name] = answers.get(name, False) or not (len(given) == 2 and _is_blank(given[1]))
    only = {_only_call(statement) for statement in tree.body}
    blank = only == {"answer"} and not any(answers.values())
    return Code(source, answers, frozenset(filter(None, map(_bound, nodes))), blank, only == {"check"})


def parameters(source: str, names: Collection[str]) -> Parameters:
    """Assignments to `names`, which are left out of the rest.

    >>> parameters("window = 240\\nimport math\\nas_of = today()", {"window", "as_of"})
    Parameters(values={'window': 240, 'as_of': Ellipsis}, rest='import math')
    """
    tree = parsed(source)
    if tree is None:
        return Parameters(rest=source)
    values: dict[str, Any] = {}
    rest = []
    for statement in tree.body:
        targets = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and _stores(node)}
        if isinstance(statement, ast.Assign | ast.AnnAssign) and targets and targets <= set(names):
            values |= {name: _literal(statement) if len(targets) == 1 else ... for name in sorted(targets)}
        elif not isinstance(statement, ast.Pass):
            rest.append(statement)
    try:
        return Parameters(values, ast.unparse(ast.Module(rest, [])))
    except RecursionError:
        return Parameters(values, source)


def without(source: str, known: Collection[str]) -> str:
    """A cell without the statements that are `known`, each as `ast.unparse` gives it.

    >>> without("import math  # our own\\nshop = 1", {"import math"})
    'shop = 1'
    """
    tree = parsed(source)
    if tree is None:
        return source
    try:
        return "\n".join(code for code in map(ast.unparse, tree.body) if code not in known)
    except RecursionError:
        return source


def _place(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _only_call(statement: ast.stmt) -> str:
    """The name of the function where a statement is nothing but a call with plain values."""
    match statement:
        case ast.Expr(ast.Call(ast.Name(name), args, [])) if all(isinstance(one, ast.Constant) for one in args):
            return name
    return ""


def _bound(node: ast.AST) -> str:
    """The name that a node binds, or ""."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.alias(name=name, asname=asname):
            return asname or name
    return ""


def _is_blank(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


def _literal(statement: ast.Assign | ast.AnnAssign) -> Any:
    try:
        return ast.literal_eval(statement.value) if statement.value else ...
    except (TypeError, *UNPARSABLE):
        return ...
