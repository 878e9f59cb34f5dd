"""Calls at the same time, in threads that nobody has to wait for."""

from __future__ import annotations

import threading

import pytest

from wizard.probes.threads import in_order


def test_results_come_in_the_order_of_the_items() -> None:
    """Whichever call ends first; no more than a few run at once, and nothing is called where there is nothing."""
    first, running, most = threading.Event(), 0, 0
    counted = threading.Lock()

    def call(item: int) -> int:
        nonlocal running, most
        with counted:
            running += 1
            most = max(most, running)
        assert item != 0 or first.wait(10)
        if item == 1:
            first.set()
        with counted:
            running -= 1
        return item * 2

    assert list(in_order(call, range(20), 3)) == [item * 2 for item in range(20)]
    assert 1 < most <= 3
    assert list(in_order(call, (), 3)) == []


def test_what_a_call_raises_comes_when_its_turn_is() -> None:
    """The results before it are told; nobody hears of those behind it."""
    results = in_order(lambda item: 6 // item, (3, 2, 0, 1), 2)
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_who_leaves_waits_for_nobody() -> None:
    """Closing it starts no further call, though one still runs."""
    hanging, called = threading.Event(), []

    def call(item: int) -> int:
        called.append(item)
        if item:
            hanging.wait(10)
        return item

    results = in_order(call, range(100), 2)
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]  # a generator can be closed
    hanging.set()
    assert len(called) < 10
