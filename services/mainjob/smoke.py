"""Play the five steps, one after the other, and say what each has shown."""

import secrets
from pathlib import Path

from services.kernel.errors import Conflict
from services.mainjob.booking import book
from services.mainjob.cast import Cast, Say
from services.mainjob.driver import Driver, HttpDriver, Unexpected
from services.mainjob.erasing import erase
from services.mainjob.joining import found_and_join
from services.mainjob.meeting import meet
from services.mainjob.proving import prove

STEPS = ("found and join", "book", "meet", "prove", "erase")


def play_main_job(
    driver: Driver, say: Say, *, founding_token: str | None = None, operator: tuple[str, str] | None = None
) -> Cast:
    """Play the whole main job; returns who played. Raises ``Unexpected`` at the first thing that is not as it must."""
    cast = Cast(driver, secrets.token_hex(3), lambda text: say(f"  {text}"))
    for number, name in enumerate(STEPS, 1):
        say(f"{number}. {name}")
        if name == "found and join":
            found_and_join(cast, founding_token, operator)
        else:
            {"book": book, "meet": meet, "prove": prove, "erase": erase}[name](cast)
    say("the main job holds")
    return cast


def play(
    url: str,
    *,
    echo: Say,
    mail_folder: Path | None,
    founding_token: str | None,
    operator: tuple[str, str] | None,
) -> None:
    """``amanah smoke``: over HTTP, against a running installation."""
    driver = HttpDriver(url.rstrip("/"), mail_folder or Path("data/mail"))
    try:
        play_main_job(driver, echo, founding_token=founding_token, operator=operator or None)
    except Unexpected as error:
        raise Conflict(f"The main job does not hold: {error}.", help="The step above says where it stopped.") from None
