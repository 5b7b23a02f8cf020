"""What is kept is made once, however many ask, and the one not asked for longest goes first."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rnnscope.explorer.kept import Kept


def test_what_was_not_asked_for_longest_goes_first():
    kept: Kept[str] = Kept(2)
    made: list[str] = []
    for key in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(key, lambda key=key: made.append(key) or key) == key
    assert made == ["a", "b", "c", "b"]
    assert "a" in kept and "b" in kept and "c" not in kept


def test_many_who_ask_at_a_time_have_it_made_once_and_others_are_not_held_up():
    kept: Kept[object] = Kept(4)
    is_asked, may_end = threading.Event(), threading.Event()
    made: list[object] = []

    def slow() -> object:
        is_asked.set()
        assert may_end.wait(20)
        made.append(object())
        return made[-1]

    with ThreadPoolExecutor(9) as pool:
        asked = [pool.submit(kept.get, "slow", slow) for _ in range(8)]
        assert is_asked.wait(20)
        assert pool.submit(kept.get, "quick", lambda: 1).result(20) == 1
        may_end.set()
        values = {id(each.result(20)) for each in asked}
    assert len(made) == 1 and values == {id(made[0])}


def test_what_could_not_be_made_is_asked_for_again():
    kept: Kept[int] = Kept(1)
    with pytest.raises(ZeroDivisionError):
        kept.get("x", lambda: 1 // 0)
    assert "x" not in kept and kept.get("x", lambda: 3) == 3
