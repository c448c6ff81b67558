"""The tables of the read models, and the plain one beside them. They hold ids, codes and instants, never a word of a
client.

``TABLES`` can be rebuilt from nothing by the projections. ``PLAIN`` is a queue: the erasures to be carried out; a
rebuild leaves it alone.
"""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text

from services.kernel.http.serving import revocations_table

TABLES = MetaData()
PLAIN = MetaData()

clinics = Table(
    "clinics",
    TABLES,
    Column("clinic", Text, primary_key=True),
    Column("jurisdiction", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("retention_floor_years", Integer, nullable=False),
)

# Clinics whose key exists, so that words can be sealed.
opened = Table("opened", TABLES, Column("clinic", Text, primary_key=True))

memberships = Table(
    "memberships",
    TABLES,
    Column("membership", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("clinic", Text),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text),
    Column("ended", Text),
    Index("memberships_account", "account"),
    Index("memberships_clinic", "clinic", "role"),
)

profiles = Table(
    "profiles",
    TABLES,
    Column("counselor", Text, primary_key=True),
    Column("languages", Text, nullable=False),
    Column("home", Text, nullable=False),
)

# The newest revision of each clearance, and of each place's rules, as JSON of the published form.
clearances = Table(
    "clearances",
    TABLES,
    Column("counselor", Text, nullable=False),
    Column("profession", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("counselor", "profession", "place", name="clearances_pkey"),
)

place_rules = Table(
    "place_rules",
    TABLES,
    Column("place", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("body", Text, nullable=False),
)

availability = Table(
    "availability",
    TABLES,
    Column("counselor", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)

# As identity told: this person is a client of this clinic.
joined = Table(
    "joined",
    TABLES,
    Column("client", Text, primary_key=True),
    Column("clinic", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("left", Text),
)

# As the client told: the intake is done.
clients = Table(
    "clients",
    TABLES,
    Column("client", Text, primary_key=True),
    Column("clinic", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("version", Integer, nullable=False),
)

# Which event carries which words of a client.
client_words = Table(
    "client_words",
    TABLES,
    Column("client", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("event", Text, nullable=False),
    PrimaryKeyConstraint("client", "field", name="client_words_pkey"),
)

consents = Table(
    "consents",
    TABLES,
    Column("client", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("locale", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("withdrawn", Text),
    PrimaryKeyConstraint("client", "item", name="consents_pkey"),
)

sessions = Table(
    "sessions",
    TABLES,
    Column("session", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("reference", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("counselor", Text, nullable=False),
    Column("start", Text, nullable=False),
    Column("ends", Text, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("zone", Text, nullable=False),
    Column("modality", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("attested", Boolean, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("booked_at", Text, nullable=False),
    Column("started_at", Text),
    Column("ended_at", Text),
    Column("outcome", Text),
    Column("absent", Text),
    Column("cancelled_by", Text),
    Column("reason", Text),
    Column("words", Text),  # the event that carries words about how it went
    Index("sessions_counselor", "counselor", "start"),
    Index("sessions_client", "client", "start"),
    Index("sessions_clinic", "clinic", "start"),
    Index("sessions_booked_at", "booked_at"),
)

notes = Table(
    "notes",
    TABLES,
    Column("note", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("length", Text, nullable=False),
    Column("time", Text, nullable=False),
    Index("notes_client", "client", "time"),
)

looks = Table(
    "looks",
    TABLES,
    Column("event", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("time", Text, nullable=False),
    PrimaryKeyConstraint("client", "event", name="looks_pkey"),
)

holds = Table(
    "holds",
    TABLES,
    Column("hold", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("lifted", Text),
    Index("holds_client", "client"),
)

# Whose erasure identity has ordered.
erasure_orders = Table(
    "erasure_orders",
    TABLES,
    Column("erasure", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Index("erasure_orders_client", "client"),
)

# Erasures to be carried out, and when to look at each: its time by the order, then as long as the words are kept. The
# row goes with the last answer, so that this stays as short as what is still to be done.
erasures_due = Table(
    "erasures_due",
    PLAIN,
    Column("erasure", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("erasures_due_at", "at"),
)

revocations = revocations_table(TABLES)
