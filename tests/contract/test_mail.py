"""The promises of the mail port, on both of its sides; the SMTP side against a real server on a socket."""

import ssl
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from services.identity.mail import FolderMailer, Mail, Mailer, MailUnavailable, SmtpMailer, compose, open_mailer
from services.kernel.http.schemas import EmailField
from services.kernel.settings import SettingsError, load_settings
from services.kernel.time import Instant
from tests.contract.mail_server import MailServer, make_certificate

SENDER = "no-reply@amanah.example"
MAIL = Mail(
    id="0190a1b2-0000-7000-8000-000000000001",
    to="dewi@surat.example",
    subject="Anda punya janji temu — selasa",
    text="Halo,\n\nAnda punya janji temu.\n.\nToken: abc-DEF_123\n",
    language="id",
    date=Instant("2026-11-24T12:00:00.000000Z"),
)


@dataclass
class Side:
    """One implementation, what came out of it, and how to make it fail."""

    mailer: Mailer
    letters: Callable[[], list[bytes]]
    break_it: Callable[[], None]


@pytest.fixture(params=["folder", "smtp"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Side]:
    if request.param == "folder":
        folder = tmp_path / "mail"

        def break_folder() -> None:
            if folder.exists():
                folder.rename(tmp_path / "away")
            folder.write_text("a file stands where the folder should be")

        yield Side(
            FolderMailer(folder, SENDER),
            lambda: [path.read_bytes() for path in sorted(folder.glob("*.eml"))],
            break_folder,
        )
        return
    with MailServer() as server:
        yield Side(
            SmtpMailer(f"smtp://127.0.0.1:{server.port}", SENDER),
            lambda: [letter.content for letter in server.received],
            server.stop,
        )


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=default)


def text(letter: EmailMessage) -> str:
    body = letter.get_body()
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_letter_arrives_as_it_was_written(side: Side) -> None:
    side.mailer.send(MAIL)
    (raw,) = side.letters()
    letter = read(raw)
    assert (letter["From"], letter["To"], letter["Subject"]) == (SENDER, MAIL.to, MAIL.subject)
    assert text(letter) == MAIL.text
    assert letter["Message-ID"] == f"<{MAIL.id}@amanah.example>"
    assert letter["Date"].datetime.isoformat() == "2026-11-24T12:00:00+00:00"
    assert (letter["Content-Language"], letter["Auto-Submitted"]) == ("id", "auto-generated")


def test_letters_keep_their_order_and_an_address_may_be_of_any_script(side: Side) -> None:
    others = [
        replace(MAIL, id=f"n{n}", to=f"süß{n}@surat.example", date=Instant(f"2026-11-24T12:00:0{n}.000000Z"))
        for n in range(3)
    ]
    for mail in others:
        side.mailer.send(mail)
    assert [read(raw)["To"] for raw in side.letters()] == [mail.to for mail in others]


@pytest.mark.parametrize("to", ["=?utf-8?q??=@surat.example", "=?x?q?a?=@surat.example"])
def test_an_address_that_is_read_as_another_one_gets_nothing(side: Side, to: str) -> None:
    with pytest.raises(ValueError, match="another"):
        side.mailer.send(replace(MAIL, to=to))
    assert side.letters() == []


@given(st.text("ab.?=_+'/!#$%&*^`{|}~-qQ8é\u00ad\u200b\u0301ßﬁ", min_size=1, max_size=20))
def test_every_address_that_is_accepted_is_written_to_as_it_is(local: str) -> None:
    try:
        to = EmailField().deserialize(f"{local}@surat.example")
    except ValidationError:
        return
    assert read(compose(replace(MAIL, to=to), SENDER).as_bytes())["To"] == to


def test_a_line_break_injects_nothing(side: Side) -> None:
    with pytest.raises(ValueError, match="Header values"):
        side.mailer.send(replace(MAIL, subject="hello\nBcc: everybody@example.org"))
    assert side.letters() == []


def test_what_was_not_taken_is_said_without_the_persons_address(side: Side) -> None:
    side.break_it()
    with pytest.raises(MailUnavailable) as told:
        side.mailer.send(MAIL)
    assert told.value.status == 503
    assert told.value.help
    assert MAIL.to not in f"{told.value.detail} {told.value.help} {told.value.__cause__}"


def test_the_folder_is_for_its_owner_alone_and_holds_no_half_letters(tmp_path: Path) -> None:
    FolderMailer(tmp_path / "mail", SENDER).send(MAIL)
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700
    (path,) = (tmp_path / "mail").iterdir()
    assert (path.suffix, stat.S_IMODE(path.stat().st_mode)) == (".eml", 0o600)


def test_the_same_letter_sent_again_is_one_file(tmp_path: Path) -> None:
    mailer = FolderMailer(tmp_path / "mail", SENDER)
    mailer.send(MAIL)
    mailer.send(MAIL)
    assert len(list((tmp_path / "mail").iterdir())) == 1


def test_a_server_that_offers_tls_gets_letter_and_password_over_tls_alone(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with MailServer(certificate=certificate) as server:
        SmtpMailer(f"smtp://ana:s%40cret@localhost:{server.port}", SENDER, trusting).send(MAIL)
    (letter,) = server.received
    assert (letter.encrypted, letter.login, letter.recipients) == (True, "/ana/s@cret", [MAIL.to])


def test_a_certificate_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    with MailServer(certificate=make_certificate(tmp_path)) as server:
        mailer = SmtpMailer(f"smtp://ana:secret@localhost:{server.port}", SENDER)
        with pytest.raises(MailUnavailable, match="SSLCertVerificationError"):
            mailer.send(MAIL)
    assert server.received == []


def test_a_password_is_never_sent_without_tls() -> None:
    with MailServer() as server, pytest.raises(MailUnavailable, match="SMTPNotSupportedError"):
        SmtpMailer(f"smtp://ana:secret@127.0.0.1:{server.port}", SENDER).send(MAIL)
    assert "AUTH" not in server.commands
    assert server.received == []


def test_a_refused_recipient_is_told_as_not_taken() -> None:
    with MailServer(refuse=MAIL.to) as server, pytest.raises(MailUnavailable, match="SMTPRecipients") as told:
        SmtpMailer(f"smtp://127.0.0.1:{server.port}", SENDER).send(MAIL)
    assert MAIL.to not in str(told.value)


def test_the_settings_choose_the_side(tmp_path: Path) -> None:
    environ = {"AMANAH_DATA": str(tmp_path / "data"), "AMANAH_KEYRING": str(tmp_path / "keyring.json")}
    assert isinstance(open_mailer(load_settings(environ)), FolderMailer)
    smtp = load_settings(environ | {"AMANAH_MAIL": "smtp", "AMANAH_SMTP_URL": "smtps://mail.example"})
    assert isinstance(open_mailer(smtp), SmtpMailer)
    with pytest.raises(SettingsError, match="AMANAH_SMTP_URL"):
        open_mailer(replace(smtp, smtp_url=None))
