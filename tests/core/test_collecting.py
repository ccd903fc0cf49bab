"""The collector of cycles pauses for bulk work and is back afterwards, whatever happened."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from fundapp.core.collecting import paused_collector, spare_what_lasts


@pytest.fixture(autouse=True)
def _on() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_the_collector_rests_while_work_goes_on_and_is_back_afterwards() -> None:
    with paused_collector():
        assert not gc.isenabled()
        with paused_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_back_after_work_that_failed() -> None:
    with pytest.raises(ZeroDivisionError), paused_collector():
        _ = 1 // 0
    assert gc.isenabled()


def test_the_last_of_two_threads_turns_it_on_again() -> None:
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        with paused_collector():
            inside.set()
            leave.wait(10)

    other = threading.Thread(target=work)
    other.start()
    assert inside.wait(10)
    with paused_collector():
        pass
    assert not gc.isenabled()
    leave.set()
    other.join(10)
    assert gc.isenabled()


def test_somebody_who_had_turned_it_off_finds_it_off() -> None:
    gc.disable()
    with paused_collector():
        assert not gc.isenabled()
    assert not gc.isenabled()


def test_what_a_server_has_built_is_left_out_of_later_searches() -> None:
    before = gc.get_freeze_count()
    built = [[number] for number in range(1000)]
    spare_what_lasts()
    assert gc.get_freeze_count() >= before + len(built)
    assert not any(one is built for one in gc.get_objects())
