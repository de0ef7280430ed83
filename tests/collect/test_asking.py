"""Asking backends over HTTP: again where they are busy, so many at once, and refusals in words."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from k6spec.collect.access import Access
from k6spec.collect.sources.asking import Backend
from k6spec.errors import StackFault
from k6spec.units import ms, seconds
from tests.support.answering import Answer, answering
from tests.support.stacks import quiet_port

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def backend_of():
    """Makes backends of URLs."""
    made = []

    def make(url, **more):
        timeout = more.pop("timeout", seconds(30))
        made.append(Backend("Jaeger", Access(url=url, timeout=timeout), **more))
        return made[-1]

    yield make
    for backend in made:
        backend.close()
        backend.close()


def one_after_the_other(*answers):
    """A way to answer: each once, the last for ever; and when it was asked."""
    left, times = list(answers), []

    def answer(_asked):
        times.append(time.monotonic())
        return left.pop(0) if len(left) > 1 else left[0]

    return answer, times


def fault_of(backend, path="/api/x"):
    with pytest.raises(StackFault) as caught:
        backend.ask("GET", path)
    return caught.value


def listening(serve):
    """A port on which ``serve`` is called with each connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def loop():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                serve(connection)

    threading.Thread(target=loop, daemon=True).start()
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


# Again


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_backend_is_asked_again(backend_of, status):
    answer, times = one_after_the_other(Answer(status=status), Answer(b"at last"))
    with answering(answer) as url:
        assert backend_of(url).ask("GET", "/").text == "at last"
    assert len(times) == 2


def test_not_before_the_time_that_it_says(backend_of):
    busy = Answer(status=503, headers={"Retry-After": "1"})
    answer, times = one_after_the_other(busy, Answer(b"at last"))
    with answering(answer) as url:
        assert backend_of(url).ask("GET", "/").text == "at last"
    assert times[1] - times[0] >= 1


@pytest.mark.parametrize("zone", ["GMT", "-0000"])
def test_not_before_the_date_that_it_says(backend_of, zone):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True).replace("GMT", zone)
    answer, times = one_after_the_other(Answer(status=503, headers={"Retry-After": date}), Answer(b"at last"))
    with answering(answer) as url:
        assert backend_of(url).ask("GET", "/").text == "at last"
    assert times[1] - times[0] >= 1  # dates have whole seconds


@pytest.mark.parametrize("nonsense", ["soon", "-5", "nan", "²", ""])
def test_a_time_that_is_none_does_no_harm(backend_of, nonsense):
    busy = Answer(status=503, headers={"Retry-After": nonsense.encode().decode("latin-1")})
    answer, _ = one_after_the_other(busy, Answer(b"at last"))
    with answering(answer) as url:
        assert backend_of(url).ask("GET", "/").text == "at last"


def test_one_that_stays_busy_is_a_fault(backend_of):
    answer, times = one_after_the_other(Answer(b"overloaded", status=503))
    with answering(answer) as url:
        fault = fault_of(backend_of(url))
    assert fault.cause == f"Jaeger at {url} answered /api/x with 503: overloaded"
    assert len(times) == 5


def test_a_connection_that_is_cut_off_is_made_again(backend_of):
    calls = []

    def serve(connection):
        connection.recv(65536)
        calls.append(1)
        if len(calls) > 1:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    listener, url = listening(serve)
    with listener:
        assert backend_of(url).ask("GET", "/").text == "ok"


# What is no fault


def test_what_is_absent_is_none(backend_of):
    with answering(lambda _: Answer(status=404)) as url:
        assert backend_of(url).ask("GET", "/") is None


def test_a_status_that_is_fine_is_given_as_it_is(backend_of):
    with answering(lambda _: Answer(b"why", status=404)) as url:
        assert backend_of(url).ask("GET", "/", absent=(), fine=(404,)).text == "why"


# Faults


@pytest.mark.parametrize(
    ("answer", "said", "advice"),
    [
        (Answer(b"who are you", status=401), "with 401: who are you", "set headers (or tenant)"),
        (Answer(b"", status=403), "with 403: nothing", "set headers (or tenant)"),
        (Answer(b"bad\n  request", status=400), "with 400: bad request", "check url, headers and tenant"),
        (Answer(b"boom", status=500), "with 500: boom", "see its log"),
        (Answer(b"page not found", status=404), "with 404: page not found", "its kind"),
        (Answer(b"", status=405), "with 405: nothing", "its kind"),
        (Answer(b"x" * 5_000, status=500), f"with 500: {'x' * 200}", "see its log"),
        (
            Answer(status=302, headers={"Location": "https://me:pw@login.example/in?state=abc#x"}),
            "with 302, a redirect to https://login.example/in",
            "if it is a page to sign in at, set headers",
        ),
        (Answer(status=302, headers={"Location": "/login?next=x"}), "with 302, a redirect to /login", "sign in"),
        (Answer(status=304), "with 304: nothing", "see its log"),
    ],
)
def test_refusals_in_words(backend_of, answer, said, advice):
    with answering(lambda _: answer) as url, pytest.raises(StackFault) as caught:
        backend_of(url).ask("GET", "/api/x", absent=())
    assert caught.value.cause == f"Jaeger at {url} answered /api/x {said}"
    assert advice in caught.value.advice


def test_nothing_listens(backend_of):
    url = f"http://127.0.0.1:{quiet_port()}"
    fault = fault_of(backend_of(url))
    assert fault.cause.startswith(f"Jaeger at {url} does not answer: ")
    assert "refused" in fault.cause
    assert "check url" in fault.advice


def test_a_host_that_there_is_not(backend_of):
    fault = fault_of(backend_of("http://jaeger.invalid:1"))
    assert fault.cause.startswith("Jaeger at http://jaeger.invalid:1 does not answer: ")


def test_one_that_takes_too_long(backend_of):
    let_go = threading.Event()

    def answer(_asked):
        let_go.wait(60)
        return Answer()

    with answering(answer) as url:
        fault = fault_of(backend_of(url, timeout=ms(100)))
        let_go.set()
    assert fault.cause == f"Jaeger at {url} took longer than 100 ms to answer"
    assert "raise timeout" in fault.advice


def test_what_does_not_speak_http(backend_of):
    listener, url = listening(lambda connection: connection.sendall(b"\x00\x00\x18\x04\x00\x00\x00\x00\x00"))
    with listener:
        fault = fault_of(backend_of(url))
    assert fault.cause.startswith(f"what listens at {url} does not answer as HTTP wants it")
    assert "is it one for gRPC?" in fault.advice


def test_an_answer_that_cannot_be_unpacked(backend_of):
    with answering(lambda _: Answer(b"not gzip", headers={"Content-Encoding": "gzip"})) as url:
        assert fault_of(backend_of(url)).cause.startswith(f"Jaeger at {url} does not answer: ")


# Several at once


def test_several_are_asked_at_once_and_never_more_than_said(backend_of):
    together, lock = threading.Barrier(3, timeout=60), threading.Lock()
    now = [0, 0]

    def answer(_asked):
        with lock:
            now[0] += 1
            now[1] = max(now)
        together.wait()  # all three, or none gets on
        with lock:
            now[0] -= 1
        return Answer(b"ok")

    with answering(answer) as url:
        backend = backend_of(url, concurrency=3)
        answers = list(backend.each(lambda number: backend.ask("GET", f"/{number}").text, range(30)))
    assert answers == ["ok"] * 30
    assert now[1] == 3


def test_answers_come_in_the_order_of_the_questions(backend_of):
    def answer(asked):
        time.sleep(0.05 if asked.path == "/0" else 0)
        return Answer(asked.path.encode())

    with answering(answer) as url:
        backend = backend_of(url)
        assert list(backend.each(lambda n: backend.ask("GET", f"/{n}").text, range(20))) == [
            f"/{number}" for number in range(20)
        ]


def test_not_all_questions_are_read_ahead(backend_of):
    read = []

    def questions():
        for number in range(1_000):
            read.append(number)
            yield number

    backend = backend_of("http://127.0.0.1:1", concurrency=2)
    answers = backend.each(lambda number: number, questions())
    next(answers)
    answers.close()
    assert len(read) < 50


def test_the_first_fault_ends_it(backend_of):
    asked = []

    def answer(request):
        asked.append(request.path)
        return Answer(status=500)

    with answering(answer) as url:
        backend = backend_of(url, concurrency=1)
        with pytest.raises(StackFault):
            list(backend.each(lambda number: backend.ask("GET", f"/{number}"), range(1_000)))
    assert len(asked) < 50
