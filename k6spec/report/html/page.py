"""One self-contained HTML page: no server, no network, nothing but this file.

Whatever the system under test sent stays text: pages carry it escaped, or as JSON in a script element that is
never executed and that the page's scripts write with ``textContent`` only; a Content-Security-Policy allows this
page's own scripts and style by their hashes and nothing besides.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Final

from k6spec.report.html.payload import NAME_LENGTH
from k6spec.report.html.visible import short_line

_FOLDER: Final = "k6spec.report.html"


def page(*, title: str, style: str, scripts: Sequence[str], body: str, data: object, data_id: str) -> str:
    """The whole page, to be written as UTF-8.

    Args:
        title: as it is; it is escaped here, ``body`` is not.
        style: CSS.
        scripts: JavaScript, run in this order after ``body``.
        data: plain values, which the scripts find as JSON in the element ``data_id``.
    """
    allowed = " ".join(_hash(script) for script in scripts)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {allowed}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    run = "\n".join(f"<script>{script}</script>" for script in scripts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{text(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
<script type="application/json" id="{data_id}">{_json(data)}</script>
{run}
</body>
</html>
"""


def text(content: str) -> str:
    """One line of somebody else's text, fit to stand in a page."""
    return escape(short_line(content, NAME_LENGTH))


def resource(*names: str) -> str:
    """The package's files of these names, one after the other."""
    return "\n".join(files(_FOLDER).joinpath(name).read_text("utf-8") for name in names)


def _json(value: object) -> str:
    # With every "<" escaped, no text can end the script element or open a comment in it.
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
