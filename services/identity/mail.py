"""The mail port: one letter to one address, into a folder of ``.eml`` files or by SMTP.

What both promise: when ``send`` returns, the letter is in the folder (written whole, fsynced, for its owner alone) or
taken by the server, for the address as it is written and no other; else it raises ``MailUnavailable``, and sending
again is safe but for a double, or ``ValueError`` for what cannot stand in a letter's head. Letters are RFC 5322, UTF-8
(RFC 6532), plain text. A server that offers STARTTLS (RFC 3207) gets nothing in clear; a password is sent over TLS
alone.
"""

import os
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import UTC
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from services.kernel.errors import Unavailable
from services.kernel.settings import Settings, SettingsError
from services.kernel.time import Instant, moment

TIMEOUT = 10.0  # seconds for each step with the server

_IN_FILES = SMTPUTF8.clone(linesep="\n")  # the lines of a file of this machine; on the way they are CRLF


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter. ``id`` names it for good (Message-ID), so that a double can be told."""

    id: str
    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    language: str
    date: Instant


class MailUnavailable(Unavailable):
    """The letter was not taken."""

    slug = "mail-unavailable"
    title = "Mail cannot be sent just now"


class Mailer(Protocol):
    def send(self, mail: Mail) -> None:
        """Send a letter. Raises ``MailUnavailable``, and ``ValueError`` as ``compose`` does."""


def open_mailer(settings: Settings) -> Mailer:
    """The side that the settings name."""
    if settings.mail == "folder":
        return FolderMailer(settings.mail_folder, settings.mail_from)
    if settings.smtp_url is None:
        raise SettingsError(("AMANAH_MAIL is smtp: set AMANAH_SMTP_URL, or AMANAH_SMTP_URL_FILE",))
    return SmtpMailer(settings.smtp_url, settings.mail_from)


class FolderMailer:
    """Writes each letter as ``<time>-<id>.eml``; their names sort as they were sent."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, mail: Mail) -> None:
        content = compose(mail, self._sender).as_bytes(policy=_IN_FILES)
        stamp = moment(mail.date).strftime("%Y%m%dT%H%M%S%fZ")
        path = self._folder / f"{stamp}-{mail.id}.eml"
        new = path.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, path)
            _sync(self._folder)
        except OSError as error:
            raise MailUnavailable(
                f"The mail folder could not be written ({error.strerror}).",
                help=f"Check free space and rights of {self._folder}. The letter waits and is tried again.",
            ) from None


class SmtpMailer:
    """Gives each letter to a server: ``smtp://user:password@host:port``, or ``smtps://`` for TLS from the start."""

    def __init__(self, url: str, sender: str, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self._encrypted = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._encrypted else 587)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender
        self._tls = tls or ssl.create_default_context()

    def send(self, mail: Mail) -> None:
        try:
            with self._server() as server:
                server.send_message(compose(mail, self._sender), to_addrs=[mail.to])
        except (smtplib.SMTPException, OSError) as error:  # an address or a server's words may stand in its text
            raise MailUnavailable(
                f"The mail server did not take the letter ({type(error).__name__}).",
                help=f"Check AMANAH_SMTP_URL and the server at {self._host}:{self._port}. The letter is tried again.",
            ) from None

    def _server(self) -> smtplib.SMTP:
        if self._encrypted:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=self._tls)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        try:
            self._secure(server)
        except BaseException:
            server.close()
            raise
        return server

    def _secure(self, server: smtplib.SMTP) -> None:
        """Begin TLS where the server offers it, then sign in; never a password without TLS."""
        server.ehlo()
        encrypted = self._encrypted
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=self._tls)
            server.ehlo()
            encrypted = True
        if not self._user:
            return
        if not encrypted:
            raise smtplib.SMTPNotSupportedError("the server offers no TLS, and a password is to be sent")
        server.login(self._user, self._password)


def compose(mail: Mail, sender: str) -> EmailMessage:
    """The letter as a message. Raises ``ValueError`` for a line break in an address or subject, so that none can be
    injected, and for an address that a reader of the letter would take for another one."""
    message = EmailMessage(policy=SMTPUTF8)
    message["From"] = sender
    _address_to(message, mail.to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(moment(mail.date).astimezone(UTC))
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answers to it
    message.set_content(mail.text)
    message["Content-Language"] = mail.language
    return message


def _address_to(message: EmailMessage, address: str) -> None:
    """A header's text is parsed, and what looks like an encoded word (RFC 2047) is decoded, also in an address."""
    try:
        message["To"] = address
        read = [found.addr_spec for found in message["To"].addresses]
    except IndexError:  # the parser's, at an encoded word in which nothing is encoded
        read = []
    if read != [address]:
        raise ValueError("Header values may not hold an address that is read as another one.")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
