"""The sample network: people who can sign in, clinics, sessions that were and sessions to come; made once, on request.

Whoever starts the house later reads here, from a small file beside the data, that this network is the sample.
"""

from pathlib import Path

from services.kernel.errors import CannotStart
from services.kernel.settings import Settings


def kept_people(settings: Settings) -> Path:
    """The file that says who can sign in: empty while the sample is being made, absent where nobody made one."""
    return settings.data / "sample.txt"


def who_can_sign_in(settings: Settings) -> str:
    """The people of the sample; empty when this network is another. Raises ``CannotStart`` when it is half made."""
    file = kept_people(settings)
    if not file.exists():
        return ""
    if people := file.read_text():
        return people.rstrip()
    raise CannotStart(
        f"The making of the sample network was cut short. To make it anew, delete {settings.data} and "
        f"{settings.keyring}; to use what is there as it is, delete {file}."
    )
