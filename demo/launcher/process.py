"""One service as a child process of the launcher."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from demo.launcher.environment import service_environment
from demo.launcher.failure import LaunchError

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
STOP_TIMEOUT_S = 4  # each; whoever started the launcher may wait ten seconds, and then kills it


def listening_socket(service: str, host: str, port: int) -> socket.socket:
    """A socket that already queues connections for the service; port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, OverflowError) as failure:
        listener.close()
        reason = failure.strerror if isinstance(failure, OSError) else "no such port"
        raise LaunchError(f"{service} cannot listen on {host}:{port}: {reason}") from failure
    return listener


@dataclass(frozen=True)
class Service:
    """A running service; its standard input is a pipe whose end tells it that the launcher is gone."""

    name: str
    url: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, listener: socket.socket, *options: str) -> Service:
        """Start `demo.<name>` on the listener, whose copy in this process is closed."""
        host, port = listener.getsockname()
        descriptor = listener.fileno()
        with listener:
            process = subprocess.Popen(
                [
                    _instrument(),
                    sys.executable,
                    "-m",
                    f"demo.{name}",
                    "--listen-fd",
                    str(descriptor),
                    *options,
                ],
                stdin=subprocess.PIPE,
                stdout=sys.stderr,
                pass_fds=[descriptor],
                env=service_environment(name, os.environ),
                start_new_session=True,
            )
        reached_at = LOOPBACK if host == EVERYWHERE else host
        return cls(name, f"http://{reached_at}:{port}", process)

    def healthy(self) -> bool:
        """Whether the service answers now."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def check_alive(self) -> None:
        """Raise if the process has ended."""
        status = self.process.poll()
        if status is not None:
            how = f"signal {-status}" if status < 0 else f"exit status {status}"
            raise LaunchError(f"the {self.name} service has ended with {how}")

    def wait(self) -> None:
        """Wait until a terminated process has exported its spans and ended, or kill it."""
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _instrument() -> str:
    beside_python = str(Path(sys.executable).parent)
    path = os.pathsep.join([beside_python, os.environ.get("PATH", "")])
    command = shutil.which("opentelemetry-instrument", path=path)
    if command is None:
        raise LaunchError("opentelemetry-instrument is missing: pip install opentelemetry-distro")
    return command
