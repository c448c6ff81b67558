"""Sealing and opening one text with a data key that is in the cache.

Beside it: the same cryptography alone (HKDF-SHA-512 and AES-256-GCM over as many bytes); that and one SHA-256, which
any scheme with a commitment in the event has to pay; and a server of Vault's API asked for each value (transit on a
real OpenBao, on the same machine, over a kept connection).
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import Callable
from functools import partial

import hvac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from benchmarks.ground import Report, folder, machine, paired, per_second, take_turns
from deploy.local import bao
from deploy.local.bao import Bao
from deploy.local.bao_bootstrap import bootstrap
from services.kernel.keys.cache import DataKeys, KeyCache, WrappedKey
from services.kernel.keys.sealing import AssociatedData, SealedValue, open_, padded_length, seal
from services.kernel.keys.vault import VaultKeys
from services.kernel.keys.vault_client import AppRole, VaultClient

SIZES = (40, 2000)  # a name or a number; a note
COUNT = 1500
ASKED = 60  # calls to the server in one round
KEY_ID = "018f0000-0000-7000-8000-0000000000aa"
AD = AssociatedData("", "client-1", "notes", "diary/plan/1", "018f0000-0000-7000-8000-0000000000bb", "text", 1)
_INFO, _NONCE = b"amanah/seal/v1\x01", bytes(12)


def run() -> list[Report]:
    with folder() as place:
        server = bao.start(place / "bao")
        try:
            client, role = _set_up(server)
            held = VaultKeys("identity", VaultClient(server.address, role))
            keys = DataKeys(held, KeyCache(lambda: 0.0, max_uses=10_000_000))
            row, _ = keys.make(KEY_ID, "kek", AD.keyholder, AD.purpose)
            note = f"OpenBao {server.part.version}: transit, raft on disk, audit log on, plain http on the loopback"
            return [_compare(size, keys, row, client, note) for size in SIZES]
        finally:
            server.stop()


def _set_up(server: Bao) -> tuple[hvac.Client, AppRole]:
    """A client that lets the server itself encrypt, which no process of the house may; and the role of one of them."""
    operator = server.operator()
    credentials = bootstrap(operator)["identity-web"]
    paths = (f"amanah-identity/{verb}/kek" for verb in ("encrypt", "decrypt"))
    words = (f'path "{path}" {{ capabilities = ["update"] }}' for path in paths)
    operator.sys.create_or_update_acl_policy("benchmark", "\n".join(words))
    operator.auth.approle.create_or_update_approle("benchmark", token_policies=["benchmark"])
    role_id = operator.auth.approle.read_role_id("benchmark")["data"]["role_id"]
    secret_id = operator.auth.approle.generate_secret_id("benchmark")["data"]["secret_id"]
    client = server.client()
    client.auth.approle.login(role_id, secret_id)
    return client, AppRole(credentials.role_id, credentials.secret_id)


def _compare(size: int, keys: DataKeys, row: WrappedKey, client: hvac.Client, note: str) -> Report:
    report = Report(f"sealing: texts of {size} letters a second", [machine(), note])
    text = "a" * size
    length = padded_length(36 + 1 + size)
    report.note(f"{length} bytes are encrypted by each; the data key comes from the cache, by its row, every time")
    dek = os.urandom(32)
    inner, bound = bytes(length), AD.framed()
    value = _seal(keys, row, text)
    alone = AESGCM(_derive(dek, bytes(32))[:32]).encrypt(_NONCE, inner, bound)
    kept = _server_seals(client, text)
    seals: dict[str, Callable[[], object]] = {
        "ours": lambda: _seal(keys, row, text),
        "alone": lambda: _seal_alone(dek, inner, bound),
        "with": lambda: _seal_and_commit(dek, inner, bound, text),
        "server": lambda: _server_seals(client, text),
    }
    opens: dict[str, Callable[[], object]] = {
        "ours": lambda: open_(_key(keys, row), row.key_id, AD, value.envelope, value.commitment),
        "alone": lambda: _open_alone(dek, alone, bound),
        "with": lambda: _open_and_commit(dek, alone, bound, text),
        "server": lambda: _server_opens(client, kept),
    }
    _table(report, "seal", seals)
    _table(report, "open", opens)
    return report


def _table(report: Report, what: str, contenders: dict[str, Callable[[], object]]) -> None:
    names = {
        "ours": f"{what}, ours",
        "alone": f"{what}, HKDF + AES-GCM alone",
        "with": f"{what}, HKDF + AES-GCM + SHA-256 commitment",
        "server": f"{what}, transit on the server each time",
    }
    counts = {key: ASKED if key == "server" else COUNT for key in names}
    found = take_turns({key: partial(_rate, contenders[key], counts[key]) for key in names})
    for key, values in found.items():
        report.figures(names[key], values, f"{what}s/s")
    report.ratio(f"{what}: ours / HKDF + AES-GCM alone", paired(found, "ours", "alone"), at_least=0.8)
    report.ratio(f"{what}: ours / HKDF + AES-GCM + commitment", paired(found, "ours", "with"))
    report.ratio(f"{what}: ours / the server each time", paired(found, "ours", "server"), at_least=50.0)


def _rate(step: Callable[[], object], count: int) -> float:
    def many() -> None:
        for _ in range(count):
            step()

    return per_second(many, count)


def _key(keys: DataKeys, row: WrappedKey) -> bytes:
    key = keys.open_keys([row])[row.key_id]
    assert isinstance(key, bytes)
    return key


def _seal(keys: DataKeys, row: WrappedKey, text: str) -> SealedValue:
    return seal(_key(keys, row), row.key_id, AD, text)


def _derive(dek: bytes, salt: bytes) -> bytes:
    return HKDF(SHA512(), 64, salt, _INFO).derive(dek)


def _seal_alone(dek: bytes, inner: bytes, bound: bytes) -> bytes:
    return AESGCM(_derive(dek, os.urandom(32))[:32]).encrypt(_NONCE, inner, bound)


def _seal_and_commit(dek: bytes, inner: bytes, bound: bytes, text: str) -> tuple[bytes, str]:
    commitment = hashlib.sha256(os.urandom(32) + bound + text.encode()).hexdigest()
    return _seal_alone(dek, inner, bound), commitment


def _open_alone(dek: bytes, sealed: bytes, bound: bytes) -> bytes:
    return AESGCM(_derive(dek, bytes(32))[:32]).decrypt(_NONCE, sealed, bound)


def _open_and_commit(dek: bytes, sealed: bytes, bound: bytes, text: str) -> tuple[bytes, str]:
    inner = _open_alone(dek, sealed, bound)
    return inner, hashlib.sha256(inner[:32] + bound + text.encode()).hexdigest()


def _server_seals(client: hvac.Client, text: str) -> str:
    answer = client.secrets.transit.encrypt_data(
        name="kek",
        mount_point="amanah-identity",
        plaintext=b64encode(text.encode()).decode(),
        context=b64encode(AD.keyholder.encode()).decode(),
    )
    sealed: str = answer["data"]["ciphertext"]
    return sealed


def _server_opens(client: hvac.Client, sealed: str) -> str:
    answer = client.secrets.transit.decrypt_data(
        name="kek",
        mount_point="amanah-identity",
        ciphertext=sealed,
        context=b64encode(AD.keyholder.encode()).decode(),
    )
    text: str = answer["data"]["plaintext"]
    return text
