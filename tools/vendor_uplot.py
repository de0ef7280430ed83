"""Fetches the chart library that reports carry, through the npm client, and checks it.

``python tools/vendor_uplot.py``. To take a newer version: change VERSION, put what
``npm view uplot@VERSION dist.integrity`` says in INTEGRITY, run this, look at a report, and run tests/browser.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

VERSION = "1.6.32"
INTEGRITY = "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw=="
FILES = {
    "package/dist/uPlot.iife.min.js": "uPlot.iife.min.js",
    "package/dist/uPlot.min.css": "uPlot.min.css",
    "package/LICENSE": "LICENSE",
}
TARGET = Path(__file__).parent.parent / "k6spec/report/html/vendor/uplot"


def packed() -> dict[str, bytes]:
    """The files of the package, by the names under which they are kept here."""
    with TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", f"uplot@{VERSION}"], cwd=folder, check=True, stdout=sys.stderr)
        archive = Path(folder) / f"uplot-{VERSION}.tgz"
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            sys.exit(f"uplot {VERSION} is not what it was: sha512-{digest}, expected {INTEGRITY}")
        with tarfile.open(archive) as files:
            return {name: files.extractfile(member).read() for member, name in FILES.items()}  # type: ignore[union-attr]


def main() -> None:
    """Writes the files; says which of them changed."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, content in packed().items():
        path = TARGET / name
        same = path.exists() and path.read_bytes() == content
        path.write_bytes(content)
        print(f"{path.relative_to(TARGET.parents[4])}: {'as it was' if same else 'written'}")


if __name__ == "__main__":
    main()
