"""A bundle from making to verifying: what it proves, and what it says it does not prove."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from services.audit.domain.bundle import Logged
from services.audit.domain.checkpoint import sign_checkpoint
from services.audit.verifier.archive import unpack
from services.audit.verifier.chain import chain
from services.audit.verifier.checkpoint import Checkpoint
from services.audit.verifier.filter import Filter
from services.audit.verifier.leaf import parse_leaf
from services.audit.verifier.report import CHECKS, Outcome
from services.audit.verifier.strict import VerificationError
from services.audit.verifier.verify import verify_bundle


class TestWhatHolds:
    def test_every_check_passes_and_the_log_is_proven(self, log):
        report = verify_bundle(log.bundle(), log.key)
        assert report.outcome is Outcome.PROVEN
        assert report.exit_code == 0
        assert list(report.passed) == list(CHECKS)

    def test_without_the_key_the_signer_is_unknown(self, log):
        report = verify_bundle(log.bundle())
        assert report.outcome is Outcome.SIGNER_UNKNOWN
        assert report.exit_code == 2
        assert "signer unknown" in report.text()
        assert "--log-key" in report.text()

    def test_a_program_reads_the_same_as_people(self, log):
        report = verify_bundle(log.bundle(), log.key)
        told = json.loads(json.dumps(report.as_dict()))
        assert (told["outcome"], told["exit_code"], told["passed"]) == ("proven", 0, list(CHECKS))
        assert all(sentence in report.text() for sentence in told["proves"] + told["leaves_open"])

    def test_a_partial_bundle_says_that_completeness_is_not_proven(self, log):
        text = verify_bundle(log.bundle(), log.key).text()
        _, proves, leaves_open = text.replace("What this does not prove", "What this proves").split("What this proves")
        assert "That nothing was left out" in leaves_open
        assert "ask for a complete bundle" not in leaves_open  # there is none for a reader who may not see everything
        assert "complete" not in proves

    def test_a_complete_bundle_proves_the_answer_complete(self, log):
        report = verify_bundle(log.bundle(complete=True), log.key)
        assert report.outcome is Outcome.PROVEN
        assert any("all 24 leaves (0 to 23)" in sentence and "4 match" in sentence for sentence in report.proves)
        assert "nothing was left out" not in report.text()

    @pytest.mark.parametrize("complete", [False, True])
    def test_nothing_found_can_be_proven_too(self, log, complete):
        report = verify_bundle(log.bundle(Filter(mentions=("nobody",)), complete=complete), log.key)
        assert report.outcome is Outcome.PROVEN

    def test_an_event_that_cannot_be_read_is_proven_as_bytes_and_said(self, log):
        poison = b'{"specversion":"1.0"\n\xff'
        last = parse_leaf(log.logged[-1].leaf)
        log.logged[-1] = Logged(23, resealed(last, log, poison).data(), poison)
        log.rebuild()
        report = verify_bundle(log.bundle(Filter(clinics=("phoenix",)), complete=True), log.key)
        assert report.outcome is Outcome.PROVEN
        assert any("1 cannot be read" in sentence and "index 23." in sentence for sentence in report.leaves_open)
        assert any("complete among the events that can be read (1 cannot)" in sentence for sentence in report.proves)

    def test_an_event_that_claims_to_be_of_another_service_counts_as_unread(self, log):
        last = parse_leaf(log.logged[-1].leaf)
        foreign = log.event(23, "licensing" if last.service != "licensing" else "identity")
        log.logged[-1] = Logged(23, resealed(last, log, foreign).data(), foreign)
        log.rebuild()
        asked = Filter(clinics=("jakarta",))
        assert verify_bundle(log.bundle(asked, complete=True), log.key).failed == "leaf-matches-event"
        asked = Filter(clinics=("jakarta",), until="2026-11-24T07:00:23.000000Z")
        told = verify_bundle(log.bundle(asked, complete=True), log.key)
        assert any("1 cannot be read" in sentence for sentence in told.leaves_open)

    def test_chains_are_checked_where_neighbours_are_at_hand(self, log):
        report = verify_bundle(log.bundle(Filter(services=("identity",))), log.key)
        assert any("8 of 8" in sentence for sentence in report.proves)

    def test_the_same_answer_gives_the_same_bytes(self, log):
        assert log.bundle() == log.bundle()

    def test_golden_manifest(self, log):
        manifest = unpack(log.bundle(Filter(mentions=("client-2",), clinics=("jakarta",))))["manifest.json"]
        assert manifest == (
            b'{"complete":false,"count":2,"entries":[{"event":"event-002","file":"events/2.json","index":2},'
            b'{"event":"event-014","file":"events/14.json","index":14}],"examined":24,'
            b'"filter":{"clinics":["jakarta"],"mentions":["client-2"]},'
            b'"key":"log.amanah.example/audit+13e1af11+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",'
            b'"origin":"log.amanah.example/audit","v":1}'
        )

    def test_the_report_names_the_file_it_is_about(self, log):
        data = log.bundle()
        assert sha256(data).hexdigest() in verify_bundle(data, log.key).text()


def resealed(leaf, log, body):
    """The last leaf of its lane again, for other bytes, with the chain that follows."""
    before = next(
        found
        for found in (parse_leaf(logged.leaf) for logged in reversed(log.logged))
        if (found.service, found.lane, found.sequence) == (leaf.service, leaf.lane, leaf.sequence - 1)
    )
    digest = sha256(body).digest()
    value = chain(leaf.service, leaf.incarnation, leaf.lane, leaf.sequence, before.chain, digest)
    return replace(leaf, chain=value, sha256=digest)


class TestMaking:
    def test_a_checkpoint_by_another_key_is_not_bundled(self, log):
        with pytest.raises(VerificationError):
            log.bundle(checkpoint=sign_checkpoint(log.head, [log.other_signer]))

    def test_an_event_that_is_not_in_the_head_yet_is_not_bundled(self, log):
        short = sign_checkpoint(Checkpoint(log.ORIGIN, 10, bytes(32)), [log.signer])
        with pytest.raises(VerificationError, match="index of an entry"):
            log.bundle(checkpoint=short)

    def test_a_filter_that_could_not_be_read_again_is_not_bundled(self, log):
        with pytest.raises(VerificationError, match="mentions"):
            log.bundle(Filter(mentions=("two\nlines",)))
