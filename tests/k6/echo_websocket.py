"""The server's side of a WebSocket, as far as k6's handshake needs one (RFC 6455)."""

from __future__ import annotations

import base64
import hashlib
from http.server import BaseHTTPRequestHandler
from typing import Final

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT: Final = 0x81
_CLOSE: Final = 0x88


def serve_websocket(handler: BaseHTTPRequestHandler) -> None:
    """Accepts the handshake, says ``hello``, and closes when the client does."""
    key = handler.headers["Sec-WebSocket-Key"].encode()
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()
    handler.send_response_only(101)
    for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)):
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(bytes([_TEXT, 5]) + b"hello")
    handler.wfile.flush()
    while header := handler.rfile.read(2):
        handler.rfile.read(4 + (header[1] & 0x7F))  # the mask and a short message
        if header[0] == _CLOSE:
            handler.wfile.write(bytes([_CLOSE, 0]))
            handler.wfile.flush()
            break
    handler.close_connection = True
