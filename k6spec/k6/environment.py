"""The environment that k6 gets: the user's own, without what would change the declared load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from k6spec.environment import Environment
from k6spec.k6.memory import collector_settings
from k6spec.k6.otel_output import OtelOutput
from k6spec.script.compiler import CompiledScript

# What would change the declared load, or send k6's output elsewhere. Others (K6_HTTP_DEBUG, K6_DNS, …) stay.
_DROPPED_SETTINGS: Final = frozenset(
    f"K6_{name}"
    for name in [
        "VUS",
        "DURATION",
        "ITERATIONS",
        "STAGES",
        "EXECUTION_SEGMENT",
        "EXECUTION_SEGMENT_SEQUENCE",
        "PAUSED",
        "LINGER",
        "NO_SETUP",
        "NO_TEARDOWN",
        "OUT",
        "ADDRESS",
        "SYSTEM_TAGS",
        "LOG_OUTPUT",
        "LOG_FORMAT",
        "CONSOLE_OUTPUT",
        "SUMMARY_EXPORT",
        "NO_SUMMARY",
        "SUMMARY_MODE",
        "NEW_MACHINE_READABLE_SUMMARY",
        "NO_THRESHOLDS",
        "WEB_DASHBOARD",
        "TRACES_OUTPUT",
        "TYPE",
        "INCLUDE_SYSTEM_ENV_VARS",  # scripts read the system's address there
    ]
)
_BLACKLIST: Final = "K6_BLACKLIST_IPS"
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy"})


def k6_environment(
    env: Mapping[str, str], compiled: CompiledScript, otel: OtelOutput | None = None
) -> Environment:
    """The environment that k6 gets: without settings that would change the declared load.

    Nor does k6 read the user's ``config.json``: from 2.x on its ``vus`` and ``duration`` win over any scenarios.
    """
    kept = {name: value for name, value in env.items() if name not in _DROPPED_SETTINGS}
    if compiled.blocked and not compiled.fetches:
        # k6 looks at the proxy's address only, not at where the proxy goes.
        kept = {name: value for name, value in kept.items() if name.lower() not in _PROXIES}
    if compiled.blocked and kept.get(_BLACKLIST):
        kept[_BLACKLIST] = ",".join([kept[_BLACKLIST], *compiled.blocked])  # it wins over the script's options
    config = {"K6_CONFIG": str(compiled.config)}
    settings = otel.settings if otel else {}
    return Environment({**collector_settings(env), **kept, **settings, **compiled.env, **config})
