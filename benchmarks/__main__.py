"""``python -m benchmarks decode --json FILE``: measures and prints, one figure a line."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path

NAMES = (
    "baselines",
    "changes",
    "coverage",
    "decode",
    "explain",
    "jaeger",
    "judge",
    "k6",
    "overhead",
    "receiver",
    "report",
    "retrieve",
    "rounds",
    "soak",
    "startup",
)


def main() -> None:
    """Runs one benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    figures = importlib.import_module(f"benchmarks.{options.name}").measure()
    for name, value in figures.items():
        print(f"{name:45} {value:>14,.2f}" if value < 100 else f"{name:45} {value:>14,.0f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
