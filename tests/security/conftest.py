"""What the tests here share: a house in which the main job was played, once a session, and a copy of it to break."""

from collections.abc import Iterator

import pytest

from services.kernel.http.tokens import Membership
from services.kernel.ids import new_id
from services.kernel.time import plus
from services.mainjob.actor import made_id
from services.mainjob.joining import join
from tests.security.matrix import CLIENTS, EVERYBODY, NOBODY, ROLES
from tests.security.stage import Stage, embedded
from tests.world import token_for


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The main job up to the proof, on embedded parts; one for each file of tests, because they change it."""
    made = embedded(tmp_path_factory.mktemp("stage")).play()
    yield made
    made.close()


@pytest.fixture(scope="module")
def objects(stage: Stage) -> dict[str, str]:
    """The names that stand in the probes, and the ids of real objects."""
    cast, founder, officer = stage.cast, stage.cast["founder"], stage.cast["officer_phoenix"]
    ana, credential = cast.client_of("ana", "phoenix"), cast.things["credential_US-AZ"]
    rule = founder.get("/licensing/v1/rules")["items"][0]
    entries = officer.get(f"/audit/v1/trail?clinic={cast.clinics['phoenix']}&client={ana}")["items"]
    return {
        **cast.clinics,
        **_made(stage, ana),
        "ana": ana,
        "ana_email": cast["ana"].email,
        "ana_password": cast["ana"].password,
        "counselor": cast["counselor"].account,
        "session": cast.things["session_ana"],
        "credential": credential,
        "evidence": cast["counselor"].get(f"/licensing/v1/credentials/{credential}")["evidence"][0]["evidence"],
        "rule": rule["rule"],
        "source_hash": rule["source_hash"],
        "text": cast["counselor"].get("/licensing/v1/attestation-texts")["items"][0]["text"],
        "item": cast["ana"].get("/sessions/v1/consent-items")["items"][0]["code"],
        "entry": str(entries[0]["index"]),
        "now": stage.clock(),
        "later": plus(stage.clock(), days=30),
    }


def _made(stage: Stage, ana: str) -> dict[str, str]:
    """What the probes need and the main job does not leave: a clinic elsewhere, somebody to send away, and the like."""
    cast, founder, officer = stage.cast, stage.cast["founder"], stage.cast["officer_phoenix"]
    phoenix = cast.clinics["phoenix"]
    terms = {"zone": "Asia/Jakarta", "languages": ["en"], "erasure_wait_days": 0, "retention_floor_years": 0}
    clinic = terms | {"name": "A clinic elsewhere", "jurisdiction": "ID"}
    join(cast, cast.person("spare", "Lena Vogel"), "phoenix", ["verifier"])
    people = founder.get(f"/identity/v1/clinics/{phoenix}/people")["items"]
    invite = {"clinic": phoenix, "roles": ["operator"], "email": "guest@example.org"}
    hold = {"basis": "court", "reason": "A case is open."}
    bundle = {"clinic": phoenix, "client": ana, "purpose": "complaint"}
    again = {"email": cast["ana"].email, "password": cast["ana"].password}
    return {
        "elsewhere": made_id(founder.post("/identity/v1/clinics", clinic)),
        "invitation": made_id(founder.post("/identity/v1/invitations", invite)),
        "membership": next(one for one in people if one["name"] == "Lena Vogel")["memberships"][0]["membership"],
        "hold": made_id(officer.post(f"/identity/v1/clients/{ana}/holds", hold)),
        "erasure": made_id(cast["ana"].post(f"/identity/v1/clients/{ana}/erasures")),
        "sign_in": cast["ana"].ask("POST", "/identity/v1/sign-ins", again, expect=201).json["sid"],
        "bundle": made_id(officer.post("/audit/v1/bundles", bundle)),
    }


@pytest.fixture(scope="module")
def bearers(stage: Stage, objects: dict[str, str]) -> dict[str, str | None]:
    """A token for everybody of the matrix. Who takes part in the main job has their own account."""
    own = {"counselor": "counselor", "verifier": "verifier", "officer": "officer_phoenix", "operator": "operator"}
    own |= {"network_operator": "founder"} | {client: client for client in CLIENTS}
    made: dict[str, str | None] = {NOBODY: None}
    for name in EVERYBODY:
        account = stage.cast[own[name]].account if name in own else new_id()
        where, role = ROLES.get(name, ("", "client"))
        if name in CLIENTS:
            clinic = CLIENTS[name]
            membership = Membership(objects[clinic], stage.cast.client_of(name, clinic), ("client",))
            made[name] = token_for(stage.settings, account, [membership], at=stage.clock())
        elif where:
            made[name] = token_for(
                stage.settings, account, [Membership(objects[where], None, (role,))], at=stage.clock()
            )
        else:
            membership = Membership(None, None, (role,))
            made[name] = token_for(stage.settings, account, [membership], [role], at=stage.clock())
    return made
