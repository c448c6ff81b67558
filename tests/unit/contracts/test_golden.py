"""Every event ever released can be read by this release, and the present ones are written as they were."""

import json
import re
from pathlib import Path

import pytest

from services.contracts.licensing import CredentialRecorded
from services.kernel.codec import decode, encode
from services.kernel.events import EventType, find_type
from tests.golden import FOLDER, declared, path_of, sample, write_missing

KINDS = declared()
VERSIONS = [(kind, version) for kind in KINDS for version in range(1, kind.version + 1)]
FILES = sorted(FOLDER.glob("*.json"))


def body_of(path: Path) -> bytes:
    return path.read_bytes().removesuffix(b"\n")


@pytest.mark.parametrize(("kind", "version"), VERSIONS, ids=[f"{kind.name}.v{version}" for kind, version in VERSIONS])
def test_every_version_has_its_golden_event_and_is_read(kind: EventType, version: int) -> None:
    path = path_of(kind, version)
    assert path.exists(), "write it with: python -m tests.golden (an older version: keep the file that was released)"
    entry = decode(body_of(path))
    assert isinstance(entry.data, kind.cls)
    assert json.loads(body_of(path))["typeversion"] == version


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_the_present_version_is_written_with_the_very_same_bytes(kind: EventType) -> None:
    body = body_of(path_of(kind, kind.version))
    assert encode(decode(body)) == body


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_no_golden_event_is_of_a_type_that_was_given_up(path: Path) -> None:
    named = re.fullmatch(r"(.+)\.v(\d+)\.json", path.name)
    assert named is not None
    kind = find_type(named[1])
    assert kind is not None, f"{named[1]} was released; it must stay declared"
    assert 1 <= int(named[2]) <= kind.version


def test_a_credential_recorded_in_version_1_was_recorded_by_its_counselor() -> None:
    entry = decode(body_of(FOLDER / "licensing.credential-recorded.v1.json"))
    assert isinstance(entry.data, CredentialRecorded)
    assert entry.data.recorded_by == entry.data.counselor == "0190a1b2-0000-7000-8000-000000000002"


def test_a_golden_event_fills_every_field_and_is_never_rewritten() -> None:
    assert list(write_missing()) == []
    for kind in KINDS:
        assert None not in [getattr(sample(kind).data, name) for name in kind.cls.__dataclass_fields__]
