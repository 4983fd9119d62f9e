"""Signals sent for real, at moments in which Python drops what they raise."""

import os
import signal
import time
from contextlib import suppress

import pytest

from bench import stopping


def tell(number=signal.SIGINT):
    os.kill(os.getpid(), number)


class TellsWhenDropped:
    def __del__(self):
        tell()


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_a_signal_ends_it_at_once_with_its_exit_code(number):
    before = signal.getsignal(number)
    with pytest.raises(stopping.Stopped) as caught, stopping.heeded():
        tell(number)
        time.sleep(5)
        pytest.fail("went on")
    assert isinstance(caught.value, KeyboardInterrupt)
    assert caught.value.exit_code == 128 + number
    assert signal.getsignal(number) is before


def test_what_python_drops_is_raised_at_the_next_check():
    reached = []
    with pytest.raises(stopping.Stopped), stopping.heeded():
        TellsWhenDropped()
        reached.append("after")  # the interrupt was dropped
        stopping.check()
        reached.append("check")
    assert reached == ["after"]
    stopping.check()  # nothing is left of it


def test_what_came_after_the_last_check_is_raised_at_the_end():
    with pytest.raises(stopping.Stopped), stopping.heeded():
        TellsWhenDropped()


def test_what_a_workload_swallows_is_raised_again():
    with pytest.raises(stopping.Stopped), stopping.heeded():
        with suppress(BaseException):
            tell()
        stopping.check()
        pytest.fail("went on")


def test_an_error_that_a_signal_led_to_is_that_signal():
    with pytest.raises(stopping.Stopped) as caught, stopping.heeded():
        try:
            tell(signal.SIGTERM)
        except KeyboardInterrupt:
            raise RuntimeError("a worker has gone") from None
    assert caught.value.exit_code == 143


def test_a_second_signal_is_not_swallowed():
    caught = 0
    with pytest.raises(stopping.Stopped), stopping.heeded():
        for _ in range(2):
            try:
                tell()
            except KeyboardInterrupt:
                caught += 1
    assert caught == 2


def test_what_is_held_is_not_broken_off():
    done = []
    with pytest.raises(stopping.Stopped), stopping.heeded():
        with stopping.held():
            tell()
            done.append("whole")
        done.append("after")
    assert done == ["whole"]


def test_what_came_before_does_not_end_what_is_held():
    done = []
    with pytest.raises(stopping.Stopped), stopping.heeded():
        try:
            tell()
        except KeyboardInterrupt:
            with stopping.held():
                done.append("whole")
            done.append("after")
    assert done == ["whole", "after"]


def test_the_inner_of_two_leaves_the_outer_in_place():
    with pytest.raises(stopping.Stopped) as caught, stopping.heeded():
        with stopping.heeded():
            pass
        tell(signal.SIGTERM)
    assert caught.value.exit_code == 143


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping.heeded():
            tell(signal.SIGHUP)
            stopping.check()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_forked_worker_ends_by_a_signal_as_any_process():
    with stopping.heeded():
        child = os.fork()
        if not child:
            try:
                tell(signal.SIGTERM)
                time.sleep(5)
            finally:
                os._exit(3)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGTERM


def test_an_error_without_a_signal_stays_what_it_is():
    with pytest.raises(KeyboardInterrupt) as caught, stopping.heeded():
        raise KeyboardInterrupt
    assert not isinstance(caught.value, stopping.Stopped)
    with pytest.raises(ValueError, match="mine"), stopping.heeded():
        raise ValueError("mine")
