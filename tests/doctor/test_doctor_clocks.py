"""Clocks: this host's, and how far others are from it."""

import time
from email.utils import formatdate

import httpx
import pytest

from k6spec.doctor.clock import clock
from k6spec.doctor.skew import Stopwatch, clock_of, http_skew, iso_skew


@pytest.fixture
def watch():
    """A question that took 0.2 s, just now."""
    watch = Stopwatch()
    watch.answered = time.time()
    watch.asked = watch.answered - 0.2
    return watch


def date(offset):
    return httpx.Response(200, headers={"date": formatdate(time.time() + offset, usegmt=True)})


def test_clocks_that_agree_within_what_a_date_tells_are_well(watch):
    found = clock_of("x", http_skew(date(0), watch))
    assert (found.topic, found.status) == ("clock of x", "ok")


@pytest.mark.parametrize(("offset", "said"), [(60, "ahead of ours"), (-60, "behind ours")])
def test_a_clock_that_is_a_minute_off_is_told_with_its_side(watch, offset, said):
    found = clock_of("x", http_skew(date(offset), watch))
    assert found.status == "warning"
    assert said in found.seen
    assert "NTP" in found.advice


@pytest.mark.parametrize("headers", [{}, {"date": "soon"}, {"date": formatdate(0, usegmt=True), "age": "12"}])
def test_an_answer_without_a_date_of_its_own_tells_nothing(watch, headers):
    assert http_skew(httpx.Response(200, headers=headers), watch) is None
    assert clock_of("x", None).status == "not needed"


def test_dockers_time_is_read_to_the_nanosecond(watch):
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(watch.answered))
    skew = iso_skew(f"{moment}.123456789Z", watch)
    assert skew is not None
    assert abs(skew.low) < 2
    assert iso_skew("yesterday", watch) is None


def test_this_hosts_clock_matters_only_beside_others(case):
    (alone,) = clock(case("embedded", base_url="http://127.0.0.1:8080"))
    assert alone.status in {"ok", "not needed"}
    (among_others,) = clock(case("embedded", base_url="https://shop.example"))
    assert among_others.status in {"ok", "warning"}
