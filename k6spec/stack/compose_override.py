"""What a compose file is overridden with, so that its project is ours alone and exports to the stack."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from k6spec.errors import SutFault
from k6spec.stack.reach import Reach

_STACK: Final = "k6spec-stack"
_BRIDGE: Final = "bridge"
"""Docker's own network, which is another one than any that is named."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Overriding:
    """How a project is to differ from its file.

    Attributes:
        project: its name.
        labels: of all that is made.
        service: the one under load, which listens on ``port``, and gets ``env``.
        export_from: services that export spans; None: all.
        way: from a service to the stack, by whether it shares this host's network.
    """

    project: str
    labels: Mapping[str, str]
    service: str
    port: int
    env: Mapping[str, str]
    export_from: Collection[str] | None
    way: Callable[[bool], Reach]


def override(config: Mapping[str, Any], how: Overriding) -> dict[str, Any]:
    """The override of a file.

    Names that the file gives to containers, networks and volumes are replaced: a project that somebody runs from
    the same file is neither in the way nor removed with ours. Images that are built have the names that the file's
    own project gives them. A port that the file does not publish is published on 127.0.0.1, on a free port.

    Args:
        config: the file, as ``docker compose config`` resolves it.

    Raises:
        SutFault: a service that is to export cannot reach the stack.
    """
    services = {name: _service(name, body, config, how) for name, body in config["services"].items()}
    networks = _renamed(config.get("networks"), how)
    if any(_STACK in body.get("networks", ()) for body in services.values()):
        networks[_STACK] = {"external": True, "name": how.way(False).network}
    return {"services": services, "networks": networks, "volumes": _renamed(config.get("volumes"), how)}


def on_host_network(body: Mapping[str, Any]) -> bool:
    """Whether a service shares this host's network."""
    return body.get("network_mode") == "host"


def _service(name: str, body: Mapping[str, Any], config: Mapping[str, Any], how: Overriding) -> dict[str, Any]:
    changed: dict[str, Any] = {"labels": _literal(how.labels)}
    env: dict[str, str] = {}
    if how.export_from is None or name in how.export_from:
        way = how.way(on_host_network(body))
        env |= way.env({**_environment(body), **(how.env if name == how.service else {})})
        if way.network is not None and body.get("network_mode") == _BRIDGE:
            if name == how.service or how.export_from is not None:
                raise _out_of_reach(name)
        elif way.network is not None and not body.get("network_mode"):
            # A service that names no network is on `default`, but no longer if another is named for it.
            own = {key: None for key, value in (body.get("networks") or {}).items() if value is None}
            changed["networks"] = {**own, _STACK: None}
        if way.hosts:
            changed["extra_hosts"] = dict(way.hosts)
    if name == how.service:
        env |= how.env
        if not on_host_network(body) and how.port not in _published(body):
            changed["ports"] = [f"127.0.0.1::{how.port}"]
    if env:
        changed["environment"] = _literal(env)
    if body.get("container_name"):
        changed["container_name"] = f"{how.project}-{name}"
    if body.get("build") and not body.get("image"):
        changed["image"] = f"{config['name']}-{name}"
    return changed


def _out_of_reach(name: str) -> SutFault:
    return SutFault(
        f"the service {name} has network_mode: {_BRIDGE}, which lets it join no other network: the stack's "
        "Collector is out of its reach",
        advice="take network_mode out of the compose file for it; or, on Linux, write network_mode: host",
    )


def _environment(body: Mapping[str, Any]) -> dict[str, str]:
    return {key: value or "" for key, value in (body.get("environment") or {}).items()}


def _published(body: Mapping[str, Any]) -> set[int]:
    return {int(port["target"]) for port in body.get("ports") or () if port.get("protocol", "tcp") == "tcp"}


def _renamed(parts: Mapping[str, Any] | None, how: Overriding) -> dict[str, Any]:
    return {
        key: {"name": f"{how.project}_{key}", "labels": _literal(how.labels)}
        for key, body in (parts or {}).items()
        if not (body or {}).get("external")
    }


def _literal(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts that Compose does not look for variables in."""
    return {key: text.replace("$", "$$") for key, text in texts.items()}
