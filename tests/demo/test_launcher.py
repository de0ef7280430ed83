"""The launcher starts and stops the shop, whatever happens to it or to its services."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from demo_receiver import Traceparent, receiving
from demo_shop import STOP_TIMEOUT_S, alive, launch, service_pids, shop


def wait_until_ended(pids: list[int]) -> None:
    """Wait for the processes to end by themselves."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still running: {[pid for pid in pids if alive(pid)]}"
        time.sleep(0.05)


def test_sigterm_ends_the_shop_with_its_files_and_exports_the_last_spans(tmp_path: Path) -> None:
    context = Traceparent()
    with (
        receiving() as receiver,
        shop(
            TMPDIR=str(tmp_path),
            SHOP_FAULTS="n_plus_one,slow_query",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_METRICS_EXPORTER="none",
            OTEL_LOGS_EXPORTER="none",
            OTEL_BSP_SCHEDULE_DELAY="60000",
        ) as running,
    ):
        pids = service_pids(running.launcher.pid)
        assert len(pids) == 2
        assert list(tmp_path.glob("shop-*"))
        assert running.http.get("/_faults").json() == ["n_plus_one", "slow_query"]
        running.checkout(traceparent=str(context))
        running.launcher.terminate()
        out, err = running.launcher.communicate(timeout=STOP_TIMEOUT_S)
        assert (running.launcher.returncode, out, err) == (0, "", "")
        assert not any(alive(pid) for pid in pids)
        assert not list(tmp_path.glob("shop-*"))
        assert {span.service for span in receiver.trace(context, services=2)} == {"orders", "stock"}


def test_services_end_when_the_launcher_is_killed() -> None:
    with TemporaryDirectory() as folder, shop(TMPDIR=folder) as running:
        pids = service_pids(running.launcher.pid)
        running.launcher.kill()
        wait_until_ended(pids)


def test_death_of_a_service_ends_the_shop_with_the_reason() -> None:
    with shop() as running:
        stock, orders = service_pids(running.launcher.pid)
        os.kill(stock, signal.SIGKILL)
        _, err = running.launcher.communicate(timeout=STOP_TIMEOUT_S)
        assert running.launcher.returncode == 1
        assert "demo: the stock service has ended with signal 9" in err.splitlines()
        assert not alive(orders)


def test_ctrl_c_leaves_a_database_that_is_kept_and_seeded_once() -> None:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/shop.db"
        with shop("--database", url) as first:
            order_id = first.checkout().json()["order_id"]
            first.launcher.send_signal(signal.SIGINT)
            assert first.launcher.wait(STOP_TIMEOUT_S) == 0
        with shop(SHOP_DATABASE_URL=url) as second:
            assert second.checkout().json()["order_id"] == order_id + 1


def test_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        expect_refusal(f"127.0.0.1:{port}: Address already in use", "serve", "--orders-port", port)


def test_address_of_another_host_is_one_line() -> None:
    expect_refusal("192.0.2.1:0: Cannot assign requested address", "serve", "--host", "192.0.2.1")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://127.0.0.1/shop", "sqlite and postgresql"),
        ("sqlite://", "must be a file"),
        ("sqlite:////no/such/folder/shop.db", "unable to open database file"),
        ("postgresql+psycopg://shop:secret@127.0.0.1:1/shop", "refused"),
    ],
)
def test_bad_database_url_is_one_line_without_the_password(url: str, reason: str) -> None:
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg")
    assert "secret" not in expect_refusal(reason, "serve", "--database", url)


def test_unknown_fault_at_the_start_is_one_line() -> None:
    assert "slow_query" in expect_refusal("unknown fault gremlins", "serve", SHOP_FAULTS="gremlins")


def test_help_shows_examples_and_faults() -> None:
    process = launch("serve", "--help")
    out, _ = process.communicate(timeout=STOP_TIMEOUT_S)
    assert process.returncode == 0
    assert "SHOP_FAULTS=slow_query" in out
    assert "lock_contention" in out


def expect_refusal(reason: str, *arguments: str, **environment: str) -> str:
    """The single line of standard error of a launcher that ends at once."""
    process = launch(*arguments, **environment)
    out, err = process.communicate(timeout=STOP_TIMEOUT_S)
    assert process.returncode in (1, 2)
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert reason in err
    return err
