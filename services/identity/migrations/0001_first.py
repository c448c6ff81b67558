"""The first tables of identity."""

from alembic import context, op

from services.identity.readmodels import PLAIN, TABLES
from services.kernel.store.schema import first_revision

revision = "0001"
down_revision = None


def upgrade() -> None:
    first_revision(op.get_bind(), context.config.attributes, TABLES, PLAIN)
