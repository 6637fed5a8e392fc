"""Finding the most specific pattern for a path in one walk over its segments.

Literal paths are a dict. Templates and prefixes are a tree of segments, and the tree is made into an automaton when
it is built: a walk over the tree itself would go back wherever a literal segment and a parameter match both,
up to two to the power of the path's segments times, and a stranger chooses the path.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

from gateway.routing.matching.path_pattern import PathPattern

T = TypeVar("T")

MAX_AUTOMATON_NODES = 200_000
"""Of the tree, in all states together: only templates that overlap in very many ways have more."""


class TooManyOverlaps(ValueError):
    """The templates overlap in more ways than may be kept in memory."""


class PathIndex(Generic[T]):
    """What belongs to each pattern, by path. Raises `TooManyOverlaps` when it is built."""

    def __init__(self, entries: Iterable[tuple[PathPattern, T]]) -> None:
        self._literal: dict[str, tuple[T, ...]] = {}
        root: _Node[T] = _Node()
        for pattern, value in entries:
            if pattern.literal:
                path = "/" + "/".join(segment or "" for segment in pattern.segments)
                self._literal[path] = (*self._literal.get(path, ()), value)
            else:
                root.add(pattern, value)
        self._start = _automaton(root)

    def find(self, path: str) -> tuple[T, ...]:
        """What belongs to the most specific pattern for `path`, in the order of the entries; () for none."""
        found = self._literal.get(path)
        if found is not None:
            return found
        state = self._start
        best: tuple[T, ...] = ()
        for segment in path.split("/")[1:]:
            best = state.part or best
            following = state.literals.get(segment) or (state.any if segment else None)
            if following is None:
                return best
            state = following
        return state.whole or best


class _Node(Generic[T]):
    """What patterns say of the paths that begin with the segments up to here."""

    __slots__ = ("any", "literals", "only_below", "path", "prefix")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[T]] = {}
        self.any: _Node[T] | None = None
        self.path: tuple[T, ...] = ()
        self.prefix: tuple[T, ...] = ()
        self.only_below: tuple[T, ...] = ()

    def add(self, pattern: PathPattern, value: T) -> None:
        node = self
        for segment in pattern.segments:
            if segment is not None:
                node = node.literals.setdefault(segment, _Node())
            else:
                node.any = node.any or _Node()
                node = node.any
        kind = "only_below" if pattern.only_below else "prefix" if pattern.prefix else "path"
        setattr(node, kind, (*getattr(node, kind), value))


class _State(Generic[T]):
    """All nodes that the segments so far may lead to, as one."""

    __slots__ = ("any", "literals", "part", "whole")

    def __init__(self, nodes: "tuple[_Node[T], ...]") -> None:
        """`nodes`: the most specific first."""
        self.literals: dict[str, _State[T]] = {}
        self.any: _State[T] | None = None
        paths = next((node.path for node in nodes if node.path), ())
        self.whole = paths or next((node.prefix for node in nodes if node.prefix), ())
        """For a path that ends here."""
        prefixes = (node.only_below or node.prefix for node in nodes)
        self.part = next((found for found in prefixes if found), ())
        """For a path that goes on, unless a longer pattern matches it."""


def _automaton(root: _Node[T]) -> _State[T]:
    start: _State[T] = _State((root,))
    states: dict[tuple[int, ...], _State[T]] = {(id(root),): start}
    open_: list[tuple[tuple[_Node[T], ...], _State[T]]] = [((root,), start)]
    size = 1

    def state_of(nodes: tuple[_Node[T], ...]) -> _State[T]:
        nonlocal size
        key = tuple(map(id, nodes))
        state = states.get(key)
        if state is None:
            size += len(nodes)
            if size > MAX_AUTOMATON_NODES:
                raise TooManyOverlaps
            state = states[key] = _State(nodes)
            open_.append((nodes, state))
        return state

    while open_:
        nodes, state = open_.pop()
        others = tuple(node.any for node in nodes if node.any is not None)
        state.any = state_of(others) if others else None
        for segment in {segment: None for node in nodes for segment in node.literals}:
            state.literals[segment] = state_of(tuple(_following(nodes, segment)))
    return start


def _following(nodes: tuple[_Node[T], ...], segment: str) -> Iterable[_Node[T]]:
    """Where `segment` leads: for each node, the most specific first, its literal before its parameter."""
    for node in nodes:
        if (literal := node.literals.get(segment)) is not None:
            yield literal
        if node.any is not None and segment:
            yield node.any
