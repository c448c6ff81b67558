"""The plain tables: changed in the transaction of the event that records the fact, and never built again.

What opens an account, the counters, the hashes of secrets, the letters that wait; and the link from an account to its
clients, which no event carries and which erasure deletes.
"""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, Text, UniqueConstraint

PLAIN = MetaData()

passwords = Table(
    "passwords",
    PLAIN,
    Column("account", Text, primary_key=True),
    Column("hash", Text, nullable=False),  # argon2id, in its own text form
)

sign_ins = Table(
    "sign_ins",
    PLAIN,
    Column("sid", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("ended", Text),
    Index("sign_ins_account", "account"),
    Index("sign_ins_at", "at"),
)

# Failures in a row, by what they are counted for: the index of an address, a keyed hash of a source.
throttles = Table(
    "throttles",
    PLAIN,
    Column("name", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last", Text, nullable=False),
    Column("told", Boolean, nullable=False),  # whether a try that had to wait was recorded since the last failure
    Index("throttles_last", "last"),
)

# Secrets sent by mail or printed at the first start: their SHA-256 alone.
tokens = Table(
    "tokens",
    PLAIN,
    Column("hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),  # the account or the invitation that it is for; of a founding none: ""
    Column("clinic", Text),
    Column("password", Text),  # the hash of the password chosen with it, which counts once the address is proven
    Column("expires", Text, nullable=False),
    Index("tokens_subject", "subject"),
    Index("tokens_expires", "expires"),
)

links = Table(
    "links",
    PLAIN,
    Column("client", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    UniqueConstraint("account", "clinic", name="links_account_clinic_key"),
)

# Letters that wait to be sent. The secret of a letter is made when it is sent, so none lies here.
letters = Table(
    "letters",
    PLAIN,
    Column("notice", Text, primary_key=True),
    Column("template", Text, nullable=False),
    Column("person", Text, nullable=False),  # an account, a client or an invitation
    Column("clinic", Text),
    Column("password", Text),
    Column("tries", Integer, nullable=False),
    Column("due", Text, nullable=False),
)
