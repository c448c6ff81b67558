"""Letters on their way: queued with the event that causes them, sent by the worker, told by an event.

A letter's secret is made when it is sent, so that none lies in the queue; sending again makes a new one. A letter may
go out twice after a crash; it is never lost.
"""

from dataclasses import dataclass

from sqlalchemy import RowMapping

from services.contracts.identity import NoticeFailed, NoticeSent, PasswordResetAsked, Template
from services.identity import streams
from services.identity.readmodels import letters, tokens
from services.kernel.fields import Code, Id, PersonId
from services.kernel.time import Instant, plus
from services.kernel.work import Work

TRIES = 5
FIRST_PAUSE = 30  # seconds before the second try; each pause is four times the one before
LEASE = 120  # seconds in which no other worker takes the same letter

# Seconds for which the secret of a letter holds. Templates that are not here carry none.
SECRET_HOLDS: dict[str, int] = {"invitation": 7 * 86_400, "confirm_email": 2 * 86_400, "password_reset": 3600}


@dataclass(frozen=True, slots=True)
class Secret:
    """The hash of a letter's secret, and what it opens."""

    hash: str
    subject: str


def queue(
    work: Work,
    template: Template,
    person: str,
    *,
    clinic: str | None = None,
    notice: Id | None = None,
    password: str | None = None,
) -> None:
    """Let the worker write to a person (an account, a client, an invitation); once for one ``notice``."""
    work.rows.add(
        letters,
        notice=notice or work.new_id(),
        template=template,
        person=person,
        clinic=clinic,
        password=password,
        tries=0,
        due=work.now,
    )


def take(work: Work, letter: RowMapping, secret: Secret | None) -> None:
    """Take a letter for sending. Raises ``NameTaken`` when another worker was faster."""
    tries = letter["tries"] + 1
    work.claim_name("letter", f"{letter['notice']}/{tries}", letter["notice"])
    work.rows.update(letters, {"notice": letter["notice"]}, tries=tries, due=plus(work.now, seconds=LEASE))
    if letter["template"] == "password_reset" and tries == 1:
        account = PersonId(letter["person"])
        work.entries(streams.account(account))
        work.append(streams.account(account), PasswordResetAsked(account=account))
    if secret is not None:
        work.rows.insert(
            tokens,
            hash=secret.hash,
            kind=letter["template"],
            subject=secret.subject,
            clinic=letter["clinic"],
            password=letter["password"],
            expires=plus(work.now, seconds=SECRET_HOLDS[letter["template"]]),
        )


def sent(work: Work, letter: RowMapping) -> None:
    """The mail server has taken it."""
    told = NoticeSent(notice=Id(letter["notice"]), template=letter["template"], count=letter["tries"] + 1)
    _close(work, letter, told)


def failed(work: Work, letter: RowMapping, reason: Code) -> None:
    """It was tried often enough, or there is nobody to write to."""
    _close(work, letter, NoticeFailed(notice=Id(letter["notice"]), template=letter["template"], reason=reason))


def try_later(work: Work, letter: RowMapping, reason: Code) -> None:
    """It was not taken: try again after a pause that grows, and give up after ``TRIES``, for the last ``reason``."""
    if letter["tries"] + 1 >= TRIES:
        failed(work, letter, reason)
        return
    due: Instant = plus(work.now, seconds=FIRST_PAUSE * 4 ** letter["tries"])
    work.rows.update(letters, {"notice": letter["notice"]}, due=due)


def _close(work: Work, letter: RowMapping, event: NoticeSent | NoticeFailed) -> None:
    work.rows.delete(letters, notice=letter["notice"])
    work.release_names(letter["notice"])
    work.append(streams.notice(letter["notice"]), event, clinic=letter["clinic"])
