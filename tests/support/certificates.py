"""Certificates for tests, made by openssl: an authority of our own, and what it signed."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.stacks import missing


@dataclass(frozen=True)
class Certificates:
    """Files in PEM: the authority, a server of 127.0.0.1 and a client, each with its key."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    def server_tls(self, *, wants_client: bool) -> ssl.SSLContext:
        """The server's side, which may want clients to have a certificate of the same authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context


def make_certificates(folder: Path) -> Certificates:
    """Makes all of them, good for a day."""
    if shutil.which("openssl") is None:
        missing("there is no openssl")
    authority = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    ca, ca_key = _certificate(folder, "ca", *authority)
    signed = ("-CA", ca, "-CAkey", ca_key, "-addext", "basicConstraints=CA:FALSE")
    server, server_key = _certificate(folder, "server", *signed, "-addext", "subjectAltName=IP:127.0.0.1")
    client, client_key = _certificate(folder, "client", *signed)
    return Certificates(ca=ca, server=server, server_key=server_key, client=client, client_key=client_key)


def _certificate(folder: Path, name: str, *options: str | Path) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
    ]
    argv += ["-subj", f"/CN=k6spec test {name}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*argv, *map(str, options)], check=True, capture_output=True, timeout=60)
    return certificate, key
