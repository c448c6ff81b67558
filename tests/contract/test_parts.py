"""The real parts keep what they promise: they answer, survive a kill with their data, stop cleanly, hold a policy."""

from __future__ import annotations

import base64
import json
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import hvac
import psycopg
import pytest
from hvac.exceptions import InternalServerError, InvalidPath, VaultDown
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from deploy.local import bao, kafka, postgres
from deploy.local.bao import Bao
from deploy.local.bao_bootstrap import Credentials, WrongSetup, bootstrap
from deploy.local.cluster import Cluster
from deploy.local.kafka import Kafka
from deploy.local.parts import Missing
from deploy.local.postgres import Postgres
from deploy.local.processes import running
from deploy.local.server import AlreadyRunning, NotOurs, Server, StartFailed
from tests.real import SignIn

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = base64.b64encode(b"keyholder and purpose").decode()


# --- PostgreSQL


def setting(server: Postgres, name: str) -> str:
    with server.connect() as db:
        row = db.execute(f"SHOW {name}").fetchone()
    assert row is not None
    return str(row[0])


def test_a_committed_row_survives_the_kill_of_every_postgres_process(durable_postgres: Postgres) -> None:
    with durable_postgres.connect() as db:
        db.execute("CREATE TABLE kept (word text)")
        db.execute("INSERT INTO kept VALUES ('still here')")
        durable_postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            db.execute("SELECT 1")
    assert not durable_postgres.alive()
    durable_postgres.restart()
    with durable_postgres.connect() as db:
        assert db.execute("SELECT word FROM kept").fetchall() == [("still here",)]
        db.execute("DROP TABLE kept")


def test_durability_is_the_default_and_can_be_given_up(durable_postgres: Postgres, postgres_server: Postgres) -> None:
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert setting(durable_postgres, name) == "on"
        assert setting(postgres_server, name) == "off"


def test_a_stop_is_clean_and_a_restart_keeps_address_and_version(durable_postgres: Postgres) -> None:
    before = durable_postgres.part
    durable_postgres.stop()
    assert not durable_postgres.alive()
    assert durable_postgres.log.read_text().rstrip().endswith("database system is shut down")
    durable_postgres.restart()
    assert durable_postgres.part == before
    assert re.fullmatch(r"\d+\.\d+", before.version)


def test_a_frozen_postgres_is_silent_and_goes_on_afterwards(durable_postgres: Postgres) -> None:
    durable_postgres.pause()
    try:
        with pytest.raises(psycopg.OperationalError, match="timeout"):
            psycopg.connect(durable_postgres.url(driver="postgresql"), connect_timeout=2)
        assert durable_postgres.alive()
    finally:
        durable_postgres.resume()
    assert durable_postgres.answer() == durable_postgres.part.version


def test_a_service_enters_its_own_database_only_and_only_with_its_password(durable_postgres: Postgres) -> None:
    with psycopg.connect(durable_postgres.url("amanah_identity", "identity_app", driver="postgresql")) as db:
        assert db.execute("SELECT current_user").fetchone() == ("identity_app",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("CREATE TABLE mine (x int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(durable_postgres.url("amanah_sessions", "identity_app", driver="postgresql"))
    own = durable_postgres.url("amanah_identity", "identity_app", driver="postgresql")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(own.replace(durable_postgres.password("identity_app"), "guessed"))


def test_the_owner_may_build_with_ranges(durable_postgres: Postgres) -> None:
    with psycopg.connect(durable_postgres.url("amanah_licensing", "licensing_owner", driver="postgresql")) as db:
        db.execute("CREATE TABLE t (who text, during tstzrange, EXCLUDE USING gist (who WITH =, during WITH &&))")
        db.rollback()


def test_each_module_has_an_empty_database(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as db:
        assert db.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_second_start_in_one_folder_says_which_process_is_there(postgres_server: Postgres) -> None:
    with pytest.raises(AlreadyRunning, match=f"process {postgres_server.pid}.*kill {postgres_server.pid}"):
        postgres.start(postgres_server.folder, durable=False)
    assert postgres_server.alive()


def test_a_start_that_fails_gives_the_servers_own_words(postgres_server: Postgres, real_folder: Path) -> None:
    with pytest.raises(StartFailed, match="could not bind"):
        postgres.start(real_folder / "taken", durable=False, port=postgres_server.port)


def test_a_server_given_by_address_is_used_and_never_stopped(
    postgres_server: Postgres, real_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMANAH_POSTGRES_URL", postgres_server.url(driver="postgresql"))
    given = postgres.start(real_folder / "given")
    assert (given.part.found, given.part.version) == ("address in the environment", postgres_server.part.version)
    for forbidden in (given.kill, given.pause, given.restart):
        with pytest.raises(NotOurs, match="given by address"):
            forbidden()
    given.stop()
    assert postgres_server.alive()
    assert given.alive()


# --- Kafka


@pytest.fixture(scope="module")
def topic(kafka_server: Kafka) -> Iterator[TopicPartition]:
    with closing(KafkaAdminClient(bootstrap_servers=kafka_server.address)) as admin:
        admin.create_topics({"kept": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    yield TopicPartition("kept", 0)
    with closing(KafkaAdminClient(bootstrap_servers=kafka_server.address)) as admin:
        admin.delete_topics(["kept"])


def test_an_acknowledged_message_survives_the_kill_of_the_broker(kafka_server: Kafka, topic: TopicPartition) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka_server.address, acks="all", enable_idempotence=False)
    producer.send(topic.topic, b"still here").get(10)
    producer.close()
    kafka_server.kill()
    assert not kafka_server.alive()
    kafka_server.restart()
    consumer = KafkaConsumer(bootstrap_servers=kafka_server.address, auto_offset_reset="none", group_id=None)
    consumer.assign([topic])
    consumer.seek(topic, 0)
    records = consumer.poll(10_000)
    consumer.close()
    assert [record.value for record in records[topic]] == [b"still here"]


def test_the_broker_names_its_release_itself(kafka_server: Kafka) -> None:
    assert kafka_server.part.version == kafka.VERSION or not kafka_server.ours


def test_the_broker_stops_cleanly_and_comes_back_at_its_address(kafka_server: Kafka) -> None:
    before = kafka_server.part
    kafka_server.stop()
    assert not kafka_server.alive()
    assert (kafka_server.folder / "data/.kafka_cleanshutdown").exists()
    kafka_server.restart()
    assert kafka_server.part == before


def test_without_java_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match=r"no Java was found\. Install Java 17 or newer"):
        kafka.find()


def test_without_maven_and_jars_it_is_said_what_to_install(
    kafka_server: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "java").symlink_to(kafka.java())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("AMANAH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(Missing, match=r"no Maven to fetch them\. Install"):
        kafka.find()


# --- OpenBao


def post(client: hvac.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.adapter.post(f"/v1/{path}", json=body)
    return answer["data"] if isinstance(answer, dict) else {}


def new_data_key(client: hvac.Client, kek: str) -> dict[str, Any]:
    mount, _, name = kek.partition("/")
    return post(client, f"{mount}/datakey/plaintext/{name}", context=CONTEXT)


def open_data_key(client: hvac.Client, kek: str, ciphertext: str) -> str:
    mount, _, name = kek.partition("/")
    return str(post(client, f"{mount}/decrypt/{name}", ciphertext=ciphertext, context=CONTEXT)["plaintext"])


def test_a_wrapped_key_opens_after_the_kill_of_the_key_server(bao_server: Bao, sign_in: SignIn) -> None:
    client = sign_in("identity-web")
    made = new_data_key(client, "amanah-identity/kek")
    bao_server.kill()
    assert not bao_server.alive()
    bao_server.restart()
    assert open_data_key(client, "amanah-identity/kek", made["ciphertext"]) == made["plaintext"]


def test_sealed_it_answers_503_until_it_is_started_again(bao_server: Bao, sign_in: SignIn) -> None:
    client = sign_in("identity-web")
    bao_server.seal()
    with pytest.raises(VaultDown):
        new_data_key(client, "amanah-identity/kek")
    assert bao_server.alive()
    bao_server.restart()
    assert new_data_key(client, "amanah-identity/kek")["plaintext"]


def test_with_a_full_audit_disk_all_calls_fail_and_heal_by_themselves(bao_server: Bao, sign_in: SignIn) -> None:
    client, server = sign_in("identity-web"), bao_server
    server.fill_audit_disk()
    try:
        with pytest.raises(InternalServerError):
            new_data_key(client, "amanah-identity/kek")
        assert client.sys.read_health_status(method="GET")["sealed"] is False
        assert server.alive()
    finally:
        server.free_audit_disk()
    assert new_data_key(client, "amanah-identity/kek")["plaintext"]
    assert all(json.loads(line) for line in server.audit_log.read_text().splitlines())


def test_a_log_that_was_full_at_a_kill_is_whole_after_the_restart(bao_server: Bao, sign_in: SignIn) -> None:
    bao_server.fill_audit_disk()
    bao_server.kill()
    bao_server.restart()
    assert b"\0" not in bao_server.audit_log.read_bytes()
    assert new_data_key(sign_in("identity-web"), "amanah-identity/kek")["plaintext"]


def test_its_secrets_are_for_the_owner_only(bao_server: Bao, cluster: Cluster) -> None:
    folder = bao_server.folder
    secret_files = [*folder.glob("secrets/*"), *(cluster.folder / "secrets").iterdir(), bao_server.audit_log]
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret_files} == {0o600}
    assert "secret" not in (cluster.folder / "parts.json").read_text()
    operator = (folder / "secrets/operator").read_bytes()
    assert operator not in bao_server.audit_log.read_bytes()
    assert operator not in (folder / "bao.hcl").read_bytes()


def test_in_memory_it_starts_anew_each_time(real_folder: Path) -> None:
    server = bao.start(real_folder / "passing", persistent=False)
    with closing(server.operator().adapter) as operator:
        operator.post("/v1/sys/policies/acl/passing", json={"policy": "{}"})
        server.restart()
    with closing(server.operator().adapter) as operator, pytest.raises(InvalidPath):
        operator.get("/v1/sys/policies/acl/passing")
    server.stop()


def test_a_second_bootstrap_changes_no_key_and_no_secret(session_cluster: Cluster, sign_in: SignIn) -> None:
    made = new_data_key(sign_in("licensing-worker"), "amanah-licensing/kek")
    operator, known = sign_in("operator"), session_cluster.credentials
    assert bootstrap(operator, known) == known
    stale = {**known, "audit-web": Credentials(known["audit-web"].role_id, "unknown")}
    again = bootstrap(operator, stale)
    assert again.pop("audit-web").secret_id != "unknown"
    assert again.items() <= known.items()
    assert open_data_key(sign_in("licensing-worker"), "amanah-licensing/kek", made["ciphertext"]) == made["plaintext"]


def test_a_key_of_another_kind_is_refused_and_not_used(real_folder: Path) -> None:
    server = bao.start(real_folder / "wrong", persistent=False)
    operator = server.operator()
    with closing(operator.adapter):
        operator.sys.enable_secrets_engine("transit", path="amanah-identity")
        operator.adapter.post("/v1/amanah-identity/keys/kek", json={"type": "aes256-gcm96"})
        with pytest.raises(WrongSetup, match=r"amanah-identity/kek.*'derived': False.*Nothing was changed"):
            bootstrap(operator)
    server.stop()


# --- What a process is told


def test_the_settings_of_a_process_reach_every_part(cluster: Cluster) -> None:
    told = cluster.settings("sessions", "worker", files=True)
    for role in ("", "OWNER_", "ERASER_"):
        with psycopg.connect(told[f"AMANAH_SESSIONS_{role}DATABASE_URL"].replace("+psycopg", "")) as db:
            assert db.execute("SELECT current_database()").fetchone() == ("amanah_sessions",)
    secret = Path(told["AMANAH_VAULT_SECRET_ID_FILE"]).read_text()
    assert secret == cluster.settings("sessions", "worker")["AMANAH_VAULT_SECRET_ID"]
    client = hvac.Client(told["AMANAH_VAULT_ADDR"], token="", timeout=2)
    with closing(client.adapter):
        client.auth.approle.login(told["AMANAH_VAULT_ROLE_ID"], secret)
    assert told["AMANAH_KAFKA_BOOTSTRAP"] == cluster.kafka().address
    assert (told["AMANAH_DATABASE"], told["AMANAH_LOG"], told["AMANAH_KEYS"]) == ("postgresql", "kafka", "vault")


def test_versions_are_those_that_the_servers_answered(cluster: Cluster) -> None:
    servers: list[Server] = [cluster.postgres(), cluster.kafka(), cluster.bao()]
    described = json.loads((cluster.folder / "parts.json").read_text())
    assert {one.name: one.answer() for one in servers} == {name: one["version"] for name, one in described.items()}


# --- `python -m deploy.local`


@contextmanager
def up(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "deploy.local", "up", "--folder", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def test_up_holds_all_parts_until_it_is_interrupted(cluster: Cluster, real_folder: Path) -> None:
    folder = real_folder / "up"
    with up(folder) as first:
        assert first.stdout is not None
        said = [first.stdout.readline() for _ in range(4)]
        assert [line.split()[0] for line in said] == ["bao", "kafka", "postgres", "Ready."]
        pids = [int(file.read_text()) for file in folder.glob("*/server.pid")]
        with up(folder) as second:
            _, complaint = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "already runs in" in complaint
        assert len(pids) == 3
        assert all(map(running, pids))
        first.send_signal(signal.SIGINT)
        assert first.wait(60) == 0
    assert not any(map(running, pids))
