"""An overlay does what a copy of the dict would do, and leaves the dict alone until it is merged."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.overlay import Overlay

Operation = tuple[str, Callable[[dict[str, int]], Any]]

KEYS = st.sampled_from("abcdef")
NUMBERS = st.integers(0, 9)
DICTS = st.lists(st.tuples(KEYS, NUMBERS)).map(dict)


def answer(operation: Callable[[dict[str, int]], Any], held: dict[str, int]) -> Any:
    """Return what an operation returns, or the error that it raises."""
    try:
        return operation(held)
    except KeyError as error:
        return type(error)


def operations() -> st.SearchStrategy[Operation]:
    return st.one_of(
        st.tuples(KEYS, NUMBERS).map(lambda kv: ("set", lambda d: d.__setitem__(*kv))),
        KEYS.map(lambda k: ("delete", lambda d: d.__delitem__(k))),
        KEYS.map(lambda k: ("pop", lambda d: d.pop(k))),
        KEYS.map(lambda k: ("pop or none", lambda d: d.pop(k, None))),
        st.tuples(KEYS, NUMBERS).map(lambda kv: ("setdefault", lambda d: d.setdefault(*kv))),
        DICTS.map(lambda more: ("update", lambda d: d.update(more))),
        DICTS.map(lambda more: ("or", lambda d: list((d | more).items()))),
        st.just(("popitem", lambda d: d.popitem())),
        st.just(("clear", lambda d: d.clear())),
        KEYS.map(lambda k: ("get", lambda d: (d.get(k), d.get(k, -1), k in d))),
        KEYS.map(lambda k: ("read", lambda d: d[k])),
    )


def picture(held: dict[str, int]) -> tuple[Any, ...]:
    """Everything that can be seen of a dict, in its order."""
    return (
        list(held), list(held.items()), list(held.values()), list(held.keys()), len(held), bool(held), dict(held),
        {**held}, list(reversed(held)), list(reversed(held.values())), list(reversed(held.items())), repr(held),
        held.keys() | {"z"}, list(held.copy().items()), sorted(held),
    )  # fmt: skip


@given(DICTS, st.lists(operations(), max_size=12), st.lists(operations(), max_size=6))
def test_an_overlay_is_a_copy_that_costs_nothing(
    below: dict[str, int], first: list[Operation], later: list[Operation]
) -> None:
    before, plain, overlay = list(below.items()), below.copy(), Overlay(below)

    for _, operation in first:
        assert answer(operation, overlay) == answer(operation, plain)
        assert picture(overlay) == picture(plain)
    second, second_plain = Overlay(overlay), plain.copy()
    for _, operation in later:
        assert answer(operation, second) == answer(operation, second_plain)
        assert picture(second) == picture(second_plain)

    assert picture(overlay) == picture(plain)
    assert overlay == plain
    assert plain == overlay
    assert (second == overlay) == (second_plain == plain)
    assert list(below.items()) == before
    assert overlay.merge() is below
    assert picture(below) == picture(plain)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda held: pickle.loads(pickle.dumps(held))])
def test_a_copy_of_an_overlay_is_a_plain_dict(way: Callable[[dict[str, int]], dict[str, int]]) -> None:
    overlay = Overlay({"a": 1, "b": 2})
    del overlay["a"]
    overlay |= {"c": 3}

    copied = way(overlay)

    assert (type(copied), list(copied.items())) == (dict, [("b", 2), ("c", 3)])
