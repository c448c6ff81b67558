"""The operations of sessions over HTTP, one noun a module, and the shapes of what they take and give."""

from services.sessions.api.availability import availability
from services.sessions.api.clients import clients
from services.sessions.api.consents import consents
from services.sessions.api.meeting import meeting
from services.sessions.api.records import records
from services.sessions.api.sessions import sessions
from services.sessions.api.status import status

BLUEPRINTS = (availability, clients, consents, records, sessions, meeting, status)
