"""Docker: its daemon, its clock, and the images of the docker stack."""

from __future__ import annotations

from collections.abc import Iterator

from k6spec.doctor.case import Case
from k6spec.doctor.finding import Finding
from k6spec.doctor.skew import clock_of, iso_skew, stopwatch
from k6spec.errors import StackFault
from k6spec.stack.choose import stack_plan


def docker(case: Case) -> Iterator[Finding]:
    """Whether the daemon answers at once, where it is, and what it has."""
    # Docker's SDK takes a third of a second to import.
    from k6spec.stack.docker.about import ask_daemon

    lacking = case.lacking("docker")
    wanted = stack_plan(case.config).images
    images = [image for image in (wanted.collector, wanted.jaeger) if image is not None]
    try:
        with stopwatch() as watch:
            daemon = ask_daemon(images)
    except StackFault as fault:
        yield Finding(topic="Docker", status=lacking, seen=fault.cause, advice=fault.advice)
        return
    seen = f"{daemon.version} at {daemon.address}"
    if daemon.local:
        yield Finding(topic="Docker", status="ok", seen=seen)
    else:
        yield Finding(
            topic="Docker",
            status=lacking,
            seen=f"{seen}, on another host: what it publishes is on that host's own loopback",
            advice="unset DOCKER_HOST, or choose a local context (docker context use default)",
        )
    for image in images:
        if image not in daemon.missing:
            yield Finding(topic="image", status="ok", seen=f"{image} is here")
        else:
            yield Finding(
                topic="image",
                status="warning" if case.stack == "docker" else "not needed",
                seen=f"{image} is not here; the docker stack pulls it when it starts",
                advice=f"docker pull {image}",
            )
    if case.stack == "docker":
        yield clock_of("Docker's host", iso_skew(daemon.system_time, watch))
