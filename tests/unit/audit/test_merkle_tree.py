"""The tree against public vectors (sets A, B and C), against RFC 6962 word for word, and against corruption."""

import base64
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.tree import (
    check_extends,
    consistency_proof,
    inclusion_proof,
    nodes_of,
    range_of,
    subtree_proof,
    tree_root,
)
from services.audit.verifier.checkpoint import Checkpoint
from services.audit.verifier.strict import FormatError, VerificationError
from services.audit.verifier.tree import (
    EMPTY_ROOT,
    CompactRange,
    ProofError,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

# Set A: transparency-dev/merkle, testonly.
LEAVES_A = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS_A = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_single_hashes(ran):
    assert EMPTY_ROOT.hex() == ROOTS_A[0]
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    assert base64.b64encode(leaf_hash(b"hello world")) == b"TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0="
    ran("A: hashes", 5)


@pytest.mark.parametrize("size", range(9))
def test_roots_of_set_a(size, kept_tree, ran):
    hashes = [leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES_A[:size]]
    tree = kept_tree()
    tree.append(hashes)
    assert root(hashes).hex() == tree_root(tree.nodes, size).hex() == ROOTS_A[size]
    ran("A: roots")


def _bytes(text):
    return base64.b64decode(text)


def test_inclusion_proofs_of_set_b(vectors, ran):
    for vector in vectors("rfc6962-proofs.json")["inclusion"]:
        proof = [_bytes(value) for value in vector["proof"] or []]
        parts = (vector["leafIdx"], vector["treeSize"], _bytes(vector["leafHash"]), proof, _bytes(vector["root"]))
        if vector["wantErr"]:
            with pytest.raises(ProofError):
                verify_inclusion(*parts)
        else:
            verify_inclusion(*parts)
        ran("B: inclusion")


def test_consistency_proofs_of_set_b(vectors, ran):
    for vector in vectors("rfc6962-proofs.json")["consistency"]:
        proof = [_bytes(value) for value in vector["proof"] or []]
        parts = (vector["size1"], vector["size2"], proof, _bytes(vector["root1"]), _bytes(vector["root2"]))
        if vector["wantErr"]:
            with pytest.raises(ProofError):
                verify_consistency(*parts)
        else:
            verify_consistency(*parts)
        ran("B: consistency")


# Set C: rolling hashes over all valid subtrees of 130 leaves (draft-ietf-plants-merkle-tree-certs).
HASHES_C = [leaf_hash(bytes([value])) for value in range(130)]


def _subtrees(size):
    for end in range(size + 1):
        for start in range(end + 1):
            width = end - start
            if not width or start % (1 << (width - 1).bit_length()) == 0:
                yield start, end


def _line(head, hashes):
    return (head + "".join(f" {value.hex()}" for value in hashes) + "\n").encode()


@pytest.fixture(scope="module")
def nodes_c():
    """Every complete subtree of set C's leaves, by level and index."""
    levels = [HASHES_C]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return lambda level, index: levels[level][index]


def test_subtree_roots_of_set_c(ran):
    rolling = sha256()
    for start, end in _subtrees(130):
        rolling.update(_line(f"[{start}, {end})", [root(HASHES_C[start:end])]))
    assert rolling.hexdigest() == "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"
    ran("C: rolling")


def test_inclusion_proofs_of_set_c(ran):
    rolling = sha256()
    for start, end in _subtrees(130):
        nodes = nodes_of(lambda level, at, count, start=start: HASHES_C[start + at : start + at + count])
        for index in range(start, end):
            proof = inclusion_proof(nodes, index - start, end - start)
            rolling.update(_line(f"{index} [{start}, {end})", proof))
    assert rolling.hexdigest() == "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"
    ran("C: rolling")


def test_subtree_proofs_of_set_c(nodes_c, ran):
    rolling = sha256()
    for size in range(131):
        for start, end in _subtrees(size):
            rolling.update(_line(f"[{start}, {end}) {size}", subtree_proof(nodes_c, start, end, size)))
    assert rolling.hexdigest() == "10fa99b37bf9bf9ffa26b412fbd98bd75363256d0b75d61bc4538b9c9c5a0a74"
    ran("C: rolling")


@given(batches=st.lists(st.lists(st.binary(max_size=3), max_size=40), max_size=8))
def test_any_history_of_batches_gives_the_tree_of_the_rfc(batches, naive, kept_tree):
    tree, data = kept_tree(), []
    for batch in batches:
        tree.append(leaf_hash(entry) for entry in batch)
        tree.range = CompactRange(tree.range.size, tree.range.hashes)  # as after a restart, from what was stored
        data += batch
        assert tree.range.root() == naive.root(data) == tree_root(tree.nodes, len(data))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 40])
def test_every_leaf_and_every_older_size_is_proven_as_the_rfc_says(size, naive, kept_tree):
    data = [bytes([value]) for value in range(size)]
    tree = kept_tree()
    tree.append(map(leaf_hash, data))
    top = tree.range.root()
    for index in range(size):
        proof = inclusion_proof(tree.nodes, index, size)
        assert list(proof) == naive.path(index, data)
        verify_inclusion(index, size, leaf_hash(data[index]), proof, top)
    for old in range(1, size + 1):
        proof = consistency_proof(tree.nodes, old, size)
        assert list(proof) == naive.proof(old, data)
        verify_consistency(old, size, proof, naive.root(data[:old]), top)


def test_proofs_reach_over_tiles(kept_tree):
    size = 256 * 256 + 700
    hashes = [leaf_hash(value.to_bytes(4, "big")) for value in range(size)]
    tree = kept_tree()
    tree.append(hashes)
    assert {level: len(kept) for level, kept in tree.levels.items()} == {0: size, 1: 258, 2: 1}
    for index in (0, 255, 256, 65_535, 65_536, size - 1):
        verify_inclusion(index, size, hashes[index], inclusion_proof(tree.nodes, index, size), tree.range.root())
    for old in (1, 255, 256, 257, 65_536, 65_537, size - 1):
        proof = consistency_proof(tree.nodes, old, size)
        verify_consistency(old, size, proof, tree_root(tree.nodes, old), tree.range.root())


@given(data=st.data(), size=st.integers(1, 70))
def test_one_flipped_bit_is_always_refused(data, size, kept_tree):
    hashes = [leaf_hash(bytes([value])) for value in range(size)]
    tree = kept_tree()
    tree.append(hashes)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(tree.nodes, index, size)
    parts = [hashes[index], tree.range.root(), *proof]
    leaf, top, *path = _flipped(data, parts)
    with pytest.raises(ProofError):
        verify_inclusion(index, size, leaf, path, top)
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(tree.nodes, old, size)
    old_root, new_root, *path = _flipped(data, [tree_root(tree.nodes, old), tree.range.root(), *proof])
    with pytest.raises(ProofError):
        verify_consistency(old, size, path, old_root, new_root)


def _flipped(data, parts):
    """The parts with one bit of one of them turned."""
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    changed = bytearray(parts[which])
    changed[bit // 8] ^= 1 << bit % 8
    return [*parts[:which], bytes(changed), *parts[which + 1 :]]


@given(
    old=st.integers(-2, 40),
    new=st.integers(-2, 40),
    proof=st.lists(st.binary(min_size=31, max_size=33), max_size=7),
    top=st.binary(min_size=31, max_size=33),
)
def test_made_up_proofs_are_refused_and_nothing_else_is_raised(old, new, proof, top):
    with pytest.raises(VerificationError):
        verify_inclusion(old, new, b"x" * 32, proof, top)
    with pytest.raises(VerificationError):
        verify_consistency(old, new, proof, b"x" * 32, top)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_nothing_follows_from_these_sizes(old, new, kept_tree):
    tree = kept_tree()
    tree.append(HASHES_C[:5])
    with pytest.raises(ProofError):
        consistency_proof(tree.nodes, old, new)
    with pytest.raises(ProofError):
        verify_consistency(old, new, [], EMPTY_ROOT, EMPTY_ROOT)


def test_a_range_that_cannot_be_is_refused():
    with pytest.raises(FormatError):
        CompactRange(3, (bytes(32),))
    with pytest.raises(ProofError):
        CompactRange(1, (bytes(31),))


def test_a_hash_that_was_lost_is_noticed_before_a_proof_is_made(kept_tree):
    tree = kept_tree()
    tree.append(HASHES_C)
    del tree.levels[0][100:]
    with pytest.raises(ProofError, match="missing"):
        inclusion_proof(tree.nodes, 3, 130)


class TestBeforeSigning:
    """The head about to be signed must continue the newest published one."""

    def heads(self, tree, *sizes):
        return [Checkpoint("log.example", size, tree_root(tree.nodes, size)) for size in sizes]

    def test_a_continuation_may_be_signed(self, kept_tree):
        tree = kept_tree()
        tree.append(HASHES_C)
        for published, following in ((0, 5), (5, 5), (5, 130)):
            check_extends(tree.nodes, *self.heads(tree, published, following))

    def test_a_log_restored_from_an_old_copy_is_not_signed(self, kept_tree):
        tree = kept_tree()
        tree.append(HASHES_C)
        published, older = self.heads(tree, 130, 100)
        with pytest.raises(ProofError, match="restore"):
            check_extends(tree.nodes, published, older)

    def test_a_second_history_is_not_signed(self, kept_tree):
        tree, fork = kept_tree(), kept_tree()
        tree.append(HASHES_C[:100])
        fork.append([*HASHES_C[:50], *reversed(HASHES_C[50:120])])
        (published,), (following,) = self.heads(tree, 100), self.heads(fork, 120)
        with pytest.raises(ProofError):
            check_extends(fork.nodes, published, following)


def test_a_log_goes_on_growing_from_its_kept_hashes(kept_tree):
    tree, wanted = kept_tree(), CompactRange()
    for number in range(600):
        assert range_of(tree.nodes, number) == wanted
        leaf = leaf_hash(number.to_bytes(2))
        tree.append([leaf])
        wanted = wanted.extended([leaf])
