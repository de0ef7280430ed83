"""Free ports of this host's loopback address."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack

from k6spec.errors import StackFault


def free_ports(asked: Sequence[int]) -> list[int]:
    """A port for each that is asked for: the very one, or for 0 any that is free now.

    Raises:
        StackFault: one that was asked for is in use.
    """
    ports = []
    with ExitStack() as held:
        for port in asked:
            try:
                listener = held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError as error:
                raise StackFault(
                    f"port {port} on 127.0.0.1 cannot be had: it is in use",
                    advice="end what listens there, or let k6spec take any free port: 0",
                ) from error
            ports.append(int(listener.getsockname()[1]))
    return ports
