"""Signing the log's head: a checkpoint becomes a signed note, by keys that stay where they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.audit.verifier.checkpoint import Checkpoint
from services.audit.verifier.note import Key, Note, Signature, SignatureError, open_note


@dataclass(frozen=True, slots=True)
class Signer:
    """A signing key seen from outside: its public part, and how to have text signed.

    ``sign`` gives the 64-byte Ed25519 signature over the text as it is given; the keys port stands behind it.
    """

    key: Key
    sign: Callable[[bytes], bytes]


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> bytes:
    """The checkpoint as it is published, signed by each signer (two while a key is being replaced).

    Every signature is verified before the note leaves: a key that was rotated behind our back must not publish.
    Raises ``SignatureError`` when one does not verify or a key is not named after the log.
    """
    text = checkpoint.text()
    for signer in signers:
        if signer.key.name != checkpoint.origin:
            raise SignatureError(f"the key is named {signer.key.name!a}, but the log is {checkpoint.origin!a}")
    signatures = (Signature(signer.key.name, signer.key.id, signer.sign(text.encode())) for signer in signers)
    note = Note(text, tuple(signatures)).data()
    open_note(note, [signer.key for signer in signers])
    return note
