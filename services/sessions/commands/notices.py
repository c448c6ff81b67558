"""Telling people that something happened. Identity sends the mail, which carries no content."""

from services.contracts.identity import Template
from services.contracts.sessions import NoticeDue
from services.kernel.fields import PersonId
from services.kernel.work import Work
from services.sessions import streams
from services.sessions.domain.session import Session


def tell_both(work: Work, session: Session, template: Template) -> None:
    """A notice is due to client and counselor."""
    for person in (session.client, session.counselor):
        tell(work, session, person, template)


def tell(work: Work, session: Session, person: PersonId, template: Template) -> None:
    """A notice about a session is due to one person."""
    notice = work.new_id()
    due = NoticeDue(
        notice=notice, person=person, template=template, reference=session.reference, instants=(session.start,)
    )
    work.append(streams.notice(notice), due, clinic=session.clinic)
