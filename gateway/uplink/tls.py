"""TLS towards the broker and the secrets it needs: always verified, never older than 1.2, each fault with its own name.

Files are read at every attempt to connect, so that a renewed certificate is taken up without a restart.
"""

import ssl
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import GatewayError, RefusedError, TransientError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# OpenSSL's X509_V_ERR_* (x509_vfy.h); whatever is not listed is a chain that leads to no authority we know.
_VERIFY_REASONS = {
    9: "tls-not-yet-valid",
    10: "tls-expired",
    62: "tls-wrong-host",
    64: "tls-wrong-host",
}
# TLS alerts (RFC 8446, section 6.2) by which the broker says that it wants, or will not have, a client certificate.
_WANTED = ("CERTIFICATE_REQUIRED",)
_WANTED_OR_REFUSED = ("BAD_CERTIFICATE", "HANDSHAKE_FAILURE")
_CERTIFICATE_REFUSED = (
    "ALERT_UNKNOWN_CA",
    "UNSUPPORTED_CERTIFICATE",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_UNKNOWN",
    "ACCESS_DENIED",
)
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")
_OLD = ("ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Paths of PEM files. Without `ca_file` the system's authorities count; certificate and key come together."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


class WatchedSocket(ssl.SSLSocket):
    """A TLS socket that remembers why it broke, and closes itself when the handshake fails.

    With TLS 1.3 a broker that misses our certificate says so only after our handshake is done, as an alert before it
    hangs up; whoever reads from the socket sees no more than a lost connection.
    """

    fault: ssl.SSLError | None = None

    def do_handshake(self, block: bool = False) -> None:
        """The handshake; the socket is closed if it fails."""
        try:
            super().do_handshake(block)
        except (OSError, ValueError):
            self.close()
            raise

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Reads, and remembers a TLS fault."""
        try:
            return super().recv(buflen, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            # A copy: the error itself would hold on to every caller's frame, and so to this socket.
            self.fault = type(error)(*error.args)
            self.fault.reason = error.reason
            raise

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        """Writes; when the broker has hung up, its last word is read first."""
        try:
            return super().send(data, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError:
            self._last_word()
            raise

    def _last_word(self) -> None:
        try:
            self.recv(1)
        except OSError:
            return


def make_context(tls: Tls) -> ssl.SSLContext:
    """A context that verifies certificate and host name; RefusedError names the file that does not serve."""
    for path in (tls.ca_file, tls.cert_file):
        _check(path, secret=False)
    _check(tls.key_file, secret=True)
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
    except (ssl.SSLError, OSError) as error:
        raise RefusedError("tls-file-invalid", _name(tls.ca_file)) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = WatchedSocket
    if tls.cert_file is not None:
        _load_client(context, tls.cert_file, tls.key_file)
    return context


def _load_client(context: ssl.SSLContext, cert_file: str, key_file: str | None) -> None:
    try:
        # A password callback that answers nothing: an encrypted key must be a fault, not a prompt on the terminal.
        context.load_cert_chain(cert_file, key_file, password=lambda: b"")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise RefusedError("tls-file-invalid", f"{_name(cert_file)}, {_name(key_file)}") from error


def read_secret(path: str) -> str:
    """The content of a secret's file without its closing line end.

    RefusedError: `secret-file-permissions` when everybody on the machine can read it, `secret-file-unreadable`
    otherwise.
    """
    _check(path, secret=True)
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError("secret-file-unreadable", _name(path)) from error


def _check(path: str | None, *, secret: bool) -> None:
    if path is None:
        return
    try:
        mode = Path(path).stat().st_mode
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise RefusedError("secret-file-unreadable", f"{_name(path)}: {error.strerror}") from error
    if secret and mode & stat.S_IROTH:
        raise RefusedError("secret-file-permissions", _name(path))


def _name(path: str | None) -> str:
    return Path(path).name if path else "-"


def tls_fault(error: ssl.SSLError, *, has_certificate: bool) -> GatewayError:
    """What a TLS fault means for a person; `has_certificate`: whether we have a client certificate to show."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _VERIFY_REASONS.get(error.verify_code, "tls-unknown-authority")
        return RefusedError(reason, error.verify_message)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return TransientError("tls-closed", "connection ended during TLS")
    return RefusedError(_alert_reason(error.reason or str(error), has_certificate), error.reason or "")


def _alert_reason(word: str, has_certificate: bool) -> str:
    refused = "tls-client-certificate-refused"
    required = "tls-client-certificate-required"
    groups = (
        (_WANTED, required),
        (_CERTIFICATE_REFUSED, refused),
        (_WANTED_OR_REFUSED, refused if has_certificate else required),
        (_NOT_TLS, "tls-not-spoken"),
        (_OLD, "tls-too-old"),
    )
    for words, reason in groups:
        if any(w in word.upper().replace(" ", "_") for w in words):
            return reason
    return "tls-failed"
