"""What k6spec costs the generator: request rate and CPU a request, against k6 alone with the same output.

Measures the k6 that k6spec finds and, if it is set, the one that K6SPEC_TEST_K6 names. The server, which answers
with fixed bytes, and k6spec's own reading of the output share the machine: rates tell less than CPU does.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Final

from k6spec.declare.load import declare_load
from k6spec.declare.profiles import constant_vus
from k6spec.declare.scenario import Scenario
from k6spec.k6.binary import K6Binary, find_k6
from k6spec.k6.memory import collector_settings
from k6spec.k6.runner import run_k6
from k6spec.script.compiler import compile_load

_ROUNDS: Final = 5
_VUS: Final = 20
_SECONDS: Final = 5
_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_SCRIPT: Final = """import http from 'k6/http';
export const options = { vus: %d, duration: '%ds' };
export default () => { http.get(`${__ENV.BASE_URL}/products/1`, { tags: { name: 'GET /products/1' } }); };
"""


def measure() -> dict[str, float]:
    """Requests a second and microseconds of CPU a request, medians of five, for each k6."""
    figures = {}
    settings = [None, os.environ.get("K6SPEC_TEST_K6")]
    with _server() as url:
        for setting in dict.fromkeys(settings if settings[1] else settings[:1]):
            binary = find_k6(setting)
            rounds = [(_alone(binary, url), _under_k6spec(binary, url)) for _ in range(_ROUNDS)]
            version = ".".join(map(str, binary.version))
            for number, who in enumerate(("k6 alone", "k6spec")):
                figures[f"{who}, k6 {version}, requests/s"] = median(each[number][0] for each in rounds)
                figures[f"{who}, k6 {version}, µs CPU a request"] = median(each[number][1] for each in rounds)
    return figures


def _alone(binary: K6Binary, url: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "out.json"
        argv = [str(binary.path), "run", "--quiet", "--no-usage-report", "--address=", f"--out=json={output}"]
        os.mkfifo(output)
        before = _cpu()
        with subprocess.Popen(
            [*argv, "--system-tags=status,method,url,name,scenario,group,vu,iter", str(_script(Path(name)))],
            env=os.environ | collector_settings(os.environ) | {"BASE_URL": url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ):
            count = sum(line.startswith(b'{"metric":"http_reqs","type":"P') for line in output.open("rb"))
        return count / _SECONDS, (_cpu() - before) * 1e6 / count


def _under_k6spec(binary: K6Binary, url: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        profile = constant_vus(_VUS, f"{_SECONDS}s")
        load = declare_load(Scenario.script(_script(folder)), profile)
        compiled = compile_load(load, run_key=b"\0\0\0\1", base_url=url, out=folder / "script")
        before = _cpu()
        result = run_k6(binary, compiled, load, folder=folder, env=os.environ)
        return result.requests / _SECONDS, (_cpu() - before) * 1e6 / result.requests


def _script(folder: Path) -> Path:
    path = folder / "bench.js"
    path.write_text(_SCRIPT % (_VUS, _SECONDS), encoding="utf-8")
    return path


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _server() -> Iterator[str]:
    """A server in a process of its own, which isn't waited for while something is measured."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(said: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Answer, "127.0.0.1", 0)
        said.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


class _Answer(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(_ANSWER * data.count(b"\r\n\r\n"))
