"""TLS and mTLS for the gRPC port, from files that may be replaced while serving."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc
import structlog

_LOG = structlog.get_logger("tls")
Stamp = tuple[tuple[int, int, int], ...]


class TlsError(Exception):
    """Files that do not make a certificate; names them, never their content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files: chain, key, and for mTLS the CAs that clients' certificates must come from."""

    cert: Path
    key: Path
    client_ca: Path | None = None

    def stamp(self) -> Stamp:
        """What changes when a file is replaced."""
        paths = [path for path in (self.cert, self.key, self.client_ca) if path is not None]
        stats = [path.stat() for path in paths]
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        """Read and check the files. Raises `TlsError` when key and certificate do not fit."""
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.cert, self.key)
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
            pair = (self.key.read_bytes(), self.cert.read_bytes())
            ca = self.client_ca.read_bytes() if self.client_ca else None
        except (OSError, ValueError) as error:
            names = ", ".join(str(path) for path in (self.cert, self.key, self.client_ca) if path)
            raise TlsError(f"no certificate with its key in {names}") from error
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=ca)


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Credentials that look at the files before every handshake.

    A replacement that does not fit (half written, wrong key) leaves the last good one in force.
    """
    seen = files.stamp()
    first = files.configuration()

    def replacement() -> grpc.ServerCertificateConfiguration | None:
        nonlocal seen
        try:
            stamp = files.stamp()
            if stamp == seen:
                return None
            configuration = files.configuration()
        except (OSError, TlsError) as error:
            _LOG.error("certificate_not_reloaded", error=type(error).__name__)
            return None
        seen = stamp
        _LOG.info("certificate_reloaded")
        return configuration

    return grpc.dynamic_ssl_server_credentials(
        first, replacement, require_client_authentication=files.client_ca is not None
    )
