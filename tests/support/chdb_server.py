"""ClickHouse's engine (chdb) behind the part of its HTTP interface that k6spec uses: SQL in, bytes out.

A process of its own: the engine lives once a process, and has its own ideas of signals and of how to end. The SQL
goes to the engine as it comes. What is not the engine's are the statuses (as ``exceptionCodeToHTTPStatus`` of
ClickHouse's server gives them) and the refusal of a wrong password, which chdb does not have.

    python tests/support/chdb_server.py FOLDER      prints its port
"""

from __future__ import annotations

import re
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from chdb.session import Session

USER, PASSWORD = "reader", "s3cret-password"
_STATUS = {60: 404, 81: 404, 516: 403}
_REFUSED = (
    "Code: 516. DB::Exception: {user}: Authentication failed: password is incorrect, or there is no user with "
    "that name. (AUTHENTICATION_FAILED) (version 26.9.2.1)\n"
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_POST(self) -> None:
        sql = self.rfile.read(int(self.headers["Content-Length"])).decode()
        user = self.headers.get("X-ClickHouse-User", "default")
        try:
            if (user, self.headers.get("X-ClickHouse-Key")) != (USER, PASSWORD):
                raise RuntimeError(_REFUSED.format(user=user))
            self._answer(200, SESSION.query(sql, "TabSeparated").bytes() or b"")
        except RuntimeError as error:
            found = re.match(r"Code: (\d+)", str(error))
            self._answer(_STATUS.get(int(found[1]) if found else 0, 500), f"{error}\n".encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    SESSION = Session(sys.argv[1])
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
