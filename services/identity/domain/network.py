"""The network: it is founded once, with a one-time link, by the person who becomes its first operator."""

from dataclasses import dataclass

from services.contracts.identity import NetworkFounded
from services.kernel.errors import Conflict
from services.kernel.fields import Id, Language, Name, PersonId


@dataclass(frozen=True, slots=True)
class Network:
    """The installation: all clinics that share counselors."""

    id: Id
    name: Name
    languages: tuple[Language, ...]


def evolve(state: Network | None, event: object) -> Network | None:
    match event:
        case NetworkFounded(network=network, name=name, languages=languages):
            return Network(network, name, languages)
    return state


def found(
    state: Network | None, network: Id, name: Name, languages: tuple[Language, ...], founder: PersonId
) -> NetworkFounded:
    """Found the network. Raises ``Conflict`` when it was founded."""
    if state is not None:
        raise Conflict("The network was founded already.", help="Ask one of its operators for an invitation.")
    return NetworkFounded(network=network, name=name, languages=languages, founder=founder)
