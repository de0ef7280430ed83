"""Run `python -m demo` as a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
STOP_TIMEOUT_S = 15


@dataclass(frozen=True)
class Shop:
    """A running shop: its launcher, its URLs and a client of the orders service."""

    launcher: subprocess.Popen[str]
    orders: str
    stock: str
    http: httpx.Client

    def checkout(self, sku: str = "sku-1", **headers: str) -> httpx.Response:
        """Buy one of the product."""
        basket = {"customer": "c1", "items": [{"sku": sku, "quantity": 1}]}
        return self.http.post(
            "/checkout", json=basket, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    def history(self, **headers: str) -> httpx.Response:
        """Ask for a customer's latest orders."""
        return self.http.get("/orders?customer=c1", headers=headers)

    def switch(self, *faults: str) -> httpx.Response:
        """Replace the active faults."""
        return self.http.post("/_faults", json=list(faults))


def launch(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start the launcher with a clean OpenTelemetry environment."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "SHOP_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "demo", *arguments],
        cwd=ROOT,
        env=inherited | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@contextmanager
def shop(*arguments: str, **environment: str) -> Iterator[Shop]:
    """A shop that is ready; stopped at the end if it still runs."""
    launcher = launch("serve", *arguments, **environment)
    assert launcher.stdout is not None
    try:
        line = launcher.stdout.readline()
        assert line, f"no shop: {launcher.communicate()[1]}"
        urls = json.loads(line)
        with httpx.Client(base_url=urls["orders"], timeout=20, trust_env=False) as http:
            yield Shop(launcher, urls["orders"], urls["stock"], http)
    finally:
        launcher.terminate()
        launcher.communicate(timeout=STOP_TIMEOUT_S)


def service_pids(launcher_pid: int) -> list[int]:
    """The process ids of the launcher's services."""
    children = Path(f"/proc/{launcher_pid}/task/{launcher_pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def alive(pid: int) -> bool:
    """Whether the process still runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
