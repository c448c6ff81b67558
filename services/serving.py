"""Serving: gunicorn in front of the apps, and the workers' processes.

Parts that hold threads or connections are made after the fork, in the process that uses them.
"""

import signal
import socket
import sys
from typing import TYPE_CHECKING

import click
from prometheus_client import start_http_server

from services.embedded import House, hold, prepare
from services.kernel.errors import Unavailable
from services.kernel.http.wsgi import Gunicorn, behind
from services.kernel.logs import configure_logs
from services.kernel.parts import open_log
from services.kernel.settings import Settings
from services.registry import build
from services.sample import who_can_sign_in

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = "amanah.log"  # the house's log in the data folder, so that the terminal stays readable


def serve_house(settings: Settings) -> None:
    """All four services in one process, until Ctrl-C."""
    _ensure_port(settings.bind, settings.port, "AMANAH_PORT")
    held = hold(settings)
    journal = (settings.data / LOG).open("a", buffering=1)
    configure_logs(stream=journal)
    prepare(settings)
    _greet(settings)
    house: list[House] = []

    def make() -> "WSGIApplication":
        house.append(House(settings))
        house[0].start()
        return behind(settings.gateways, house[0].app())

    def end(_server: object, _worker: object) -> None:
        for each in house:
            each.close()

    Gunicorn(make, _address(settings), processes=1, threads=settings.threads, worker_exit=end).run()
    held.close()
    journal.close()


def serve_service(settings: Settings, name: str) -> None:
    """One service's API, in a few processes."""
    configure_logs()
    _ensure_port(settings.bind, settings.port, "AMANAH_PORT")
    build(name, settings).close()  # say at once, and plainly, what is missing
    processes, threads = settings.processes, settings.threads

    def make() -> "WSGIApplication":
        return behind(settings.gateways, build(name, settings).app)

    Gunicorn(make, _address(settings), processes=processes, threads=threads).run()


def work_service(settings: Settings, name: str) -> None:
    """One service's worker, until it is told to end; its figures on ``work_port``, where one is set."""
    configure_logs()
    built = build(name, settings)
    worker = built.make_worker(open_log(settings))
    if settings.work_port is not None:
        _ensure_port(settings.bind, settings.work_port, "AMANAH_WORK_PORT")
        start_http_server(settings.work_port, settings.bind)

    def end(*_: object) -> None:
        worker.stopped.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    click.echo(f"{name}: working on {built.assembly.store.lanes} lane(s)", err=True)
    worker.run()
    built.close()


def _greet(settings: Settings) -> None:
    """What the person who started it needs to know."""
    from services.identity.app import founding_link

    say = click.echo
    say("Amanah, embedded: one process and one keyring, so there is no separation between the services.")
    link = founding_link(settings)
    if link is not None and settings.sample:
        from services.sample.making import fill

        fill(settings, say)
    elif link is not None:
        say(f"Nobody has founded this network yet. This link works once: {link}")
        say(f"Its page comes later; today, send the token to POST {settings.url}/identity/v1/founding .")
    if people := who_can_sign_in(settings):
        say(people)
    say(f"Open {settings.url} . Ctrl-C ends it; your data stay in {settings.data}, the log is {LOG} there.")
    sys.stdout.flush()


def _address(settings: Settings) -> str:
    return f"{settings.bind}:{settings.port}"


def _ensure_port(address: str, port: int, setting: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            raise Unavailable(
                f"Port {port} is in use.",
                help=f"If Amanah runs already, use that one. Else choose another: {setting}={port + 1}",
            ) from None
