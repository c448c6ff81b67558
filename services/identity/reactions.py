"""What identity does when another service's event arrives: it reaches the person. The letter itself goes out later."""

from services.contracts.sessions import NoticeDue
from services.identity.commands.letters import queue
from services.kernel.events import Entry
from services.kernel.listening import Reactions
from services.kernel.work import Work

REACTIONS = Reactions()


@REACTIONS.on(NoticeDue)
def _notice_due(work: Work, entry: Entry[NoticeDue]) -> None:
    """Queue a letter to a client or an account. References and times stay behind: a letter carries no content."""
    event = entry.data
    queue(work, event.template, event.person, clinic=entry.clinic, notice=event.notice)
