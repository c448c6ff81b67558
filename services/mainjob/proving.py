"""Step 4, prove: an officer finds the session, exports a bundle, and anybody verifies it offline."""

import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.verifier.note import Key
from services.audit.verifier.verify import verify_bundle
from services.mainjob.actor import made_id
from services.mainjob.cast import Cast, check
from services.mainjob.driver import settle


def prove(cast: Cast) -> None:
    """Play the step."""
    officer = cast["officer_phoenix"]
    phoenix = cast.clinics["phoenix"]
    where = f"/audit/v1/trail?clinic={phoenix}&reference={cast.things['reference']}&purpose=complaint&limit=200"

    def whole() -> set[str] | None:
        types = {entry["type"] for entry in officer.get(where)["items"]}
        return types if {"sessions.session-booked", "sessions.session-ended", "sessions.note-signed"} <= types else None

    types = settle(cast.driver, "all entries of the session", whole)
    cast.say(f"the officer finds the session by its reference: {len(types)} kinds of entries")
    cast.recorded("audit.trail-read", "phoenix")
    order = {"clinic": phoenix, "reference": cast.things["reference"], "purpose": "complaint"}
    cast.forbidden("officer_jakarta", "POST", "/audit/v1/bundles", order)
    bundle_id = made_id(officer.post("/audit/v1/bundles", order))
    bundle = officer.ask("GET", f"/audit/v1/bundles/{bundle_id}").body
    cast.forbidden("operator", "GET", f"/audit/v1/bundles/{bundle_id}")
    cast.recorded("audit.bundle-exported", "phoenix")
    _verify(cast, bundle, officer.ask("GET", "/audit/v1/log-key").body.decode().strip())


def _verify(cast: Cast, bundle: bytes, key: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle.zip"
        path.write_bytes(bundle)
        proven = verify_bundle(path, key)
        check(proven.exit_code == 0, f"the bundle is proven: {proven.text()}")
        unknown = verify_bundle(path)
        check(unknown.exit_code == 2, "without the key the signer is unknown")
        path.write_bytes(bundle[:-200] + bytes([bundle[-200] ^ 1]) + bundle[-199:])
        changed = verify_bundle(path, key)
        check(changed.exit_code == 1, "one changed byte is found")
        path.write_bytes(bundle)
        stranger = Key(key.split("+")[0], Ed25519PrivateKey.generate().public_key().public_bytes_raw()).text()
        check(verify_bundle(path, stranger).exit_code == 1, "a signature by another key is refused")
    cast.things["bundle_size"] = str(len(bundle))
    cast.say("the bundle verifies offline; without the key, changed, or against another key it does not")
