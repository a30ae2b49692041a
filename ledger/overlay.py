"""A dict on trial: reads fall through to the dict below, writes and deletions stay above it until they are merged.

A fork of the book lays one over each of its dicts, so that trying a batch costs what the batch changes, however long
the history. To everybody else an overlay is a dict, with a dict's order: what is overwritten keeps its place, what is
deleted and set again goes to the end. The dict below must not change while an overlay over it is in use.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any, Self, TypeVar

K = TypeVar("K")
V = TypeVar("V")
ABSENT: Any = object()


class Overlay(dict[K, V]):
    """The changes to one dict; the inherited storage stays empty."""

    __slots__ = ("above", "base", "gone")

    base: dict[K, V]
    above: dict[K, V]  # set since, in the order of setting; what stands in the base keeps the base's place
    gone: set[K]  # keys of the base that were deleted; one of them in `above` was set again

    def __init__(self, base: dict[K, V]) -> None:
        """Lie over a dict; over another overlay, beside it, so that none ever lies upon another."""
        super().__init__()
        if isinstance(base, Overlay):
            self.base, self.above, self.gone = base.base, base.above.copy(), base.gone.copy()
        else:
            self.base, self.above, self.gone = base, {}, set()

    def merge(self) -> dict[K, V]:
        """Make the changes in the dict below and return it; cannot fail."""
        for key in self.gone:
            self.base.pop(key, None)
        self.base.update(self.above)
        return self.base

    def _added(self) -> Iterator[K]:
        """Yield the keys that come after those of the base."""
        base, gone = self.base, self.gone
        return (key for key in self.above if key not in base or key in gone)

    def _left(self) -> Iterator[K]:
        """Yield the keys of the base that are still there."""
        gone = self.gone
        return (key for key in self.base if key not in gone) if gone else iter(self.base)

    # Reading

    def __getitem__(self, key: K) -> V:
        found: V = self.get(key, ABSENT)
        if found is ABSENT:
            raise KeyError(key)
        return found

    def get(self, key: K, default: Any = None) -> Any:
        """Return what stands above, else below unless it was deleted, else the default."""
        found = self.above.get(key, ABSENT)
        if found is not ABSENT:
            return found
        return default if key in self.gone else self.base.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self.above or (key in self.base and key not in self.gone)

    def __len__(self) -> int:
        return len(self.base) - len(self.gone) + sum(1 for _ in self._added())

    def __iter__(self) -> Iterator[K]:
        yield from self._left()
        yield from self._added()

    def __reversed__(self) -> Iterator[K]:
        base, gone = self.base, self.gone
        yield from (key for key in reversed(self.above) if key not in base or key in gone)
        yield from (key for key in reversed(base) if key not in gone)

    def keys(self) -> KeysView[K]:  # type: ignore[override]
        """Return a view of the keys."""
        return _Keys(self)

    def values(self) -> ValuesView[V]:  # type: ignore[override]
        """Return a view of the values."""
        return _Values(self)

    def items(self) -> ItemsView[K, V]:  # type: ignore[override]
        """Return a view of the pairs."""
        return _Items(self)

    def copy(self) -> dict[K, V]:
        """Return a plain dict."""
        return dict(self.items())

    def __eq__(self, other: object) -> bool:
        return self.copy() == (other.copy() if isinstance(other, Overlay) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __or__(self, other: Any) -> Any:
        return self.copy() | other

    def __ror__(self, other: Any) -> Any:
        return other | self.copy()

    def __repr__(self) -> str:
        return repr(self.copy())

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (self.copy(),)

    # Writing

    def __setitem__(self, key: K, value: V) -> None:
        self.above[key] = value

    def __delitem__(self, key: K) -> None:
        self.pop(key)

    def pop(self, key: K, default: Any = ABSENT) -> Any:
        """Take a key out and return its value, or the default; KeyError without one."""
        found = self.get(key, ABSENT)
        if found is ABSENT:
            if default is ABSENT:
                raise KeyError(key)
            return default
        self.above.pop(key, None)
        if key in self.base:
            self.gone.add(key)
        return found

    def popitem(self) -> tuple[K, V]:
        """Take out the last pair."""
        key = next(reversed(self), ABSENT)
        if key is ABSENT:
            raise KeyError("popitem(): dictionary is empty")
        return key, self.pop(key)

    def setdefault(self, key: K, default: Any = None) -> Any:
        """Return the value of a key; set it first where there is none."""
        found = self.get(key, ABSENT)
        if found is ABSENT:
            self.above[key] = found = default
        return found

    def update(self, *others: Any, **named: V) -> None:
        """Set every pair of another dict or of an iterable of pairs."""
        self.above.update(*others, **named)

    def __ior__(self, other: Any) -> Self:  # type: ignore[override]
        self.update(other)
        return self

    def clear(self) -> None:
        """Take everything out."""
        self.above.clear()
        self.gone.update(self.base)


class _Keys(KeysView[K]):
    _mapping: Overlay[K, Any]

    def __reversed__(self) -> Iterator[K]:
        return reversed(self._mapping)


class _Values(ValuesView[V]):
    _mapping: Overlay[Any, V]

    def __iter__(self) -> Iterator[V]:
        return (value for _, value in self._mapping.items())

    def __reversed__(self) -> Iterator[V]:
        return (self._mapping[key] for key in reversed(self._mapping))


class _Items(ItemsView[K, V]):
    _mapping: Overlay[K, V]

    def __iter__(self) -> Iterator[tuple[K, V]]:
        mine = self._mapping
        above, gone, base = mine.above, mine.gone, mine.base
        for key, value in base.items():
            if key not in gone:
                yield key, above.get(key, value)
        for key, value in above.items():
            if key not in base or key in gone:
                yield key, value

    def __reversed__(self) -> Iterator[tuple[K, V]]:
        return ((key, self._mapping[key]) for key in reversed(self._mapping))
