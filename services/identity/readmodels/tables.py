"""The tables that are built from events, and can be built again from nothing."""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text

from services.kernel.http.serving import revocations_table

TABLES = MetaData()

networks = Table(
    "networks",
    TABLES,
    Column("network", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("languages", Text, nullable=False),  # tags, with blanks between them
    Column("founded", Text, nullable=False),
)

clinics = Table(
    "clinics",
    TABLES,
    Column("clinic", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("languages", Text, nullable=False),
    Column("erasure_wait_days", Integer, nullable=False),
    Column("retention_floor_years", Integer, nullable=False),
    Column("version", Integer, nullable=False),
)

# Clinics whose key sessions has made: from now on words of their clients can be sealed.
openings = Table("openings", TABLES, Column("clinic", Text, primary_key=True), Column("at", Text, nullable=False))

accounts = Table(
    "accounts",
    TABLES,
    Column("account", Text, primary_key=True),
    Column("registered", Text, nullable=False),  # the event that holds the e-mail
    Column("locale", Text),
    Column("zone", Text),
    Column("confirmed", Boolean, nullable=False),
)

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
    Index("memberships_clinic", "clinic"),
)

invitations = Table(
    "invitations",
    TABLES,
    Column("invitation", Text, primary_key=True),
    Column("clinic", Text),
    Column("roles", Text, nullable=False),
    Column("expires", Text, nullable=False),
    Column("inviter", Text, nullable=False),
    Column("issued", Text, nullable=False),  # the event that holds the e-mail
    Column("answer", Text),
    Index("invitations_clinic", "clinic"),
)

clients = Table(
    "clients",
    TABLES,
    Column("client", Text, primary_key=True),
    Column("clinic", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("joined", Text, nullable=False),
    Column("left", Text),
)

erasures = Table(
    "erasures",
    TABLES,
    Column("erasure", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("not_before", Text, nullable=False),
    Column("ordered", Text),
    Column("completed", Text),
    Index("erasures_client", "client"),
    Index("erasures_state", "state", "not_before"),
)

erasure_answers = Table(
    "erasure_answers",
    TABLES,
    Column("erasure", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("until", Text),
    Column("basis", Text),
    Column("values", Integer, nullable=False),
    PrimaryKeyConstraint("erasure", "service", name="erasure_answers_pkey"),
)

holds = Table(
    "holds",
    TABLES,
    Column("hold", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("placed", Text, nullable=False),
    Column("lifted", Text),
    Index("holds_client", "client"),
)

revocations = revocations_table(TABLES)
