"""The first tables of audit. The log's own are append-only, for everybody."""

from alembic import context, op

from services.audit.readmodels import FINAL, PLAIN, TABLES
from services.kernel.store.schema import first_revision, make_final

revision = "0001"
down_revision = None


def upgrade() -> None:
    first_revision(op.get_bind(), context.config.attributes, TABLES, PLAIN)
    make_final(op.get_bind(), context.config.attributes["service"], *FINAL)
