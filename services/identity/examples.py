"""Named example data: the network of the tests, the documentation and the sample installation. Nobody here is real."""

from dataclasses import dataclass

from services.identity.domain.clinic import Terms
from services.kernel.fields import Language, Name, Place
from services.kernel.time import Zone


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an address, a password and, where they work here, a professional name."""

    email: str
    password: str
    name: Name
    locale: Language
    zone: Zone


NETWORK = Name("Jejaring Amanah")
LANGUAGES = (Language("id"), Language("en"))

JAKARTA = Terms(Name("Klinik Teduh"), Zone("Asia/Jakarta"), (Language("id"), Language("en")), 14, 5)
JAKARTA_PLACE = Place("ID")
PHOENIX = Terms(Name("Saguaro Counseling"), Zone("America/Phoenix"), (Language("en"),), 7, 6)
PHOENIX_PLACE = Place("US-AZ")

SARI = Person(
    "sari@jejaring.example", "pagi yang tenang di kebun", Name("Sari Wulandari"), Language("id"), Zone("Asia/Jakarta")
)
OWEN = Person(
    "owen@saguaro.example", "four cactus and a late bus", Name("Owen Begay"), Language("en"), Zone("America/Phoenix")
)
NADIA = Person(
    "nadia@saguaro.example", "snow on the lake in march", Name("Nadia Okafor"), Language("en"), Zone("America/Toronto")
)
VERA = Person(
    "vera@saguaro.example", "two eyes on every paper", Name("Vera Lindqvist"), Language("en"), Zone("America/Phoenix")
)
OTTO = Person(
    "otto@saguaro.example", "what was written stays so", Name("Otto Grant"), Language("en"), Zone("America/Phoenix")
)
DEWI = Person("dewi@surat.example", "hujan sore di halte lama", Name("Dewi"), Language("id"), Zone("Asia/Jakarta"))
