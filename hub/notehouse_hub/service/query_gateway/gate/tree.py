"""How is the engine's EXPLAIN AST read?

One node a line, indented by depth; the end of the line says how many children follow. A tree whose counts do
not agree with its lines was not understood, and what is not understood is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LINE = re.compile(r"( *)(\S+)(?: (.*?))??(?: \(children (\d+)\))?\Z", re.DOTALL)
_ALIAS = " (alias "


class NotUnderstoodError(Exception):
    """The text of a tree does not have the form of one."""


@dataclass
class Node:
    """A node: its kind, the rest of its line, its parent and children."""

    kind: str
    text: str
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What the node names, without its alias."""
        return self.text.split(_ALIAS, 1)[0]

    @property
    def alias(self) -> str:
        """The name that the statement gives this node, or nothing."""
        return self.text.split(_ALIAS, 1)[1].removesuffix(")") if _ALIAS in self.text else ""

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


def parse(lines: list[str]) -> Node:
    """Build the tree. Raises NotUnderstoodError."""
    if not lines:
        raise NotUnderstoodError("the engine showed no tree")
    path: list[tuple[Node, int]] = []
    root: Node | None = None
    for line in lines:
        depth, node, expected = _node(line)
        if depth > len(path) or (depth == 0) != (root is None):
            raise NotUnderstoodError(f"a node stands at the wrong depth: {line!r}")
        _close(path, depth)
        if path:
            node.parent = path[-1][0]
            node.parent.children.append(node)
        root = root or node
        path.append((node, expected))
    _close(path, 0)
    assert root is not None  # noqa: S101 - there was at least one line
    return root


def _node(line: str) -> tuple[int, Node, int]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise NotUnderstoodError(f"not a node: {line!r}")
    indent, kind, text, count = match.groups()
    return len(indent), Node(kind, text or ""), int(count or 0)


def _close(path: list[tuple[Node, int]], depth: int) -> None:
    """Leave the nodes deeper than `depth`; each must have got the children it announced."""
    while len(path) > depth:
        node, expected = path.pop()
        if len(node.children) != expected:
            raise NotUnderstoodError(
                f"{node.kind} announced {expected} children and has {len(node.children)}"
            )
