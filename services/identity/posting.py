"""Sending the letters that are due: the worker's step. Each is taken under a claim, sent, and told by an event.

No letter stands in another's way: whatever goes wrong with one is told as its own failure.
"""

import logging
from dataclasses import dataclass, field

from sqlalchemy import RowMapping, select

from services.contracts.identity import Template
from services.identity.address import new_secret, secret_hash
from services.identity.commands import letters as commands
from services.identity.commands.letters import SECRET_HOLDS, Secret
from services.identity.context import Context
from services.identity.letters import Kept, tongue_of, write
from services.identity.lookups import account_of_client, account_row
from services.identity.mail import Mail, MailUnavailable
from services.identity.readmodels import clinics, invitations, letters
from services.kernel.fields import Code
from services.kernel.service import Service
from services.kernel.store.write import NameTaken
from services.kernel.work import Who

_log = logging.getLogger(__name__)

SELF = Who("service/identity")
AT_ONCE = 50  # letters of one step


@dataclass(frozen=True, slots=True)
class Reached:
    """Whom a letter goes to: ``subject`` is the account or the invitation, ``address`` is opened for sending alone."""

    subject: str
    address: str = field(repr=False)
    locale: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter to be written. ``kept`` is for the one about the end of an erasure."""

    template: Template
    notice: str
    clinic: str | None
    secret: str | None = field(default=None, repr=False)
    kept: Kept | None = None


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


def post(context: Context, reached: Reached, draft: Draft) -> Code | None:
    """Write and send one letter; the code of why it was not taken, or none where it was."""
    try:
        context.mailer.send(_compose(context, reached, draft))
    except Exception as error:  # the log gets its kind alone: an address may stand in its text
        _log.warning("a letter was not sent", extra={"notice": draft.notice, "error": type(error).__name__})
        return Code("mail_unavailable" if isinstance(error, MailUnavailable) else "not_deliverable")
    return None


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
    reason = post(context, reached, Draft(template, letter["notice"], letter["clinic"], secret))
    if reason is not None:
        service.do(SELF, commands.try_later, letter, reason)
        return False
    service.do(SELF, commands.sent, letter)
    return True


def _compose(context: Context, reached: Reached, draft: Draft) -> Mail:
    service = context.service
    spoken = service.query(select(clinics.c.languages).where(clinics.c.clinic == draft.clinic))
    languages = spoken[0]["languages"].split() if spoken else []
    tongue = tongue_of(reached.locale, *languages)
    letter = write(draft.template, tongue, context.settings.url, draft.secret, draft.kept)
    return Mail(draft.notice, reached.address, letter.subject, letter.text, tongue, service.clock())


def _opened(service: Service, subject: str, event_id: str, locale: str | None) -> Reached | Code:
    """Open the address in order to write to it; ``notice-sent`` tells that it was used."""
    ref = (event_id, "email")
    opened = service.reader.for_decision([ref])[ref]
    if not isinstance(opened, str):
        return Code("erased")
    return Reached(subject, opened, locale)
