"""Ctrl-C while the daemon is asked to make something."""

from __future__ import annotations

import signal
import threading

import pytest

from k6spec.stack.uninterrupted import uninterrupted


def test_a_call_ends_before_the_interrupt_is_raised() -> None:
    made: list[str] = []

    def make() -> None:
        signal.raise_signal(signal.SIGINT)
        made.append("network")

    with pytest.raises(KeyboardInterrupt):
        uninterrupted(make)
    assert made == ["network"]


def test_a_call_that_fails_after_an_interrupt_is_interrupted_and_says_why_it_failed() -> None:
    def fail() -> None:
        signal.raise_signal(signal.SIGINT)
        raise OSError("the daemon is gone")

    with pytest.raises(KeyboardInterrupt) as caught:
        uninterrupted(fail)
    assert str(caught.value.__context__) == "the daemon is gone"


def test_afterwards_an_interrupt_is_raised_at_once() -> None:
    assert uninterrupted(lambda: "made") == "made"
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_other_threads_make_their_calls_as_they_are() -> None:
    made: list[str] = []
    thread = threading.Thread(target=lambda: made.append(uninterrupted(lambda: "network")))
    thread.start()
    thread.join()
    assert made == ["network"]
