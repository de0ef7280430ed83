"""One shop and one receiver of its spans for all tests that only need requests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from demo_receiver import Receiver, receiving
from demo_shop import ROOT, Shop, shop

if TYPE_CHECKING:
    from collections.abc import Iterator


sys.path.append(str(ROOT))  # for `import demo` under a plain `pytest`


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="session")
def running_shop(receiver: Receiver) -> Iterator[Shop]:
    with shop(
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        OTEL_METRICS_EXPORTER="none",
        OTEL_LOGS_EXPORTER="none",
        OTEL_BSP_SCHEDULE_DELAY="100",
    ) as running:
        yield running


@pytest.fixture
def healthy(running_shop: Shop) -> Shop:
    assert running_shop.switch().json() == []
    return running_shop
