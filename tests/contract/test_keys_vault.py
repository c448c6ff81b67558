"""Keys on a real OpenBao: what a role may not do, how a token lives, and what happens when the server is broken."""

import logging
import time
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from deploy.local.bao import start
from services.kernel.keys.port import Keys, KeysRefused, KeysUnavailable, KeyUnfit
from services.kernel.keys.vault import VaultKeys
from services.kernel.keys.vault_client import REST, AppRole, VaultClient
from tests.contract.keys_sides import BaoSide
from tests.real import obtain

ANI = b"client-ani/notes"
MAIL = b"ani@example.org"
MAIL_FORMS = (MAIL.decode(), b64encode(MAIL).decode())
LOOK_UP = ("get", "auth/token/lookup-self")


class Time:
    """A clock of seconds that stands still until told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def shared_bao(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[BaoSide]:
    server = obtain(pytestconfig, lambda: start(tmp_path_factory.mktemp("bao"), persistent=False))
    yield BaoSide(server)
    server.stop()


@pytest.fixture
def bao(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[BaoSide]:
    """A server of its own, to be broken."""
    server = obtain(pytestconfig, lambda: start(tmp_path, persistent=False))
    if not server.ours:
        pytest.skip("the server given by address is not ours to break")
    yield BaoSide(server)
    server.stop()


def operations(keys: Keys, wrapped: str) -> list[Callable[[], object]]:
    """Each operation that a role may be asked for, on the keys of sessions."""
    return [
        partial(keys.unwrap, "clinic-1", [(ANI, wrapped)]),
        partial(keys.new_data_key, "clinic-1", ANI),
        partial(keys.make_kek, "clinic-1"),
        partial(keys.mac, "index", MAIL),
    ]


def says(error: BaseException) -> str:
    """All that could reach a log from an error."""
    return "".join([repr(error), str(vars(error)), repr(error.__context__), *traceback.format_exception(error)])


class TestRights:
    def test_audit_can_open_nothing(self, shared_bao: BaoSide) -> None:
        sessions = shared_bao.keys("sessions")
        sessions.make_kek("clinic-1")
        wrapped = sessions.new_data_key("clinic-1", ANI).wrapped
        for process in ("web", "worker"):
            for operation in operations(VaultKeys("sessions", shared_bao.client("audit", process)), wrapped):
                with pytest.raises(KeysRefused, match="does not let this service's role do POST amanah-sessions/"):
                    operation()

    def test_a_web_process_makes_no_clinic_key(self, shared_bao: BaoSide) -> None:
        with pytest.raises(KeysRefused):
            VaultKeys("sessions", shared_bao.client("sessions", "web")).make_kek("clinic-new")

    @pytest.mark.parametrize(
        ("form", "match"),
        [
            ({"type": "aes256-gcm96", "derived": False}, "not a derived"),
            ({"type": "chacha20-poly1305", "derived": True}, "not a derived"),
            ({"type": "aes256-gcm96", "derived": True, "exportable": True}, "may be exported"),
        ],
    )
    def test_a_key_of_another_kind_under_the_name_is_noticed(
        self, shared_bao: BaoSide, form: dict[str, Any], match: str, request: pytest.FixtureRequest
    ) -> None:
        name = f"clinic-{abs(hash(request.node.name))}"
        path = f"amanah-sessions/keys/{name}"
        careless = shared_bao.role_of_its_own("careless", {path: {"capabilities": ["create", "update"]}})
        VaultClient(shared_bao.server.address, careless).call("post", path, form)
        with pytest.raises(KeyUnfit, match=match):
            shared_bao.keys("sessions").make_kek(name)

    def test_only_signing_keys_have_public_keys(self, shared_bao: BaoSide) -> None:
        rules = {"amanah-sessions/keys/index": {"capabilities": ["read"]}}
        client = VaultClient(shared_bao.server.address, shared_bao.role_of_its_own("reader", rules))
        with pytest.raises(KeyUnfit, match="not an Ed25519 key"):
            VaultKeys("audit", client).public_keys("sessions", "index")


class TestToken:
    """The token of a role: renewed, replaced, and never taken from anywhere else."""

    def test_it_is_renewed_after_two_thirds_of_its_life(self, shared_bao: BaoSide) -> None:
        clock = Time()
        client = shared_bao.client("identity", monotonic=clock)
        born = client.call(*LOOK_UP).data
        clock.now = 3600 * 0.59
        assert "last_renewal" not in client.call(*LOOK_UP).data
        clock.now = 3600 * 0.74
        renewed = client.call(*LOOK_UP).data
        assert renewed["accessor"] == born["accessor"]
        assert "last_renewal" in renewed

    def test_near_its_maximal_life_another_is_fetched(self, shared_bao: BaoSide) -> None:
        """A renewal near the end gives a short lease, as it does here, where the role's was shortened meanwhile."""
        clock = Time()
        role = shared_bao.role_of_its_own("short", {}, token_ttl="1h", token_max_ttl="2h")
        client = VaultClient(shared_bao.server.address, role, monotonic=clock)
        born = client.call(*LOOK_UP).data
        shared_bao.operator.auth.approle.create_or_update_approle("short", token_ttl="10m", token_max_ttl="2h")
        clock.now = 3600 * 0.74
        assert client.call(*LOOK_UP).data["accessor"] != born["accessor"]

    def test_one_that_the_server_forgot_is_replaced_unnoticed(self, shared_bao: BaoSide) -> None:
        client = shared_bao.client("identity")
        keys = VaultKeys("identity", client)
        before = keys.mac("index", b"x")
        client.call("post", "auth/token/revoke-self", {})
        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(lambda _: keys.mac("index", b"x"), range(32))) == {before}
            client.call("post", "auth/token/revoke-self", {})
            tokens = set(threads.map(lambda _: client.call(*LOOK_UP).data["accessor"], range(32)))
        assert len(tokens) == 1  # of the threads that noticed, one signed in for all

    def test_one_forgotten_before_its_renewal_is_replaced_too(self, shared_bao: BaoSide) -> None:
        clock = Time()
        client = shared_bao.client("identity", monotonic=clock)
        client.call("post", "auth/token/revoke-self", {})
        clock.now = 3600 * 0.74
        client.call(*LOOK_UP)

    def test_a_wrong_secret_is_said_and_not_shown(self, shared_bao: BaoSide) -> None:
        role = AppRole(shared_bao.app_role("identity").role_id, "0000-secret-0000")
        with pytest.raises(KeysUnavailable) as refused:
            VaultKeys("identity", VaultClient(shared_bao.server.address, role)).probe()
        assert refused.value.reason == "login-refused"
        assert "secret id" in refused.value.help
        assert "0000-secret-0000" not in says(refused.value) + repr(role)

    def test_a_token_lying_about_is_not_used(
        self, shared_bao: BaoSide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """hvac by itself takes the token of the environment or of the person's home."""
        token = str(shared_bao.operator.token)
        (tmp_path / ".vault-token").write_text(token)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("VAULT_TOKEN", token)
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        assert shared_bao.client("audit").call(*LOOK_UP).data["policies"] == ["audit-worker"]


class Gateway(BaseHTTPRequestHandler):
    """What may stand between us and a key server: it answers each request with the next of ``replies``."""

    replies: ClassVar[list[tuple[int, str]]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, body = self.replies.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/v1/elsewhere")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class TestGateway:
    """Answers that are not the key server's own."""

    LOGIN = (200, '{"auth": {"client_token": "t", "lease_duration": 3600, "renewable": true}}')
    MAC = (200, '{"data": {"hmac": "vault:v1:AAAA"}}')

    @pytest.mark.parametrize("passing", [(429, "{}"), (502, "<html>"), (503, "no healthy upstream"), (504, "")])
    def test_what_passes_is_tried_again(self, gateway: str, passing: tuple[int, str]) -> None:
        Gateway.replies = [passing, self.LOGIN, passing, passing, self.MAC]
        pauses: list[float] = []
        client = VaultClient(gateway, AppRole("r", "s"), pause=pauses.append)
        assert VaultKeys("identity", client).mac("index", MAIL) == bytes(3)
        assert (len(pauses), Gateway.replies) == (3, [])

    @pytest.mark.parametrize(
        ("reply", "tries", "reason"),
        [
            ((429, "{}"), 3, "busy"),
            ((502, "<html>"), 3, "gateway"),
            ((307, ""), 3, "standby"),
            ((200, "<html>"), 1, "not-a-key-server"),
            ((404, "<html>"), 1, "not-a-key-server"),
            ((500, '{"errors": ["internal error"]}'), 1, "internal-error"),
        ],
    )
    def test_what_stays_is_said(self, gateway: str, reply: tuple[int, str], tries: int, reason: str) -> None:
        Gateway.replies = [reply] * 9
        client = VaultClient(gateway, AppRole("r", "s"), pause=lambda _: None)
        with pytest.raises(KeysUnavailable) as refused:
            VaultKeys("identity", client).probe()
        assert (refused.value.reason, 9 - len(Gateway.replies)) == (reason, tries)

    def test_plain_http_where_tls_was_asked_for(self, gateway: str) -> None:
        client = VaultClient(gateway.replace("http:", "https:"), AppRole("r", "s"), pause=lambda _: None)
        with pytest.raises(KeysUnavailable, match="does not speak TLS"):
            VaultKeys("identity", client).probe()

    def test_no_try_begins_after_the_deadline(self, gateway: str) -> None:
        clock = Time()
        Gateway.replies = [(502, "")] * 9

        def pause(_: float) -> None:
            clock.now += 2.9

        client = VaultClient(gateway, AppRole("r", "s"), monotonic=clock, pause=pause)
        with pytest.raises(KeysUnavailable):
            VaultKeys("identity", client).probe()
        assert len(Gateway.replies) == 7


class TestFaults:
    """A broken server: the call fails in time, says why, tells no secret, and works again when the server does."""

    def assert_unavailable(self, operation: Callable[[], object], reason: str, *secrets: str) -> None:
        began = time.monotonic()
        with pytest.raises(KeysUnavailable) as refused:
            operation()
        assert time.monotonic() - began < 3.5
        assert (refused.value.reason, refused.value.status) == (reason, 503)
        assert refused.value.retry_after
        assert refused.value.help
        assert not any(secret in says(refused.value) for secret in secrets)

    def test_sealed(self, bao: BaoSide, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        keys, fresh = bao.keys("sessions"), bao.keys("sessions")
        keys.make_kek("clinic-1")
        made = keys.new_data_key("clinic-1", ANI)
        bao.server.seal()
        secrets = [b64encode(made.plaintext).decode(), *MAIL_FORMS]
        for operation in [*operations(keys, made.wrapped), keys.probe, fresh.probe]:
            self.assert_unavailable(operation, "sealed", *secrets)
        assert not any(secret in caplog.text for secret in secrets)

    def test_frozen_and_thawed(self, bao: BaoSide) -> None:
        """The one who asked has waited; until a moment later the next are refused at once; then it is asked again."""
        turned = Time()
        keys = VaultKeys("identity", bao.client("identity", monotonic=lambda: time.monotonic() + turned()))
        before = keys.mac("index", MAIL)
        bao.server.pause()
        self.assert_unavailable(lambda: keys.mac("index", MAIL), "timeout", *MAIL_FORMS)
        bao.server.resume()
        self.assert_unavailable(lambda: keys.mac("index", MAIL), "timeout", *MAIL_FORMS)
        turned.now += REST
        assert keys.mac("index", MAIL) == before

    def test_thawed_while_trying(self, bao: BaoSide) -> None:
        """The second try finds the server well; nobody is told."""
        client = bao.client("identity", timeout=0.3, pause=lambda _: bao.server.resume())
        client.call(*LOOK_UP)
        bao.server.pause()
        VaultKeys("identity", client).probe()

    def test_many_threads_do_not_wait_in_line_for_a_frozen_server(self, bao: BaoSide) -> None:
        keys = bao.keys("identity")
        bao.server.pause()
        began = time.monotonic()

        def probe(_: int) -> str:
            with pytest.raises(KeysUnavailable) as refused:
                keys.probe()
            return refused.value.reason

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(probe, range(8))) == {"timeout"}
        assert time.monotonic() - began < 5

    def test_stopped(self, bao: BaoSide) -> None:
        pauses: list[float] = []
        keys = VaultKeys("identity", bao.client("identity", pause=pauses.append))
        keys.probe()
        bao.server.stop()
        self.assert_unavailable(lambda: keys.mac("index", MAIL), "unreachable", *MAIL_FORMS)
        assert len(pauses) == 2
        assert 0.05 <= pauses[0] <= 0.15
        assert 0.1 <= pauses[1] <= 0.3

    def test_its_audit_disk_full_and_freed(self, bao: BaoSide) -> None:
        keys = bao.keys("identity")
        keys.probe()
        bao.server.fill_audit_disk()
        self.assert_unavailable(keys.probe, "internal-error")
        self.assert_unavailable(lambda: keys.new_data_key("kek", ANI), "internal-error")
        bao.server.free_audit_disk()
        assert len(keys.new_data_key("kek", ANI).plaintext) == 32

    def test_a_soft_deleted_key_is_frozen_not_gone(self, bao: BaoSide) -> None:
        keys = bao.keys("sessions")
        keys.make_kek("clinic-1")
        made = keys.new_data_key("clinic-1", ANI)
        path = "amanah-sessions/keys/clinic-1/soft-delete"
        keeper = bao.role_of_its_own(
            "keeper", {path: {"capabilities": ["delete"]}, f"{path}-restore": {"capabilities": ["update"]}}
        )
        client = VaultClient(bao.server.address, keeper)
        client.call("delete", path)
        for operation in operations(keys, made.wrapped)[:3]:
            with pytest.raises(KeysRefused, match="frozen"):
                operation()
        client.call("post", f"{path}-restore", {})
        assert keys.unwrap("clinic-1", [(ANI, made.wrapped)]) == [made.plaintext]
