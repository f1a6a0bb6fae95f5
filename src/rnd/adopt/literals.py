"""Reads the values of a Python file without running it: literals, and names that have one literal value.

A name has one value if it is assigned once, at the top level, and nothing else changes it: no second assignment, no
deletion, no call of one of its methods, no item that is set. Anything else is computed, and is never guessed. Pure.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from rnd.adopt.facts import Fact

if TYPE_CHECKING:
    from rnd.adopt.tree import Tree


class Computed(Exception):
    """A value that running the code would give."""


class Module:
    """A Python file.

    Args:
        text: Its source.

    Raises:
        Computed: It is not valid Python 3.
    """

    def __init__(self, text: str) -> None:
        try:
            self.tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Computed(f"it is not valid Python 3: {error}") from error
        self._assigned: dict[str, ast.expr] = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self._assigned[node.targets[0].id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                self._assigned[node.target.id] = node.value
        self._changed = self._find_changed()

    def _find_changed(self) -> set[str]:
        """Return the names that more than one place can give a value."""
        stored: dict[str, int] = {}
        changed: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                stored[node.id] = stored.get(node.id, 0) + 1
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                changed.add(node.value.id)
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                changed |= {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
            elif isinstance(node, ast.Global | ast.Nonlocal):
                changed |= set(node.names)
            elif isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                changed |= set(self._assigned)
        return changed | {name for name, count in stored.items() if count > 1}

    def value(self, node: ast.expr) -> Any:  # noqa: ANN401 - a literal of any type
        """Return the value of an expression.

        Raises:
            Computed: Only running the code gives it.
        """
        match node:
            case ast.Constant(value=value):
                return value
            case ast.List(elts=items):
                return [self.value(item) for item in items]
            case ast.Tuple(elts=items) | ast.Set(elts=items):
                return tuple(self.value(item) for item in items)
            case ast.Dict(keys=keys, values=values):
                return self._dictionary(keys, values)
            case ast.Name(id=name) if name in self._assigned and name not in self._changed:
                return self.value(self._assigned[name])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._sum(left, right)
        raise Computed(ast.unparse(node)[:60])

    def assigned(self, name: str) -> tuple[Any, int]:
        """Return the one literal value of a name, and the line that assigns it.

        Raises:
            Computed: It has none, or more than one place can change it.
        """
        node = self._assigned.get(name)
        if node is None or name in self._changed:
            raise Computed(name)
        return self.value(node), node.lineno

    def calls(self, *names: str) -> list[ast.Call]:
        """Return the calls of functions with one of these names, also as an attribute of a module."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call) and called(node) in names]

    def _dictionary(self, keys: list[ast.expr | None], values: list[ast.expr]) -> dict[Any, Any]:
        if None in keys:
            raise Computed("a dictionary with **")
        try:
            return {self.value(key): self.value(value) for key, value in zip(keys, values, strict=True) if key}
        except TypeError as error:
            raise Computed("a key that cannot be hashed") from error

    def _sum(self, left: ast.expr, right: ast.expr) -> Any:  # noqa: ANN401
        one, other = self.value(left), self.value(right)
        if type(one) is not type(other) or not isinstance(one, (str, list, tuple)):
            raise Computed("a sum of different types")
        return one + other


def called(node: ast.expr) -> str:
    """Return the last name of what an expression calls, or an empty text."""
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def names_in(node: ast.expr) -> list[str]:
    """Return the texts that an expression contains, in order."""
    return [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def module_version(tree: Tree, path: str) -> Fact | None:
    """Return the literal `__version__` of a module, or None if code computes it."""
    text = tree.text(path)
    try:
        value, line = Module(text).assigned("__version__") if text is not None else (None, 0)
    except Computed:
        return None
    return Fact(value, f"{path}:{line}") if isinstance(value, str) else None
