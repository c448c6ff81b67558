"""Tampering with a bundle, by hand and by chance: each kind is caught, and the check that caught it is named.

Most cases are made by somebody who knows the format and packs the archive again, so that no check can hide behind
the archive's checksums.
"""

import json
import random
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.checkpoint import sign_checkpoint
from services.audit.verifier.archive import pack, unpack
from services.audit.verifier.chain import chain
from services.audit.verifier.filter import Filter
from services.audit.verifier.frame import frame, frames
from services.audit.verifier.leaf import parse_leaf
from services.audit.verifier.note import Note, Signature
from services.audit.verifier.report import Outcome
from services.audit.verifier.strict import canonical
from services.audit.verifier.verify import verify_bundle


def edit(data, change):
    """The bundle after somebody who knows the format changed its files and packed it again."""
    files = unpack(data)
    change(files)
    return pack(files)


def edit_manifest(**members):
    def change(files):
        manifest = json.loads(files["manifest.json"])
        manifest.update({name: value(manifest) if callable(value) else value for name, value in members.items()})
        files["manifest.json"] = canonical(manifest)

    return change


def swap(one, other):
    def change(files):
        files[one], files[other] = files[other], files[one]

    return change


def rewrite(name, old, new):
    def change(files):
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def drop(name):
    return lambda files: files.pop(name)


def drop_entry(files):
    """Leave out an entry and everything that would show it."""
    manifest = json.loads(files["manifest.json"])
    left_out = manifest["entries"].pop(1)["index"]
    manifest["count"] -= 1
    files["manifest.json"] = canonical(manifest)
    for name in (f"events/{left_out}.json", f"leaves/{left_out}.json", f"proofs/{left_out}.tlog-proof"):
        del files[name]


def add_name_tricks(files):
    files["../../etc/cron.d/x"] = b"* * * * *"


def rewrite_event_and_leaf(files):
    """Change what happened, and make the leaf fit."""
    body = files["events/8.json"].replace(b'"minutes":50', b'"minutes":90')
    files["events/8.json"] = body
    files["leaves/8.json"] = replace(parse_leaf(files["leaves/8.json"]), sha256=sha256(body).digest()).data()


def swap_whole_entries(files):
    """Events and leaves of two entries change places; the ids in the manifest follow."""
    for folder in ("events", "leaves"):
        swap(f"{folder}/2.json", f"{folder}/8.json")(files)
    manifest = json.loads(files["manifest.json"])
    first, second = manifest["entries"][:2]
    first["event"], second["event"] = second["event"], first["event"]
    files["manifest.json"] = canonical(manifest)


def other_source(files):
    """The leaf claims another service than the event."""
    files["leaves/8.json"] = replace(parse_leaf(files["leaves/8.json"]), service="licensing").data()


def rename_entry(files):
    """Everything of the entry at 8 under the index 9, the proof untouched."""
    manifest = files["manifest.json"].replace(b"events/8.json", b"events/9.json").replace(b'"index":8', b'"index":9')
    files["manifest.json"] = manifest
    for name in ("events/{}.json", "leaves/{}.json", "proofs/{}.tlog-proof"):
        files[name.format(9)] = files.pop(name.format(8))


TAMPERED = {
    "an entry under another index": (rename_entry, "inclusion"),
    "no manifest": (drop("manifest.json"), "manifest"),
    "manifest with a space": (rewrite("manifest.json", b":", b": "), "manifest"),
    "manifest with an unknown key": (edit_manifest(note="believe me"), "manifest"),
    "manifest of another version": (edit_manifest(v=2), "manifest"),
    "manifest nested very deep": (edit_manifest(filter=lambda _: json.loads("[" * 400 + "]" * 400)), "manifest"),
    "a wrong count": (edit_manifest(count=3), "manifest"),
    "an entry left out of the list": (edit_manifest(entries=lambda found: found["entries"][1:]), "manifest"),
    "entries out of order": (edit_manifest(entries=lambda found: found["entries"][::-1]), "manifest"),
    "an entry twice": (
        edit_manifest(entries=lambda found: found["entries"][:1] + found["entries"], count=5),
        "manifest",
    ),
    "an entry's file elsewhere": (rewrite("manifest.json", b"events/8.json", b"../../8.json!"), "manifest"),
    "a key that is none": (edit_manifest(key="log+00000000+AAAA"), "manifest"),
    "half a character": (rewrite("manifest.json", b'"client-2"', b'"\\ud800"'), "manifest"),
    "an event's file taken away": (drop("events/8.json"), "files"),
    "a proof taken away": (drop("proofs/8.tlog-proof"), "files"),
    "a file added": (lambda files: files.update({"README": b"trust me"}), "files"),
    "a file outside of the folder": (add_name_tricks, "files"),
    "completeness claimed without the log": (edit_manifest(complete=True), "files"),
    "fewer leaves examined": (edit_manifest(examined=23), "checkpoint-form"),
    "another origin": (edit_manifest(origin="log.other.example"), "checkpoint-form"),
    "a checkpoint that is no note": (lambda files: files.update({"checkpoint": b"24\n"}), "checkpoint-form"),
    "a larger size in the checkpoint": (
        lambda files: (rewrite("checkpoint", b"\n24\n", b"\n25\n")(files), edit_manifest(examined=25)(files)),
        "checkpoint-signature",
    ),
    "a leaf with a space": (rewrite("leaves/8.json", b":", b": "), "leaf-form"),
    "a leaf without chain": (rewrite("leaves/8.json", b'"chain"', b'"chair"'), "leaf-form"),
    "one character of an event": (rewrite("events/8.json", b"counselor-0", b"counselor-1"), "event-bytes"),
    "an event cut short": (rewrite("events/8.json", b"}", b""), "event-bytes"),
    "two events swapped": (swap("events/2.json", "events/8.json"), "event-bytes"),
    "two leaves swapped": (swap("leaves/2.json", "leaves/8.json"), "event-bytes"),
    "another id in the manifest": (rewrite("manifest.json", b"event-008", b"event-009"), "leaf-matches-event"),
    "another service in the leaf": (other_source, "leaf-matches-event"),
    "event and leaf rewritten together": (rewrite_event_and_leaf, "inclusion"),
    "another lane in the leaf": (rewrite("leaves/8.json", b'"lane":0', b'"lane":1'), "inclusion"),
    "two whole entries swapped": (swap_whole_entries, "inclusion"),
    "two proofs swapped": (swap("proofs/2.tlog-proof", "proofs/8.tlog-proof"), "inclusion"),
    "a proof with unproven extra data": (rewrite("proofs/8.tlog-proof", b"index", b"extra AAAA\nindex"), "inclusion"),
    "a proof under another checkpoint": (rewrite("proofs/8.tlog-proof", b"\n24\n", b"\n25\n"), "inclusion"),
    "a proof for another index": (rewrite("proofs/8.tlog-proof", b"index 8", b"index 9"), "inclusion"),
    "another question": (rewrite("manifest.json", b'["client-2"]', b'["client-3"]'), "filter"),
    "a narrower question": (
        edit_manifest(filter={"mentions": ["client-2"], "until": "2026-11-24T07:00:10.000000Z"}),
        "filter",
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_tampering_fails_and_the_check_is_named(case, log):
    change, name = TAMPERED[case]
    for key in (log.key, None):
        report = verify_bundle(edit(log.bundle(), change), key)
        assert (report.outcome, report.failed, report.exit_code) == (Outcome.FAILED, name, 1)
        assert report.reason
        assert name in report.text()
        assert not report.proves


def whole_log_without_its_last(files):
    for name in ("log/leaves", "log/events"):
        files[name] = frame(*list(frames(files[name], name))[:-1])


def log_part(name, change):
    def edited(files):
        parts = list(frames(files[name], name))
        change(parts)
        files[name] = frame(*parts)

    return edited


def turn(parts):
    parts[5], parts[6] = parts[6], parts[5]


def alter(parts):
    parts[5] = parts[5].replace(b"client-5", b"client-2")


def rewrite_last_of_log(files):
    """The last event of the log and its leaf rewritten so that hash and chain fit: only the root is left to tell."""
    leaves, events = (list(frames(files[name], name)) for name in ("log/leaves", "log/events"))
    leaf, before = parse_leaf(leaves[23]), parse_leaf(leaves[19])
    assert (leaf.service, leaf.lane, leaf.sequence) == (before.service, before.lane, before.sequence + 1)
    events[23] = events[23].replace(b'"minutes":50', b'"minutes":90')
    digest = sha256(events[23]).digest()
    link = chain(leaf.service, leaf.incarnation, leaf.lane, leaf.sequence, before.chain, digest)
    leaves[23] = replace(leaf, sha256=digest, chain=link).data()
    files["log/leaves"], files["log/events"] = frame(*leaves), frame(*events)


COMPLETE_TAMPERED = {
    "the last event of the log rewritten with its chain": rewrite_last_of_log,
    "an entry left out": drop_entry,
    "a wider question": edit_manifest(filter={}),
    "the end of the log cut off": whole_log_without_its_last,
    "two leaves of the log turned": log_part("log/leaves", turn),
    "two events of the log turned": log_part("log/events", turn),
    "an event of the log changed": log_part("log/events", alter),
    "a leaf of the log that is none": log_part("log/leaves", lambda parts: parts.__setitem__(3, b"{}")),
    "the log ends within a length": lambda files: files.update({"log/events": files["log/events"] + b"\0\0"}),
    "the log ends within a part": lambda files: files.update({"log/events": files["log/events"] + b"\xff" * 4}),
}


@pytest.mark.parametrize("case", COMPLETE_TAMPERED)
def test_an_answer_that_is_not_complete_is_not_proven_complete(case, log):
    report = verify_bundle(edit(log.bundle(complete=True), COMPLETE_TAMPERED[case]), log.key)
    assert (report.outcome, report.failed) == (Outcome.FAILED, "completeness-statement")


def test_an_drop_entry_of_a_partial_bundle_is_not_called_complete(log):
    report = verify_bundle(edit(log.bundle(), drop_entry), log.key)
    assert any("nothing was left out" in sentence for sentence in report.leaves_open)


class TestOtherSigners:
    def test_signed_again_by_another_key_fails_against_the_log_key(self, log):
        forged = log.bundle(
            checkpoint=sign_checkpoint(log.head, [log.other_signer]),
            key=log.other_signer.key,
        )
        report = verify_bundle(forged, log.key)
        assert (report.outcome, report.failed) == (Outcome.FAILED, "checkpoint-signature")
        assert "log key that was given" in report.reason
        assert verify_bundle(forged).outcome is Outcome.SIGNER_UNKNOWN

    def test_a_whole_log_made_up_fails_against_the_log_key(self, log):
        real_key = log.key
        log.logged = log.logged[:-1]
        log.signer = log.other_signer
        log.rebuild()
        report = verify_bundle(log.bundle(complete=True), real_key)
        assert (report.outcome, report.failed) == (Outcome.FAILED, "checkpoint-signature")

    def test_the_checkpoint_alone_signed_again_fails_even_without_the_key(self, log):
        note = sign_checkpoint(log.head, [log.other_signer])
        report = verify_bundle(edit(log.bundle(), lambda files: files.update(checkpoint=note)))
        assert report.failed == "checkpoint-signature"

    def test_the_key_named_in_the_manifest_must_have_signed(self, log):
        changed = edit(log.bundle(), edit_manifest(key=log.other_signer.key.text()))
        assert verify_bundle(changed, log.key).failed == "checkpoint-signature"

    def test_a_key_of_another_log_proves_nothing(self, log, signer_of):
        stranger = signer_of("other.example", bytes(range(32)))
        assert verify_bundle(log.bundle(), stranger.key.text()).failed == "checkpoint-signature"

    def test_a_signer_that_is_not_named_after_the_log_proves_nothing(self, log, signer_of):
        stranger = signer_of("other.example", bytes(range(32)))
        text = log.head.text()
        note = Note(text, (Signature(stranger.key.name, stranger.key.id, stranger.sign(text.encode())),)).data()
        changed = edit(log.bundle(), edit_manifest(key=stranger.key.text()))
        changed = edit(changed, lambda files: files.update(checkpoint=note))
        for key in (stranger.key.text(), None):
            report = verify_bundle(changed, key)
            assert (report.failed, "belongs to" in report.reason) == ("checkpoint-signature", True)

    def test_both_keys_verify_while_one_is_being_replaced(self, log):
        note = sign_checkpoint(log.head, [log.signer, log.other_signer])
        data = log.bundle(checkpoint=note)
        for signer in (log.signer, log.other_signer):
            assert verify_bundle(data, signer.key.text()).outcome is Outcome.PROVEN


class TestForks:
    """What the log itself may hold when a producer lies."""

    def test_a_lane_that_forks_is_found(self, log):
        leaf = parse_leaf(log.logged[3].leaf)
        log.logged[3] = replace(log.logged[3], leaf=replace(leaf, chain=b"x" * 32).data())
        log.rebuild()
        assert verify_bundle(log.bundle(Filter(services=("identity",))), log.key).failed == "chain"

    def test_a_hole_in_a_lane_is_found_in_the_whole_log(self, log):
        del log.logged[3]
        log.logged = [replace(logged, index=index) for index, logged in enumerate(log.logged)]
        log.rebuild()
        report = verify_bundle(log.bundle(Filter(subjects=("session-1",)), complete=True), log.key)
        assert report.failed == "completeness-statement"
        assert "is missing" in report.reason


def test_every_sampled_byte_flip_fails_in_the_archive(log):
    data = log.bundle()
    choose = random.Random(4)
    for at in choose.sample(range(len(data)), 400):
        changed = bytearray(data)
        changed[at] ^= choose.randrange(1, 256)
        report = verify_bundle(bytes(changed), log.key)
        assert (report.outcome, report.failed) == (Outcome.FAILED, "zip")


def test_every_sampled_byte_flip_inside_a_file_fails_although_it_was_packed_again(log):
    """Nothing is believed because of the archive: each file is held by a check of its own.

    The manifest's filter is the one thing in a partial bundle that nobody signed, so it is not flipped here.
    """
    files = unpack(log.bundle())
    choose = random.Random(5)
    failed = set()
    for name in files:
        for at in choose.sample(range(len(files[name])), 25):
            changed = bytearray(files[name])
            changed[at] ^= choose.randrange(1, 256)
            if name == "manifest.json" and b'"filter":{"mentions":["client-2"]}' not in changed:
                continue
            report = verify_bundle(pack({**files, name: bytes(changed)}), log.key)
            assert report.outcome is Outcome.FAILED, (name, at, bytes(changed))
            failed.add(report.failed)
    assert {"manifest", "checkpoint-form", "checkpoint-signature", "leaf-form", "event-bytes", "inclusion"} <= failed


def test_a_bundle_cut_short_fails(log):
    data = log.bundle()
    for kept in {*range(0, len(data), 97), len(data) - 1}:
        assert verify_bundle(data[:kept], log.key).failed == "zip"


@given(data=st.data())
def test_whatever_the_bytes_are_the_answer_is_a_report(data, sample_bundles):
    files = dict(unpack(data.draw(st.sampled_from(sample_bundles))))
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(files)))
        at = data.draw(st.integers(0, len(files[name])))
        cut = data.draw(st.integers(0, 3))
        files[name] = files[name][:at] + data.draw(st.binary(max_size=4)) + files[name][at + cut :]
    report = verify_bundle(pack(files))
    assert report.exit_code in (1, 2)
    assert report.text().isascii()


@given(
    manifest=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["v", "key", "filter", "entries", "count", "examined"]), inner, max_size=6
            )
        ),
        max_leaves=10,
    )
)
def test_whatever_the_manifest_is_the_answer_is_a_report(manifest):
    data = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    assert verify_bundle(pack({"manifest.json": data})).failed == "manifest"


@pytest.mark.parametrize(
    "data",
    [b"[" * 200_000, b'{"v":' * 100_000, b'{"v":' + b"9" * 100_000 + b"}", b"{}", b"\xff", b"", b'{"v":1,"v":1}'],
)
def test_hostile_json_fails_in_its_check(data, log):
    assert verify_bundle(pack({"manifest.json": data})).failed == "manifest"
    assert verify_bundle(edit(log.bundle(), lambda files: files.update({"leaves/8.json": data}))).failed == "leaf-form"


@pytest.fixture(scope="module")
def sample_bundles(sample_log_class):
    log = sample_log_class()
    return [log.bundle(), log.bundle(complete=True)]
