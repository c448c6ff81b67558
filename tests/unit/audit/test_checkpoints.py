"""Checkpoints: their three lines, and the whole published log of Tessera (set D) made again byte for byte."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.checkpoint import Signer, sign_checkpoint
from services.audit.domain.tiles import encode_entries, encode_hashes, parse_path
from services.audit.domain.tree import consistency_proof, tree_root
from services.audit.verifier.checkpoint import Checkpoint, parse_checkpoint
from services.audit.verifier.note import SignatureError, open_note, parse_key
from services.audit.verifier.strict import MAX_SIZE, FormatError
from services.audit.verifier.tree import leaf_hash, verify_consistency

ROOT = base64.b64encode(bytes(range(32))).decode()

# The signing key of Tessera's test log, published with its sources for exactly this use.
TESSERA_SEED = base64.b64decode("AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg")[1:]
ENTRIES = b"one two three four five six seven eit nain ten ileven twelf threeten fourten fivten".split()


def test_a_checkpoint_is_three_lines():
    checkpoint = Checkpoint("log.example/a", 42, bytes(range(32)))
    assert checkpoint.text() == f"log.example/a\n42\n{ROOT}\n"
    assert parse_checkpoint(checkpoint.text()) == checkpoint


BAD = {
    "nothing": "",
    "two lines": "log.example\n1\n",
    "no origin": f"\n1\n{ROOT}\n",
    "no newline after the root": f"log.example\n1\n{ROOT}",
    "an extension line": f"log.example\n1\n{ROOT}\nmore\n",
    "a blank line at the end": f"log.example\n1\n{ROOT}\n\n",
    "a size in words": f"log.example\none\n{ROOT}\n",
    "a negative size": f"log.example\n-1\n{ROOT}\n",
    "a signed size": f"log.example\n+1\n{ROOT}\n",
    "a leading zero": f"log.example\n01\n{ROOT}\n",
    "a size with a space": f"log.example\n1 \n{ROOT}\n",
    "a size in other digits": f"log.example\n١\n{ROOT}\n",
    "a size over 63 bits": f"log.example\n{MAX_SIZE + 1}\n{ROOT}\n",
    "a size over 64 bits": f"log.example\n{2**64}\n{ROOT}\n",
    "a size of thousands of digits": f"log.example\n{'9' * 5000}\n{ROOT}\n",
    "bad base64": f"log.example\n1\n{ROOT[:-1]}\n",
    "a short root": f"log.example\n1\n{base64.b64encode(bytes(31)).decode()}\n",
    "a long root": f"log.example\n1\n{base64.b64encode(bytes(33)).decode()}\n",
}


@pytest.mark.parametrize("case", BAD)
def test_anything_else_is_refused(case, ran):
    with pytest.raises(FormatError):
        parse_checkpoint(BAD[case])
    ran("checkpoint negatives")


@given(text=st.text(alphabet="a1\n=+/A\u0661", max_size=60))
def test_what_is_read_is_written_back(text):
    try:
        checkpoint = parse_checkpoint(text)
    except FormatError:
        return
    assert checkpoint.text() == text


class TestThePublishedLogOfTessera:
    @pytest.fixture
    def published(self, vectors):
        log = vectors("tessera-log.json")
        return parse_key(log["public_key"]), {
            name: base64.b64decode(data) for name, data in log["files_base64"].items()
        }

    @pytest.fixture
    def tree(self, kept_tree):
        tree = kept_tree()
        tree.append(map(leaf_hash, ENTRIES))
        return tree

    def test_every_checkpoint_is_signed_byte_for_byte(self, published, tree, signer_of, ran):
        key, files = published
        signer = signer_of("example.com/log/testdata", TESSERA_SEED)
        assert signer.key == key
        for size in range(16):
            head = Checkpoint(key.name, size, tree_root(tree.nodes, size))
            assert sign_checkpoint(head, [signer]) == files[f"checkpoint.{size}"]
            assert parse_checkpoint(open_note(files[f"checkpoint.{size}"], [key]).text) == head
            ran("D: checkpoints")

    def test_every_tile_and_entry_bundle_is_made_byte_for_byte(self, published, tree, ran):
        _, files = published
        wanted = {name: data for name, data in files.items() if name.startswith("tile/")}
        for name, data in wanted.items():
            tile = parse_path(name)
            assert tile.path == name
            if tile.level is None:
                assert encode_entries(ENTRIES[tile.start : tile.start + tile.width]) == data
            else:
                assert encode_hashes(tree.read(tile.level, tile.start, tile.width)) == data
        ran("D: tiles", len(wanted))

    def test_every_checkpoint_is_consistent_with_every_later_one(self, published, tree, ran):
        key, files = published
        heads = [parse_checkpoint(open_note(files[f"checkpoint.{size}"], [key]).text) for size in range(16)]
        for old in heads[1:]:
            for new in heads[old.size :]:
                proof = consistency_proof(tree.nodes, old.size, new.size)
                verify_consistency(old.size, new.size, proof, old.root, new.root)
                ran("D: consistency")


class TestSigning:
    HEAD = Checkpoint("log.example", 3, bytes(32))

    def test_two_keys_sign_while_one_is_being_replaced(self, signer_of):
        old, new = signer_of("log.example", b"o" * 32), signer_of("log.example", b"n" * 32)
        note = sign_checkpoint(self.HEAD, [old, new])
        for key in (old.key, new.key):
            assert open_note(note, [key]).text == self.HEAD.text()

    def test_a_signature_that_does_not_fit_its_key_is_not_published(self, signer_of):
        named, rotated = signer_of("log.example", b"o" * 32), signer_of("log.example", b"n" * 32)
        with pytest.raises(SignatureError, match="does not fit"):
            sign_checkpoint(self.HEAD, [Signer(named.key, rotated.sign)])

    def test_a_key_of_another_log_does_not_sign(self, signer_of):
        with pytest.raises(SignatureError, match=r"other\.example"):
            sign_checkpoint(self.HEAD, [signer_of("other.example", b"o" * 32)])

    def test_a_checkpoint_without_a_signer_is_not_published(self):
        with pytest.raises(FormatError):
            sign_checkpoint(self.HEAD, [])
