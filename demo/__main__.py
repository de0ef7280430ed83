"""The command line of the demo shop."""

from __future__ import annotations

import argparse
import os
import sys

from demo.faults import FAULTS, UnknownFaultError, listed
from demo.launcher.failure import LaunchError
from demo.launcher.process import LOOPBACK
from demo.launcher.serve import serve

EXAMPLES = f"""examples:
  python -m demo serve
  python -m demo serve --orders-port 8080 --stock-port 8081
  python -m demo serve --database postgresql+psycopg://shop:secret@127.0.0.1/shop
  SHOP_FAULTS=slow_query,n_plus_one python -m demo serve
  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 python -m demo serve
  curl -X POST -H 'Content-Type: application/json' -d '["hot_key"]' http://127.0.0.1:8080/_faults

faults: {", ".join(FAULTS)}
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        listed(os.environ.get("SHOP_FAULTS", ""))
        serve(
            host=options.host,
            orders_port=options.orders_port,
            stock_port=options.stock_port,
            database=options.database,
        )
    except UnknownFaultError as unknown:
        print(f"demo: SHOP_FAULTS: {unknown}", file=sys.stderr)
        return 2
    except LaunchError as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser(
        "serve",
        help="start the shop and keep it running until SIGTERM or Ctrl-C",
        description="Start the orders and stock services, print their URLs as one line of JSON "
        "and run until SIGTERM or Ctrl-C. Spans are exported if OTEL_EXPORTER_OTLP_ENDPOINT is set.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--host",
        metavar="ADDRESS",
        default=LOOPBACK,
        help="IPv4 address to listen on, 0.0.0.0 inside a container; default: %(default)s",
    )
    command.add_argument("--orders-port", type=int, default=0, metavar="PORT", help="0 (default): any free port")
    command.add_argument("--stock-port", type=int, default=0, metavar="PORT", help="0 (default): any free port")
    command.add_argument(
        "--database",
        metavar="URL",
        default=os.environ.get("SHOP_DATABASE_URL") or None,
        help="default: SHOP_DATABASE_URL, or else a SQLite file that lasts as long as the command",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
