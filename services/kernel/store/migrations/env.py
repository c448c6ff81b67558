"""Alembic's entry: run the revisions of one service on the connection that ``store.opening`` gives."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    connection.execute(text("select pg_advisory_xact_lock(20264)"))  # one migration at a time

context.configure(connection=connection, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
