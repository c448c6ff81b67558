"""The first tables of sessions."""

from alembic import context, op

from services.kernel.store.schema import first_revision
from services.sessions.readmodels import PLAIN, TABLES

revision = "0001"
down_revision = None


def upgrade() -> None:
    first_revision(op.get_bind(), context.config.attributes, TABLES, PLAIN)
