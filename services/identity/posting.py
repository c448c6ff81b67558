"""Sending the letters that are due: the worker's step. Each is taken under a claim, sent, and told by an event."""

from dataclasses import dataclass, field

from sqlalchemy import RowMapping, select

from services.contracts.identity import Template
from services.identity.address import new_secret, secret_hash
from services.identity.commands import letters as commands
from services.identity.commands.letters import SECRET_HOLDS, Secret
from services.identity.context import Context
from services.identity.letters import tongue_of, write
from services.identity.lookups import account_of_client, account_row
from services.identity.mail import Mail, MailUnavailable
from services.identity.readmodels import clinics, invitations, letters
from services.kernel.fields import Code
from services.kernel.service import Service
from services.kernel.store.write import NameTaken
from services.kernel.work import Who

SELF = Who("service/identity")
AT_ONCE = 50  # letters of one step


@dataclass(frozen=True, slots=True)
class Reached:
    """Whom a letter goes to: ``subject`` is the account or the invitation, ``address`` is opened for sending alone."""

    subject: str
    address: str = field(repr=False)
    locale: str | None


def send_due(context: Context) -> int:
    """Send every letter that is due; how many the mail server took."""
    service = context.service
    due = select(letters).where(letters.c.due <= service.clock()).order_by(letters.c.due).limit(AT_ONCE)
    return sum(_send(context, letter) for letter in service.query(due))


def reach(service: Service, template: Template, person: str) -> Reached | Code:
    """The address of an account, a client or an invitation; or the code of why there is none."""
    if template == "invitation":
        found = service.query(select(invitations).where(invitations.c.invitation == person))
        if not found or found[0]["answer"] is not None:
            return Code("not_pending")
        return _opened(service, person, found[0]["issued"], None)
    account = account_of_client(service, person) or person
    row = account_row(service, account)
    if row is None:
        return Code("not_known")
    return _opened(service, account, row["registered"], row["locale"])


def letter_to(context: Context, reached: Reached, template: Template, notice: str, clinic: str | None) -> None:
    """Write and send one letter without a secret. Raises ``MailUnavailable``."""
    context.mailer.send(_compose(context, reached, template, notice, clinic, None))


def _send(context: Context, letter: RowMapping) -> bool:
    service = context.service
    template: Template = letter["template"]
    reached = reach(service, template, letter["person"])
    if not isinstance(reached, Reached):
        service.do(SELF, commands.failed, letter, reached)
        return False
    secret = new_secret() if template in SECRET_HOLDS else None
    kept = None if secret is None else Secret(secret_hash(secret), reached.subject)
    try:
        service.do(SELF, commands.take, letter, kept)  # the secret's hash is durable before the letter is out
    except NameTaken:
        return False
    try:
        context.mailer.send(_compose(context, reached, template, letter["notice"], letter["clinic"], secret))
    except MailUnavailable:
        service.do(SELF, commands.try_later, letter)
        return False
    service.do(SELF, commands.sent, letter)
    return True


def _compose(
    context: Context, reached: Reached, template: Template, notice: str, clinic: str | None, secret: str | None
) -> Mail:
    service = context.service
    spoken = service.query(select(clinics.c.languages).where(clinics.c.clinic == clinic))
    languages = spoken[0]["languages"].split() if spoken else []
    tongue = tongue_of(reached.locale, *languages)
    letter = write(template, tongue, context.settings.url, secret)
    return Mail(notice, reached.address, letter.subject, letter.text, tongue, service.clock())


def _opened(service: Service, subject: str, event_id: str, locale: str | None) -> Reached | Code:
    """Open the address in order to write to it; ``notice-sent`` tells that it was used."""
    ref = (event_id, "email")
    opened = service.reader.for_decision([ref])[ref]
    if not isinstance(opened, str):
        return Code("erased")
    return Reached(subject, opened, locale)
