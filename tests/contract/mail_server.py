"""A small SMTP server (RFC 5321) for tests: it speaks over a socket and keeps what it was given.

It can offer STARTTLS with a certificate of its own, ask for a password, and refuse a recipient.
"""

import base64
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass
class Received:
    """One letter as it came, and over what."""

    recipients: list[str]
    content: bytes
    encrypted: bool
    login: str | None


@dataclass
class MailServer:
    """Runs in a thread while the ``with`` block does. ``certificate``: offer STARTTLS with this file."""

    certificate: Path | None = None
    refuse: str | None = None
    received: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def __enter__(self) -> "MailServer":
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.rules = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Answer nobody any more. Stopping again changes nothing."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    rules: MailServer


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.encrypted = False
        self.login: str | None = None
        self.recipients: list[str] = []
        self._say("220 test")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb = line.split(" ")[0].upper()
            self.server.rules.commands.append(verb)
            if verb == "QUIT":
                self._say("221 bye")
                return
            getattr(self, f"do_{verb.lower()}", self._unknown)(line)

    def finish(self) -> None:
        super().finish()
        self.request.close()  # under TLS it is another socket than the server's own

    def do_ehlo(self, _: str) -> None:
        offers = ["test", "8BITMIME", "SMTPUTF8", "AUTH PLAIN"]
        if self.server.rules.certificate and not self.encrypted:
            offers.append("STARTTLS")
        for offer in offers[:-1]:
            self._say(f"250-{offer}")
        self._say(f"250 {offers[-1]}")

    def do_starttls(self, _: str) -> None:
        certificate = self.server.rules.certificate
        assert certificate is not None
        self._say("220 begin")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.request = context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
        self.encrypted = True

    def do_auth(self, line: str) -> None:
        self.login = base64.b64decode(line.split(" ")[2]).decode().replace("\0", "/")
        self._say("235 welcome")

    def do_mail(self, _: str) -> None:
        self.recipients = []
        self._say("250 ok")

    def do_rcpt(self, line: str) -> None:
        address = line[line.index("<") + 1 : line.index(">")]
        if address == self.server.rules.refuse:
            self._say("550 nobody here by this name")
            return
        self.recipients.append(address)
        self._say("250 ok")

    def do_data(self, _: str) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        letter = Received(self.recipients, b"".join(lines), self.encrypted, self.login)
        self.server.rules.received.append(letter)
        self._say("250 taken")

    def do_rset(self, _: str) -> None:
        self._say("250 ok")

    def _unknown(self, _: str) -> None:
        self._say("502 not here")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def make_certificate(folder: Path) -> Path:
    """A certificate for ``localhost`` with its key, in one file; it is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path
