"""The ``amanah`` command. Each command says what it did, and what to do next when it cannot."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from services.kernel.errors import CannotStart, Problem
from services.kernel.settings import SERVICES, load_settings

P = ParamSpec("P")
T = TypeVar("T")

service_argument = click.argument("service", type=click.Choice(SERVICES))


def _plainly(command: Callable[P, T]) -> Callable[P, T]:
    """Tell an expected error in words and with exit code 1, not as a trace."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except CannotStart as error:
            raise click.ClickException(str(error)) from None
        except Problem as problem:
            raise click.ClickException(f"{problem.detail} {problem.help}".strip()) from None

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Amanah: one online counselling network of several clinics, countries and counselors."""


@main.command()
@_plainly
def run() -> None:
    """Serve all four services in one process (the embedded default)."""
    from services.serving import serve_house

    serve_house(load_settings())


@main.command()
@service_argument
@_plainly
def web(service: str) -> None:
    """Serve the API of one service (gunicorn)."""
    from services.serving import serve_service

    serve_service(load_settings(), service)


@main.command()
@service_argument
@_plainly
def work(service: str) -> None:
    """Run the worker of one service: its relay, its consumer, and what is due."""
    from services.serving import work_service

    work_service(load_settings(), service)


@main.command()
@click.argument("service", type=click.Choice(SERVICES), required=False)
@_plainly
def migrate(service: str | None) -> None:
    """Bring databases to this release (all four, or one). Safe to run again."""
    from services.kernel.parts import found_keyring
    from services.kernel.store.opening import migrate as raise_schema

    settings = load_settings()
    found_keyring(settings)
    for name in [service] if service else SERVICES:
        raise_schema(settings, name)
        click.echo(f"{name}: at the newest revision")


@main.command()
@_plainly
def topics() -> None:
    """Make the topics of the event log. Safe to run again."""
    from services.kernel.parts import make_topics, open_log

    settings = load_settings()
    log = open_log(settings)
    try:
        make_topics(settings, log)
        click.echo(f"topics are there, {settings.lanes} lane(s) each, on {log.version()}")
    finally:
        log.close()


@main.command()
@click.argument("service", type=click.Choice(SERVICES), required=False)
@_plainly
def doctor(service: str | None) -> None:
    """Look at every part (of all four services, or of one) and say how to mend what is wrong; then exit code 1."""
    from services.doctor import examine

    findings = examine(load_settings(), [service] if service else SERVICES)
    for finding in findings:
        click.echo(finding.line())
    sys.exit(0 if all(finding.good for finding in findings) else 1)


@main.command()
@service_argument
@click.option("--verify", is_flag=True, help="Compare only; leave the living tables as they are.")
@_plainly
def rebuild(service: str, verify: bool) -> None:
    """Rebuild a service's read models from its events, compare every row, and switch. Needs no keys."""
    from services.repair import rebuild_service

    done = rebuild_service(load_settings(), service, switch=not verify)
    click.echo(f"{done.events} events, {done.rows} rows rebuilt")
    for table, count in done.differences.items():
        click.echo(f"{table}: {count} rows differ{'' if verify else ' (now mended)'}")
    if not done.differences:
        click.echo("no difference")
    sys.exit(1 if verify and done.differences else 0)


@main.command("founding-link")
@_plainly
def founding() -> None:
    """Print a one-time link that founds the network, as long as nobody has founded it."""
    from services.identity.app import founding_link

    link = founding_link(load_settings())
    if link is None:
        raise click.ClickException("This network is founded already. Its operators invite everybody else.")
    click.echo(link)


@main.group()
def store() -> None:
    """The event stores."""


@store.command("verify")
@click.argument("service", type=click.Choice(SERVICES), required=False)
@_plainly
def store_verify(service: str | None) -> None:
    """Check every event of a store: no hole, the chain, the columns against the bytes; and that the event log ends with
    an event that the store holds. Exit code 1 on a fault."""
    from services.repair import verify_service

    settings = load_settings()
    good = True
    for name in [service] if service else SERVICES:
        found, compared = verify_service(settings, name)
        lanes = ", ".join(f"lane {lane}: {last}" for lane, last in found.lanes.items())
        click.echo(f"{name}: {found.events} events ({lanes}): {'good' if found.good else 'NOT GOOD'}; {compared}")
        for fault in found.faults:
            click.echo(f"  {fault}")
        good = good and found.good
    sys.exit(0 if good else 1)


@main.group()
def parked() -> None:
    """Events that could not be applied."""


@parked.command("list")
@service_argument
@_plainly
def parked_list(service: str) -> None:
    """List what is set aside, and why."""
    from services.repair import parked_of

    rows = parked_of(load_settings(), service)
    for row in rows:
        click.echo(f"{row.service} lane {row.lane} event {row.sequence} {row.type} {row.stream}: {row.reason}")
    if not rows:
        click.echo("None. Everything was applied.")


@parked.command("replay")
@service_argument
@_plainly
def parked_replay(service: str) -> None:
    """Apply what is set aside, in order. Exit code 1 when something still cannot be applied."""
    from services.repair import replay

    done = replay(load_settings(), service)
    click.echo(f"{done.applied} applied")
    for (source, stream), (sequence, reason) in done.failing.items():
        click.echo(f"{source} {stream} stops at event {sequence}: {reason}")
    if done.failing:
        click.echo(f"Mend what the reasons name, then again: amanah parked replay {service}")
    sys.exit(1 if done.failing else 0)


@main.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def verify(words: tuple[str, ...]) -> None:
    """Verify a bundle, offline. 0: proven; 1: a check failed; 2: signer unknown; 3: wrong usage.

    BUNDLE [--log-key KEY] [--json]; the verifier reads its words itself, as it does where it stands alone.
    """
    from services.audit.verifier.__main__ import main as verify_alone

    sys.exit(verify_alone(words))


@main.command()
@click.argument("url")
@click.option("--mail-folder", type=click.Path(file_okay=False, path_type=Path), help="Where the mails arrive.")
@click.option("--founding-token", help="The one-time token, for a network that is not founded yet.")
@click.option("--operator", nargs=2, metavar="EMAIL PASSWORD", help="A network operator, for one that is founded.")
@_plainly
def smoke(url: str, **options: Any) -> None:
    """Play the main job against a running installation and print each step."""
    from services.mainjob.smoke import play

    play(url, echo=click.echo, **options)


if __name__ == "__main__":
    main()
