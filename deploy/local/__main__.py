"""`python -m deploy.local`: keep the real parts of a folder running, or say which parts could be had."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import click

from deploy.local import bao, kafka, postgres
from deploy.local.cluster import Cluster
from deploy.local.house import RealHouse
from deploy.local.parts import NAMES, Missing, Name, Program, from_environment
from deploy.local.server import StartFailed

ADDRESSES: dict[Name, str] = {
    "postgres": "AMANAH_POSTGRES_URL",
    "kafka": "AMANAH_KAFKA_BOOTSTRAP",
    "bao": "AMANAH_BAO_ADDR",
}
FINDERS: dict[Name, Callable[[], Program]] = {"postgres": postgres.find, "kafka": kafka.find, "bao": bao.find}
VERSIONS: dict[Name, Callable[[Path], str]] = {
    "postgres": postgres.program_version,
    "kafka": lambda jars: kafka.VERSION,
    "bao": bao.program_version,
}


@click.group()
def main() -> None:
    """PostgreSQL, Kafka and OpenBao as ordinary processes, without Docker and without root."""


@main.command()
@click.option("--folder", required=True, type=click.Path(path_type=Path), help="Where data and secrets are kept.")
def up(folder: Path) -> None:
    """Start all parts and keep them running until Ctrl-C. FOLDER/parts.json then names addresses and versions."""
    asked_to_end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_end.set())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Cluster(folder) as cluster:
            for part in cluster.describe().values():
                click.echo(f"{part['name']} {part['version']} ({part['found']}) at {part['address']}")
            click.echo(
                f"Ready. Addresses are in {cluster.folder / 'parts.json'}. Ctrl-C stops all parts; data is kept."
            )
            asked_to_end.wait()
            click.echo("Stopping.")
    except (Missing, StartFailed) as error:
        click.echo(str(error), err=True)
        sys.exit(1)


@main.command()
@click.option("--folder", default="data/real", type=click.Path(path_type=Path), help="Where data and secrets are kept.")
@click.option("--port", default=8000, envvar="AMANAH_PORT", help="The one address of the house.")
def run(folder: Path, port: int) -> None:
    """Run the whole house on the real parts, each service as a web and a worker process, until Ctrl-C."""
    asked_to_end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_end.set())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Cluster(folder) as cluster, RealHouse(cluster, folder.resolve() / "house", port) as house:
            for part in cluster.describe().values():
                click.echo(f"{part['name']} {part['version']} ({part['found']}) at {part['address']}")
            founding = house.amanah("identity", "founding-link").stdout.strip()
            click.echo(founding or "The network is founded.")
            click.echo(f"Open {house.url} . Logs are in {house.folder / 'logs'}. Ctrl-C ends it; data is kept.")
            asked_to_end.wait()
            click.echo("Stopping.")
    except (Missing, StartFailed) as error:
        click.echo(str(error), err=True)
        sys.exit(1)


@main.command()
def versions() -> None:
    """Say of each part where it would come from; exit 1 if one could not be had."""
    missing = False
    for name in NAMES:
        given = from_environment(ADDRESSES[name])
        if given is not None:
            click.echo(f"{name}: the server that {ADDRESSES[name]} names")
            continue
        try:
            program = FINDERS[name]()
        except Missing as error:
            missing = True
            click.echo(str(error))
        else:
            click.echo(f"{name} {VERSIONS[name](program.path)} ({program.found}) in {program.path}")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
