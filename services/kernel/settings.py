"""Every setting of the house, in one place.

A setting is a variable of the environment, or the same name with ``_FILE`` for a file that holds the value (so that a
secret need not stand in the environment). ``load_settings`` reads them once, at start, and promises: all mistakes are
told at once, an unknown ``AMANAH_`` variable is a mistake (a misspelt setting must not be silently ignored), and no
error repeats the value of a secret. ``settings_table`` writes the documentation from the same list.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from services.kernel.errors import CannotStart

SERVICES = ("identity", "licensing", "sessions", "audit")

Role = Literal["app", "owner", "eraser"]

# Each lane that a worker leads holds one of its 16 database connections; four are left to do the work.
MOST_LANES = 12


class SettingsError(CannotStart):
    """The settings cannot be used. ``mistakes`` holds one sentence each, with what to do."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = mistakes
        count = "One setting" if len(mistakes) == 1 else f"{len(mistakes)} settings"
        super().__init__(f"{count} must be mended before this can start:\n" + "\n".join(f"  - {m}" for m in mistakes))


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: ``kind`` names its check (see ``_KINDS``) or its choices, ``a|b``; no default means "not set"."""

    name: str
    default: str | None
    kind: str
    help: str
    secret: bool = False


def _database_settings() -> list[Setting]:
    return [
        Setting(
            f"AMANAH_{service.upper()}_{prefix}DATABASE_URL", None, "database", f"{words} of {service}", secret=True
        )
        for service in SERVICES
        for prefix, words in (
            ("", "The database, as the service's own role,"),
            ("OWNER_", "The same database, as the role that migrates the tables"),
            ("ERASER_", "The same database, as the only role that may delete sealed values,"),
        )
    ]


SETTINGS: tuple[Setting, ...] = (
    Setting("AMANAH_URL", "http://localhost:8000", "url", "Where people reach the installation; stands in mails"),
    Setting("AMANAH_BIND", "127.0.0.1", "word", "The address to listen on"),
    Setting("AMANAH_PORT", "8000", "1..65535", "The port to listen on"),
    Setting("AMANAH_THREADS", "8", "1..64", "Threads that answer requests, for each process"),
    Setting(
        "AMANAH_GATEWAYS",
        "0",
        "0..5",
        "How many gateways stand in front, each adding who asked it to X-Forwarded-For; with 0 nobody is believed",
    ),
    Setting("AMANAH_WORK_PORT", None, "1..65535", "The port on which a worker (amanah work) shows /metrics; else none"),
    Setting("AMANAH_PROCESSES", "2", "1..32", "Processes that answer requests, for each service that runs alone"),
    Setting("AMANAH_SAMPLE", "no", "yes|no", "Fill an empty installation with the sample network"),
    Setting("AMANAH_DATA", "./data", "path", "The folder of everything that is kept embedded"),
    Setting("AMANAH_DATABASE", "sqlite", "sqlite|postgresql", "SQLite in the data folder, or PostgreSQL"),
    *_database_settings(),
    Setting(
        "AMANAH_LANES",
        "1",
        f"1..{MOST_LANES}",
        "Lanes of a service, the same for all four: 1 embedded, 8 at scale. May be raised (then amanah migrate and "
        "amanah topics, and start every process again), never lowered",
    ),
    Setting("AMANAH_LOG", "embedded", "embedded|kafka", "The event log: a file in the data folder, or Apache Kafka"),
    Setting("AMANAH_KAFKA_BOOTSTRAP", None, "word", "Kafka's addresses, host:port, with commas between them"),
    Setting(
        "AMANAH_KAFKA_REPLICATION",
        "1",
        "1..9",
        "Copies of each topic that amanah topics makes: 3 where there are three brokers, of which one may then be away",
    ),
    Setting("AMANAH_KEYS", "local", "local|vault", "Who holds the keys: a keyring file, or Vault (OpenBao)"),
    Setting("AMANAH_KEYRING", "./keys/keyring.json", "path", "The keyring file; must lie outside the data folder"),
    Setting("AMANAH_VAULT_ADDR", None, "url", "The address of Vault"),
    Setting("AMANAH_VAULT_ROLE_ID", None, "word", "The AppRole of this process"),
    Setting("AMANAH_VAULT_SECRET_ID", None, "word", "The secret of that AppRole", secret=True),
    Setting("AMANAH_VAULT_CACERT", None, "path", "The certificate authority of Vault, in PEM"),
    Setting("AMANAH_MAIL", "folder", "folder|smtp", "Mail into a folder of .eml files, or by SMTP"),
    Setting("AMANAH_MAIL_FOLDER", None, "path", "That folder; without it, mail in the data folder"),
    Setting("AMANAH_SMTP_URL", None, "smtp", "smtp://user:password@host:587, or smtps:// for TLS from the start", True),
    Setting("AMANAH_MAIL_FROM", "no-reply@amanah.local", "mail", "The sender of every mail"),
    Setting("AMANAH_LOG_ORIGIN", "amanah.local/log", "origin", "The name of the Merkle log on its checkpoints"),
    Setting("AMANAH_CHECKPOINT_SECONDS", "2", "1..3600", "Seconds between two checkpoints, while entries arrive"),
    Setting("AMANAH_TOKEN_MINUTES", "10", "1..10", "Minutes for which a sign-in token holds"),
)

# Read by the tests and benchmarks alone; tolerated here, so that one environment serves both.
DEVELOPMENT = frozenset(
    f"AMANAH_{name}"
    for name in ("REQUIRE", "LONG", "VECTORS", "CACHE", "POSTGRES_URL", "BAO_ADDR", "BAO_TOKEN", "CHROMIUM")
)


@dataclass(frozen=True, slots=True)
class Databases:
    """The addresses of one service's database, one for each role; not set with SQLite."""

    app: str | None = field(default=None, repr=False)
    owner: str | None = field(default=None, repr=False)
    eraser: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings as the house uses them. Secrets are not shown when this is printed."""

    url: str
    bind: str
    port: int
    threads: int
    processes: int
    gateways: int
    work_port: int | None
    sample: bool
    data: Path
    database: Literal["sqlite", "postgresql"]
    databases: Mapping[str, Databases]
    lanes: int
    log: Literal["embedded", "kafka"]
    kafka_bootstrap: str | None
    kafka_replication: int
    keys: Literal["local", "vault"]
    keyring: Path
    vault_addr: str | None
    vault_role_id: str | None
    vault_secret_id: str | None = field(repr=False)
    vault_cacert: Path | None
    mail: Literal["folder", "smtp"]
    mail_folder: Path
    smtp_url: str | None = field(repr=False)
    mail_from: str
    log_origin: str
    checkpoint_seconds: int
    token_minutes: int

    def database_url(self, service: str, role: Role = "app") -> str:
        """The SQLAlchemy address of a service's database, as that role. Raises ``SettingsError`` when it is not set."""
        if self.database == "sqlite":
            return f"sqlite:///{self.data / service}.sqlite3"
        url: str | None = getattr(self.databases[service], role)
        if url is None:
            prefix = "" if role == "app" else f"{role.upper()}_"
            name = f"AMANAH_{service.upper()}_{prefix}DATABASE_URL"
            raise SettingsError((f"{name} is not set, and AMANAH_DATABASE is postgresql: set it, or {name}_FILE",))
        return url


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process. Raises ``SettingsError`` with every mistake."""
    environ = os.environ if environ is None else environ
    mistakes = _unknown(environ)
    values: dict[str, str | None] = {}
    for setting in SETTINGS:
        try:
            values[setting.name] = _value(setting, environ)
        except ValueError as mistake:
            mistakes.append(str(mistake))
            values[setting.name] = setting.default
    mistakes += _needed(values)
    if mistakes:
        raise SettingsError(tuple(mistakes))
    return _settings(values)


def settings_table() -> str:
    """All settings as a table in Markdown, for the documentation."""
    head = "| setting | values | default | what it is for |\n|---|---|---|---|"
    rows = [
        f"| `{s.name}` | {_words_for(s.kind)} | {f'`{s.default}`' if s.default else 'not set'} "
        f"| {s.help.rstrip(',')}{' (secret: prefer `' + s.name + '_FILE`)' if s.secret else ''} |"
        for s in SETTINGS
    ]
    return "\n".join([head, *rows]) + "\n"


def _unknown(environ: Mapping[str, str]) -> list[str]:
    known = {setting.name for setting in SETTINGS}
    known |= {f"{name}_FILE" for name in known} | DEVELOPMENT
    return [
        f"{name} is not a setting: check its spelling in docs/settings.md, or unset it"
        for name in sorted(environ)
        if name.startswith("AMANAH_") and name not in known
    ]


def _value(setting: Setting, environ: Mapping[str, str]) -> str | None:
    text, file = environ.get(setting.name), environ.get(f"{setting.name}_FILE")
    if text is not None and file is not None:
        raise ValueError(f"{setting.name} and {setting.name}_FILE are both set: keep one of them")
    if file is not None:
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise ValueError(f"{setting.name}_FILE cannot be read ({type(error).__name__}): check {file}") from None
    if not text:  # an empty variable is how Compose says "not set"
        return setting.default
    if not _accepts(setting.kind, text):
        shown = "its value (not shown: it is a secret)" if setting.secret else repr(text[:80])
        raise ValueError(f"{setting.name}: {shown} does not fit; use {_words_for(setting.kind)}")
    return text


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_base(text: str) -> bool:
    return _is_url(text, ("http", "https")) and not urlsplit(text).path.strip("/") and "?" not in text


_KINDS: dict[str, tuple[Callable[[str], bool], str]] = {
    "path": (lambda text: "\0" not in text, "a path"),
    "word": (lambda text: re.fullmatch(r"[!-~]+", text) is not None, "text without blanks"),
    "mail": (lambda text: re.fullmatch(r"[^@\s]+@[^@\s]+", text) is not None, "an e-mail address"),
    "origin": (lambda text: re.fullmatch(r"[!-*,-~]+", text) is not None, "a name without blanks and without a plus"),
    "url": (_is_base, "an address such as https://counselling.example, without a path"),
    "smtp": (lambda text: _is_url(text, ("smtp", "smtps")), "an address such as smtp://user:password@host:587"),
    "database": (
        lambda text: text.startswith("postgresql+psycopg://"),
        "an address such as postgresql+psycopg://user:password@host/name",
    ),
}


def _accepts(kind: str, text: str) -> bool:
    if kind in _KINDS:
        return _KINDS[kind][0](text)
    if ".." in kind:
        low, high = kind.split("..")
        return re.fullmatch(r"[0-9]{1,9}", text) is not None and int(low) <= int(text) <= int(high)
    return text in kind.split("|")


def _words_for(kind: str) -> str:
    if kind in _KINDS:
        return _KINDS[kind][1]
    if ".." in kind:
        return "a whole number from {} to {}".format(*kind.split(".."))
    return " or ".join(kind.split("|"))


_NEEDS = (
    ("AMANAH_LOG", "kafka", "AMANAH_KAFKA_BOOTSTRAP"),
    ("AMANAH_KEYS", "vault", "AMANAH_VAULT_ADDR"),
    ("AMANAH_KEYS", "vault", "AMANAH_VAULT_ROLE_ID"),
    ("AMANAH_KEYS", "vault", "AMANAH_VAULT_SECRET_ID"),
    ("AMANAH_MAIL", "smtp", "AMANAH_SMTP_URL"),
)


def _needed(values: Mapping[str, str | None]) -> list[str]:
    """What is missing or does not fit together, once each value is right by itself."""
    mistakes = [
        f"{needed} is not set, and {name} is {choice}: set it, or {needed}_FILE"
        for name, choice, needed in _NEEDS
        if values[name] == choice and values[needed] is None
    ]
    if _path(values["AMANAH_KEYRING"]).is_relative_to(_path(values["AMANAH_DATA"])):
        mistakes.append(
            "AMANAH_KEYRING lies inside AMANAH_DATA: put it elsewhere, so that who copies the data has no keys"
        )
    return mistakes


def _path(text: str | None) -> Path:
    return Path(text or ".").expanduser().resolve()


def _settings(values: dict[str, str | None]) -> Settings:
    """The typed settings, from values that were checked."""

    def given(name: str) -> str | None:
        return values[f"AMANAH_{name}"]

    def text(name: str) -> str:
        return given(name) or ""

    data, cacert = _path(given("DATA")), given("VAULT_CACERT")
    return Settings(
        url=text("URL").rstrip("/"),
        bind=text("BIND"),
        port=int(text("PORT")),
        threads=int(text("THREADS")),
        processes=int(text("PROCESSES")),
        gateways=int(text("GATEWAYS")),
        work_port=int(text("WORK_PORT")) if given("WORK_PORT") else None,
        sample=given("SAMPLE") == "yes",
        data=data,
        database="postgresql" if given("DATABASE") == "postgresql" else "sqlite",
        databases={s: _databases(values, s.upper()) for s in SERVICES},
        lanes=int(text("LANES")),
        log="kafka" if given("LOG") == "kafka" else "embedded",
        kafka_bootstrap=given("KAFKA_BOOTSTRAP"),
        kafka_replication=int(text("KAFKA_REPLICATION")),
        keys="vault" if given("KEYS") == "vault" else "local",
        keyring=_path(given("KEYRING")),
        vault_addr=given("VAULT_ADDR"),
        vault_role_id=given("VAULT_ROLE_ID"),
        vault_secret_id=given("VAULT_SECRET_ID"),
        vault_cacert=_path(cacert) if cacert else None,
        mail="smtp" if given("MAIL") == "smtp" else "folder",
        mail_folder=_path(given("MAIL_FOLDER")) if given("MAIL_FOLDER") else data / "mail",
        smtp_url=given("SMTP_URL"),
        mail_from=text("MAIL_FROM"),
        log_origin=text("LOG_ORIGIN"),
        checkpoint_seconds=int(text("CHECKPOINT_SECONDS")),
        token_minutes=int(text("TOKEN_MINUTES")),
    )


def _databases(values: Mapping[str, str | None], service: str) -> Databases:
    return Databases(
        app=values[f"AMANAH_{service}_DATABASE_URL"],
        owner=values[f"AMANAH_{service}_OWNER_DATABASE_URL"],
        eraser=values[f"AMANAH_{service}_ERASER_DATABASE_URL"],
    )
