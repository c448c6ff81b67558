"""What the tables of the kernel need beyond columns: append-only events, times that cannot overlap, and rights.

PostgreSQL: ``append_event`` numbers and chains an event under its lane's lock; it must be VOLATILE and run under READ
COMMITTED, so that its second statement sees what the last holder of the lock committed. Rights are given to three
roles a service: *app* (reads; inserts events; changes plain rows), *eraser* (may delete keys and sealed values) and
*reader*. UPDATE, DELETE and TRUNCATE of events raise for everybody, the owner too.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, insert, text, update

from services.kernel.ids import new_id
from services.kernel.store.tables import KERNEL, stores

# The first of two advisory-lock numbers; 20261 is that of a lane's appends, below.
CLAIM_LOCK = 20262  # the second is a hash of the resource
LEAD_LOCK = 20263  # session locks of relay leaders; the second is the lane

_POSTGRES = (
    """
create or replace function append_event(p_head bytea, p_lane int, p_id text, p_stream text, p_streamversion int,
    p_type text, p_typeversion int, p_clinic text, p_time text, p_body bytea)
returns bigint language plpgsql volatile as $$
declare s bigint; c bytea;
begin
  perform pg_advisory_xact_lock(20261, p_lane);
  select e.sequence, e.chain into s, c from events e where e.lane = p_lane order by e.sequence desc limit 1;
  if not found then s := 0; c := decode(repeat('00', 32), 'hex'); end if;
  s := s + 1;
  c := sha256(p_head || '\\x00000008' || int8send(p_lane) || '\\x00000008' || int8send(s)
              || '\\x00000020' || c || '\\x00000020' || sha256(p_body));
  insert into events (lane, sequence, chain, id, stream, streamversion, type, typeversion, clinic, time, body)
  values (p_lane, s, c, p_id, p_stream, p_streamversion, p_type, p_typeversion::smallint, p_clinic, p_time, p_body);
  return s;
end $$
""",
    """
create or replace function events_are_final() returns trigger language plpgsql as $$
begin
  raise exception 'events are append-only: % is not allowed', tg_op using errcode = 'insufficient_privilege';
end $$
""",
    """
create trigger events_no_change before update or delete on events
for each row execute function events_are_final()
""",
    """
create trigger events_no_truncate before truncate on events
for each statement execute function events_are_final()
""",
    "create extension if not exists btree_gist",
    """
alter table times add constraint times_no_overlap
exclude using gist (person with =, int8range(starts, ends) with &&)
""",
)

_SQLITE = (
    """
create trigger events_no_update before update on events
begin select raise(abort, 'events are append-only: UPDATE is not allowed'); end
""",
    """
create trigger events_no_delete before delete on events
begin select raise(abort, 'events are append-only: DELETE is not allowed'); end
""",
    """
create trigger times_no_overlap before insert on times
when exists (select 1 from times t where t.person = new.person and t.starts < new.ends and new.starts < t.ends)
begin select raise(abort, 'times_no_overlap'); end
""",
)

_APP_READS_AND_INSERTS = ("events", "sealed_values")


def create_kernel(connection: Connection, service: str, incarnation: str, lanes: int) -> None:
    """Make the kernel's tables, functions and triggers in an empty database of one service."""
    KERNEL.create_all(connection)
    for statement in _POSTGRES if connection.dialect.name == "postgresql" else _SQLITE:
        connection.execute(text(statement))
    connection.execute(insert(stores).values(service=service, incarnation=incarnation, lanes=lanes))


_FINAL_POSTGRES = (
    """
create or replace function rows_are_final() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is not allowed', tg_table_name, tg_op using errcode = 'insufficient_privilege';
end $$
""",
    "create trigger {0}_no_change before update or delete on {0} for each row execute function rows_are_final()",
    "create trigger {0}_no_truncate before truncate on {0} for each statement execute function rows_are_final()",
)
_FINAL_SQLITE = (
    """
create trigger {0}_no_update before update on {0}
begin select raise(abort, '{0} is append-only: UPDATE is not allowed'); end
""",
    """
create trigger {0}_no_delete before delete on {0}
begin select raise(abort, '{0} is append-only: DELETE is not allowed'); end
""",
)


def make_final(connection: Connection, service: str, *tables: str) -> None:
    """Make tables of a service append-only as ``events`` is: by triggers, and for the app by its rights."""
    on_postgres = connection.dialect.name == "postgresql"
    for table in tables:
        for statement in _FINAL_POSTGRES if on_postgres else _FINAL_SQLITE:
            connection.execute(text(statement.replace("{0}", table)))
    app = f"{service}_app"
    if on_postgres and connection.scalar(text("select 1 from pg_roles where rolname = :role"), {"role": app}):
        connection.execute(text(f"revoke update, delete, truncate on {', '.join(tables)} from {app}"))


def raise_lanes(connection: Connection, service: str, lanes: int) -> None:
    """Give the store so many lanes, where it has fewer. What lies in a lane stays there, so they are never lowered."""
    fewer = (stores.c.service == service, stores.c.lanes < lanes)
    connection.execute(update(stores).where(*fewer).values(lanes=lanes))


def grant_rights(connection: Connection, service: str) -> None:
    """Give the roles ``<service>_app``, ``_eraser`` and ``_reader`` their rights, where these roles exist."""
    if connection.dialect.name != "postgresql":
        return
    app, eraser, reader = (f"{service}_{role}" for role in ("app", "eraser", "reader"))
    for role, statements in {
        app: _app_rights(app),
        eraser: _eraser_rights(eraser),
        reader: _reader_rights(reader),
    }.items():
        if connection.scalar(text("select 1 from pg_roles where rolname = :role"), {"role": role}):
            for statement in statements:
                connection.execute(text(statement))


def _app_rights(role: str) -> tuple[str, ...]:
    return (
        f"grant usage on schema public to {role}",
        f"grant select, insert, update, delete on all tables in schema public to {role}",
        f"revoke update, delete, truncate on {', '.join(_APP_READS_AND_INSERTS)} from {role}",
        f"revoke delete, update, truncate on data_keys, fences from {role}",
        f"revoke insert, update, delete on stores from {role}",
        f"grant execute on all functions in schema public to {role}",
    )


def _eraser_rights(role: str) -> tuple[str, ...]:
    return (
        f"grant usage on schema public to {role}",
        f"grant select, delete on data_keys, sealed_values to {role}",
        f"grant update (key_id) on data_keys to {role}",  # PostgreSQL asks this of who locks a row
        f"grant select, insert on fences to {role}",
    )


def _reader_rights(role: str) -> tuple[str, ...]:
    return (f"grant usage on schema public to {role}", f"grant select on all tables in schema public to {role}")


def first_revision(connection: Connection, attributes: Mapping[str, Any], *tables: MetaData) -> None:
    """The first revision of a service: the kernel's tables, its own, and everybody's rights."""
    service: str = attributes["service"]
    create_kernel(connection, service, new_id(), attributes["lanes"])
    for own in tables:
        own.create_all(connection)
    grant_rights(connection, service)
