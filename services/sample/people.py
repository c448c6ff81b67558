"""Who is in the sample network: staff, counselors, clients. Invented people, all of them."""

from dataclasses import dataclass

from services.mainjob.actor import PASSWORD


@dataclass(frozen=True, slots=True)
class Working:
    """Somebody who works in one clinic or several: where they live, and what they are there."""

    part: str
    name: str
    clinics: tuple[str, ...]
    role: str
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A counselor of the sample: who, where, by which credential, and when each day, in local time.

    Without hours they work around the clock, so that a session of theirs begins soon after the making.
    """

    part: str
    name: str
    home: str
    zone: str
    languages: tuple[str, ...]
    kind: str
    issuer: str
    jurisdiction: str
    clinics: tuple[str, ...]
    hours: str = "08:00-20:00"


COUNSELORS = (
    Practitioner("dewi", "Dewi Lestari", "ID-JB", "Asia/Jakarta", ("id",), "permit", "ABKIN", "ID", ("jakarta",)),
    Practitioner(
        "aisyah", "Aisyah Rahman", "MY-14", "Asia/Kuala_Lumpur", ("ms", "en"), "registration",
        "Lembaga Kaunselor Malaysia", "MY", ("jakarta",),
    ),
    Practitioner(
        "maya", "Maya Santoso", "US-AZ", "America/Phoenix", ("en", "id"), "licence",
        "Arizona Board of Behavioral Health Examiners", "US-AZ", ("phoenix",), "",
    ),
    Practitioner(
        "helen", "Helen Okafor", "CA-ON", "America/Toronto", ("en",), "registration",
        "College of Registered Psychotherapists of Ontario", "CA-ON", ("phoenix",),
    ),
    Practitioner(
        "james", "James Whitfield", "GB", "Europe/London", ("en",), "register_entry",
        "British Association for Counselling and Psychotherapy", "GB", ("phoenix", "jakarta"),
    ),
)  # fmt: skip
WORKING = (
    Working("operator", "Ruth Begay", ("phoenix",), "operator"),
    Working("verifier", "Tomas Lind", ("phoenix",), "verifier"),
    Working("verifier2", "Sari Wulandari", ("jakarta",), "verifier"),
    Working("officer", "Grace Whitehorse", ("phoenix",), "officer"),
    *(Working(each.part, each.name, each.clinics, "counselor", each.zone) for each in COUNSELORS),
)
CLIENTS = (
    ("ana", "Ana", "phoenix", "US-AZ", "America/Phoenix", "en", "1991-04-17"),
    ("chloe", "Chloe", "phoenix", "GB", "Europe/London", "en", "1979-01-23"),
    ("budi", "Budi", "jakarta", "ID-JB", "Asia/Jakarta", "id", "1996-08-05"),
)


def people() -> list[str]:
    """Who can sign in to the sample network, one line each."""
    homes = {counselor.part: f", {counselor.home}" for counselor in COUNSELORS}
    staff = [("founder", "Nadia Prameswari", "network operator")]
    staff += [(each.part, each.name, each.role + homes.get(each.part, "")) for each in WORKING]
    staff += [(part, name, f"client in {place}") for part, name, _, place, *_ in CLIENTS]
    lines = [f"  {address(part):28} {name}, {what}" for part, name, what in staff]
    return [f'These people can sign in (password of all: "{PASSWORD}"):', *lines]


def address(part: str) -> str:
    """The mail address of one of them."""
    return f"{part}@sample.example"
