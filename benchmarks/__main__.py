"""`python -m benchmarks [NAME...]`: run all, or those named."""

from __future__ import annotations

import importlib

import click

from benchmarks.ground import Report, Skipped
from deploy.local.parts import Missing

NAMES = ("command", "replay", "sealing", "relay", "start")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
def main(names: tuple[str, ...]) -> None:
    """Measure, print the tables, and say at the end which goals were missed."""
    reports: list[Report] = []
    for name in names or NAMES:
        try:
            made: list[Report] = importlib.import_module(f"benchmarks.{name}").run()
        except (Skipped, Missing) as reason:
            click.echo(f"\n== {name}: skipped. {reason}")
            continue
        for report in made:
            report.show()
        reports += made
    missed = [line for report in reports for line in report.missed]
    click.echo("\nGoals missed:" if missed else "\nEvery goal that has one was met.")
    for line in missed:
        click.echo(f"  {line}")


if __name__ == "__main__":
    main()
