"""What the audit tests share: the published vectors, a naive tree to compare with, and a sample log."""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.domain.bundle import Logged, make_bundle
from services.audit.domain.checkpoint import Signer, sign_checkpoint
from services.audit.domain.tree import grow, nodes_of
from services.audit.verifier.chain import FIRST_PREVIOUS, chain
from services.audit.verifier.checkpoint import Checkpoint
from services.audit.verifier.event import parse_event
from services.audit.verifier.filter import Filter
from services.audit.verifier.leaf import Leaf, parse_leaf
from services.audit.verifier.note import Key
from services.audit.verifier.strict import FormatError
from services.audit.verifier.tree import CompactRange

_ran: Counter[str] = Counter()


def pytest_terminal_summary(terminalreporter):
    if _ran:
        listed = ", ".join(f"{name} {count}" for name, count in sorted(_ran.items()))
        terminalreporter.write_line(f"audit vectors that ran: {sum(_ran.values())} ({listed})")


@pytest.fixture
def ran():
    """Counts the vectors of a set that were checked, for the summary."""

    def count(name, number=1):
        _ran[name] += number

    return count


@pytest.fixture(scope="session")
def vectors():
    """Loads a file of published vectors, or skips where they are absent."""
    default = Path(__file__).resolve().parents[3].parent / "shared" / "vectors"
    folder = Path(os.environ.get("AMANAH_VECTORS", default))

    def load(name):
        if not (folder / name).is_file():
            pytest.skip(f"the public vectors {name} are not there; set AMANAH_VECTORS to their folder")
        return json.loads((folder / name).read_text("utf-8"))

    return load


class NaiveTree:
    """RFC 6962, section 2.1, word for word and slow: what the fast code is compared with."""

    @classmethod
    def root(cls, data):
        if not data:
            return sha256(b"").digest()
        if len(data) == 1:
            return sha256(b"\0" + data[0]).digest()
        middle = cls.split(len(data))
        return sha256(b"\1" + cls.root(data[:middle]) + cls.root(data[middle:])).digest()

    @classmethod
    def path(cls, index, data):
        if len(data) == 1:
            return []
        middle = cls.split(len(data))
        if index < middle:
            return [*cls.path(index, data[:middle]), cls.root(data[middle:])]
        return [*cls.path(index - middle, data[middle:]), cls.root(data[:middle])]

    @classmethod
    def proof(cls, old, data, whole=True):
        if old == len(data):
            return [] if whole else [cls.root(data)]
        middle = cls.split(len(data))
        if old <= middle:
            return [*cls.proof(old, data[:middle], whole), cls.root(data[middle:])]
        return [*cls.proof(old - middle, data[middle:], False), cls.root(data[:middle])]

    @staticmethod
    def split(size):
        middle = 1
        while middle * 2 < size:
            middle *= 2
        return middle


@pytest.fixture(scope="session")
def naive():
    return NaiveTree


@dataclass
class KeptTree:
    """A tree that grows in memory, keeping what the log keeps in its tables."""

    range: CompactRange = field(default_factory=CompactRange)
    levels: dict = field(default_factory=dict)

    def append(self, hashes):
        growth = grow(self.range, hashes)
        self.range = growth.range
        for kept in growth.kept:
            level = self.levels.setdefault(kept.level, [])
            assert kept.index == len(level)
            level.append(kept.hash)

    def read(self, level, start, count):
        return self.levels.get(level, [])[start : start + count]

    @property
    def nodes(self):
        return nodes_of(self.read)


@pytest.fixture(scope="session")
def kept_tree():
    return KeptTree


def signer(name, seed):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return Signer(Key(name, private.public_key().public_bytes_raw()), private.sign)


@pytest.fixture(scope="session")
def signer_of():
    """A signer by key name and 32-byte seed."""
    return signer


def finds(asked, body):
    """Whether the filter matches these bytes; what cannot be read matches nothing."""
    try:
        return asked.matches(parse_event(body))
    except FormatError:
        return False


class SampleLog:
    """Two services, two lanes, two clinics, in an order as they might arrive: the log that the bundles come from."""

    ORIGIN = "log.amanah.example/audit"

    def __init__(self, count=24):
        self.signer = signer(self.ORIGIN, bytes(range(32)))
        self.other_signer = signer(self.ORIGIN, b"\x07" * 32)
        self.logged = []
        newest = {}
        for index in range(count):
            service = "sessions" if index % 3 else "identity"
            lane = index % 2
            sequence, previous = newest.get((service, lane), (0, FIRST_PREVIOUS))
            body = self.event(index, service)
            digest = sha256(body).digest()
            value = chain(service, "1", lane, sequence + 1, previous, digest)
            newest[service, lane] = (sequence + 1, value)
            self.logged.append(Logged(index, Leaf(service, "1", lane, sequence + 1, value, digest).data(), body))
        self.rebuild()

    @staticmethod
    def event(index, service):
        document = {
            "specversion": "1.0",
            "id": f"event-{index:03}",
            "source": f"/amanah/{service}",
            "type": f"{service}.session-booked" if service == "sessions" else f"{service}.signed-in",
            "typeversion": 1,
            "subject": f"session-{index % 5}",
            "time": f"2026-11-24T07:00:{index:02}.000000Z",
            "clinic": "jakarta" if index % 4 else "phoenix",
            "actor": f"account-{index % 3}",
            "data": {"client": f"client-{index % 6}", "persons": [{"person": f"counselor-{index % 2}"}], "minutes": 50},
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def rebuild(self):
        """Grow the tree again from the leaves, and sign its head."""
        self.tree = KeptTree()
        self.tree.append(parse_leaf(logged.leaf).hash() for logged in self.logged)
        self.head = Checkpoint(self.ORIGIN, len(self.logged), self.tree.range.root())
        self.checkpoint = sign_checkpoint(self.head, [self.signer])

    @property
    def key(self):
        return self.signer.key.text()

    def bundle(self, asked=None, *, complete=False, checkpoint=None, key=None):
        asked = asked or Filter(mentions=("client-2",))
        return make_bundle(
            checkpoint=checkpoint or self.checkpoint,
            key=key or self.signer.key,
            filter=asked,
            found=[logged for logged in self.logged if finds(asked, logged.event)],
            nodes=self.tree.nodes,
            whole_log=self.logged if complete else None,
        )


@pytest.fixture
def log():
    return SampleLog()


@pytest.fixture(scope="session")
def sample_log_class():
    return SampleLog
