"""The tables that every service has. Columns of ``events`` are an index of the bytes; ``verify`` compares the two."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

KERNEL = MetaData()

events = Table(
    "events",
    KERNEL,
    Column("lane", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("id", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("streamversion", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("typeversion", SmallInteger, nullable=False),
    Column("clinic", Text),
    Column("time", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("lane", "sequence", name="events_pkey"),
    UniqueConstraint("stream", "streamversion", name="events_stream_streamversion_key"),
    UniqueConstraint("id", name="events_id_key"),
)

# One row: which life of this store is being written. A declared loss begins a new incarnation.
stores = Table(
    "stores",
    KERNEL,
    Column("service", Text, primary_key=True),
    Column("incarnation", Text, nullable=False),
    Column("lanes", Integer, nullable=False),
)

# The lane of a clinic, assigned once.
lanes = Table("lanes", KERNEL, Column("clinic", Text, primary_key=True), Column("lane", Integer, nullable=False))

# Wrapped data keys, one per keyholder and purpose. Mutable on purpose: erasing deletes the row.
data_keys = Table(
    "data_keys",
    KERNEL,
    Column("key_id", Text, primary_key=True),
    Column("keyholder", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    Column("kek", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("wrapped", Text, nullable=False),
    UniqueConstraint("keyholder", "purpose", name="data_keys_keyholder_purpose_key"),
)

# Ciphertext. The foreign key is the fence: without its key's row no value can be sealed, and a deleted key takes them.
sealed_values = Table(
    "sealed_values",
    KERNEL,
    Column("event_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column(
        "key_id",
        Text,
        ForeignKey("data_keys.key_id", ondelete="CASCADE", name="sealed_values_key_id_fkey"),
        nullable=False,
    ),
    Column("envelope", LargeBinary, nullable=False),
    PrimaryKeyConstraint("event_id", "field", name="sealed_values_pkey"),
    Index("sealed_values_key", "key_id"),
)

# The fence: keyholders whose keys were destroyed, and by which order. Nothing is sealed for them any more.
fences = Table(
    "fences",
    KERNEL,
    Column("keyholder", Text, primary_key=True),
    Column("erasure", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("sealed_values", Integer, nullable=False),
)

# Names that may be held only once: an e-mail's blind index, a reference, a guard on a number that was read.
names = Table(
    "names",
    KERNEL,
    Column("scope", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    PrimaryKeyConstraint("scope", "name", name="names_pkey"),
    Index("names_owner", "owner"),
)

# A person's times that are taken: [starts, ends) in microseconds since 1970. Overlap for one person is impossible
# (schema.py).
times = Table(
    "times",
    KERNEL,
    Column("person", Text, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    PrimaryKeyConstraint("person", "starts", name="times_pkey"),
    CheckConstraint("starts < ends", name="times_bounded"),
    Index("times_owner", "owner"),
)

# What was answered to a request that carried an Idempotency-Key. Status, place and version only; never content.
answers = Table(
    "answers",
    KERNEL,
    Column("actor", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("location", Text),
    Column("etag", Text),
    Column("time", Text, nullable=False),
    PrimaryKeyConstraint("actor", "operation", "key", name="answers_pkey"),
    Index("answers_time", "time"),
)

# How far the relay has published a lane.
relayed = Table(
    "relayed",
    KERNEL,
    Column("lane", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
)

# How far this service has applied another's lane.
positions = Table(
    "positions",
    KERNEL,
    Column("service", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("incarnation", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("offset", BigInteger, nullable=False),
    PrimaryKeyConstraint("service", "lane", name="positions_pkey"),
    CheckConstraint("sequence >= 0", name="positions_sequence"),
)

# Up to when this service knows everything of another's lane (``log.heads``); its web processes read it here.
known = Table(
    "known",
    KERNEL,
    Column("service", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("until", Text, nullable=False),
    PrimaryKeyConstraint("service", "lane", name="known_pkey"),
)

# Events that could not be applied, and the later ones of their streams, set aside until somebody looks.
parked = Table(
    "parked",
    KERNEL,
    Column("service", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("stream", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("time", Text, nullable=False),
    PrimaryKeyConstraint("service", "lane", "sequence", name="parked_pkey"),
    CheckConstraint("sequence >= 0", name="parked_sequence"),
    Index("parked_stream", "service", "stream"),
)
