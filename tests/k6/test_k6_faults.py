"""Loads that k6 could not run: a fault with its cause, never a finding."""

from __future__ import annotations

import re

import pytest

from k6spec.declare.profiles import per_vu_iterations
from k6spec.errors import K6Fault
from tests.k6.real_runs import Runner


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("throw new Error('no config');", r"the k6 script failed: Error: no config[\s\S]*user\.js:1"),
        ("export default function ( {", r"the k6 script failed: (GoError: )?file:\S*user\.js: Line 1:28"),
        ("import './nowhere.js'; export default () => {};", r"nowhere\.js"),
        (
            "export function other() {}; export const x = 1;",
            r'user\.js exports no function "default"; it exports other: name one with exec=',
        ),
        ("export const options = { thresholds: { nope: ['p(95)<'] } }; export default () => {};", r"threshold"),
        (
            "export function setup() { throw new Error('no login'); } export default () => {};",
            r"Error: no login[\s\S]*user\.js:1",
        ),
        (
            "import exec from 'k6/execution'; export default () => { exec.test.abort('enough'); };",
            r"exec\.test\.abort\(\)[\s\S]*enough",
        ),
        ("export default function () { nothing.here(); }", r"every iteration failed[\s\S]*nothing is not defined"),
        ("export default async () => { nothing.here(); }", r"every iteration failed[\s\S]*nothing is not defined"),
        ("JSON.parse('{'); export default () => {};", r"the k6 script failed: SyntaxError[\s\S]*user\.js:1"),
        ("open('./no.csv'); export default () => {};", r"no\.csv: no such file"),
        ("open('./'); export default () => {};", r"can't be used with directories"),
    ],
    ids=[
        *("init", "syntax", "import", "exec", "options", "setup", "abort", "iterations", "async iterations"),
        *("bad data", "no data file", "a folder as data"),
    ],
)
def test_what_went_wrong_is_said_first(k6: Runner, source: str, said: str) -> None:
    with pytest.raises(K6Fault) as caught:
        k6.run(k6.load(source, per_vu_iterations(1, 2)))
    assert re.search(said, caught.value.cause)
    assert caught.value.advice
    assert "runtime/scenario.js" not in caught.value.cause
    assert caught.value.cause.partition(": ")[2] not in caught.value.log_tail


def test_requests_in_init_code_are_refused_in_k6s_own_words(k6: Runner) -> None:
    with pytest.raises(K6Fault, match="http requests in the init context"):
        k6.run(k6.load("import http from 'k6/http'; http.get('SUT/x'); export default () => {};"))


def test_a_setup_that_hangs_names_its_timeout(k6: Runner) -> None:
    source = """
        import { sleep } from 'k6';
        export const options = { setupTimeout: '200ms' };
        export function setup() { sleep(5); }
        export default () => {};
    """
    with pytest.raises(K6Fault, match=r"setup\(\) took too long") as caught:
        k6.run(k6.load(source))
    assert "setupTimeout" in caught.value.advice


def test_a_progress_function_that_fails_ends_k6(k6: Runner) -> None:
    from k6spec.k6.runner import run_k6
    from k6spec.script.compiler import compile_load

    load = k6.load("import { sleep } from 'k6'; export default () => { sleep(30); };")
    compiled = compile_load(load, run_key=b"abcd", base_url=k6.server.url, out=k6.folder / "script")

    def fail(_progress: object) -> None:
        raise RuntimeError("closed terminal")

    with pytest.raises(RuntimeError, match="closed terminal"):
        run_k6(k6.binary, compiled, load, folder=k6.folder, env={}, on_progress=fail)
