"""The read models: what queries and decisions look up, built from our own events and from what others publish.

They hold ids, codes and instants, never a word of a client: for words they name the event that carries them. A row is
owned by one stream; so what identity tells of a client and what the client told us stand in two tables.
"""

from services.sessions.readmodels import clients, contacts, learned
from services.sessions.readmodels.registry import PROJECTIONS
from services.sessions.readmodels.tables import PLAIN, TABLES

__all__ = ["PLAIN", "PROJECTIONS", "TABLES", "clients", "contacts", "learned"]
