"""Settings: all mistakes at once, no secret in any text."""

from pathlib import Path

import pytest

from services.kernel.settings import SETTINGS, SettingsError, load_settings, settings_table


def mistakes(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    assert all(mistake in str(caught.value) for mistake in caught.value.mistakes)
    return "\n".join(caught.value.mistakes)


def test_nothing_need_be_set() -> None:
    settings = load_settings({})
    assert (settings.database, settings.log, settings.keys, settings.mail) == ("sqlite", "embedded", "local", "folder")
    assert settings.database_url("audit") == f"sqlite:///{settings.data}/audit.sqlite3"
    assert settings.mail_folder == settings.data / "mail"
    assert not settings.keyring.is_relative_to(settings.data)


def test_all_mistakes_are_told_at_once() -> None:
    told = mistakes({"AMANAH_PROT": "1", "AMANAH_PORT": "0", "AMANAH_SAMPLE": "maybe", "AMANAH_KEYS": "vault"})
    for name in ("AMANAH_PROT", "AMANAH_PORT", "AMANAH_SAMPLE", "AMANAH_VAULT_ADDR", "AMANAH_VAULT_SECRET_ID"):
        assert name in told
    assert "a whole number from 1 to 65535" in told
    assert "yes or no" in told


def test_a_secret_comes_from_a_file_and_is_shown_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cr3t-value\n")
    vault = {"AMANAH_KEYS": "vault", "AMANAH_VAULT_ADDR": "https://vault:8200", "AMANAH_VAULT_ROLE_ID": "r"}
    settings = load_settings(vault | {"AMANAH_VAULT_SECRET_ID_FILE": str(secret)})
    assert settings.vault_secret_id == "s3cr3t-value"
    url = "postgresql+psycopg://u:hidden@db/identity"
    shown = repr(load_settings({"AMANAH_DATABASE": "postgresql", "AMANAH_IDENTITY_DATABASE_URL": url}))
    assert "hidden" not in shown
    assert "s3cr3t" not in repr(settings)
    told = mistakes(vault | {"AMANAH_VAULT_SECRET_ID": "s3cr3t value", "AMANAH_SMTP_URL": "s3cr3t"})
    assert "s3cr3t" not in told


def test_a_value_and_a_file_for_one_setting_are_a_mistake(tmp_path: Path) -> None:
    assert "both set" in mistakes({"AMANAH_PORT": "8000", "AMANAH_PORT_FILE": str(tmp_path)})
    assert "cannot be read" in mistakes({"AMANAH_PORT_FILE": str(tmp_path / "nothing")})


def test_keys_may_not_lie_with_the_data() -> None:
    assert "AMANAH_KEYRING" in mistakes({"AMANAH_DATA": "/srv/a", "AMANAH_KEYRING": "/srv/a/x/keyring.json"})


def test_a_database_that_is_needed_and_not_set_is_named() -> None:
    url = "postgresql+psycopg://u@db/identity"
    settings = load_settings({"AMANAH_DATABASE": "postgresql", "AMANAH_IDENTITY_ERASER_DATABASE_URL": url})
    assert settings.database_url("identity", "eraser") == url
    with pytest.raises(SettingsError, match="AMANAH_SESSIONS_OWNER_DATABASE_URL is not set"):
        settings.database_url("sessions", "owner")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AMANAH_TOKEN_MINUTES", "11"),
        ("AMANAH_LOG_ORIGIN", "a+b"),
        ("AMANAH_LOG_ORIGIN", "a b"),
        ("AMANAH_URL", "localhost:8000"),
        ("AMANAH_URL", "https://example.org/path"),
        ("AMANAH_URL", "https://example.org:port"),
        ("AMANAH_LANES", "²"),
        ("AMANAH_AUDIT_DATABASE_URL", "mysql://db"),
    ],
)
def test_what_would_break_later_is_refused_at_the_start(name: str, value: str) -> None:
    assert name in mistakes({name: value})


def test_an_empty_variable_is_not_set_and_the_tests_own_are_tolerated() -> None:
    assert load_settings({"AMANAH_PORT": "", "AMANAH_LONG": "1", "AMANAH_REQUIRE": "kafka"}).port == 8000


def test_the_table_has_a_row_for_every_setting() -> None:
    rows = settings_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [setting.name for setting in SETTINGS]
    assert {row.replace("\\|", "").count("|") for row in rows} == {5}
