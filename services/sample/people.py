"""Who is in the sample network: staff, counselors, clients. Invented people, all of them."""

from dataclasses import dataclass

from services.mainjob.actor import PASSWORD


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
STAFF = (
    ("operator", "Ruth Begay", "phoenix", ["operator"]),
    ("verifier", "Tomas Lind", "phoenix", ["verifier"]),
    ("verifier2", "Sari Wulandari", "jakarta", ["verifier"]),
    ("officer", "Grace Whitehorse", "phoenix", ["officer"]),
)
CLIENTS = (
    ("ana", "Ana", "phoenix", "US-AZ", "America/Phoenix", "en", "1991-04-17"),
    ("chloe", "Chloe", "phoenix", "GB", "Europe/London", "en", "1979-01-23"),
    ("budi", "Budi", "jakarta", "ID-JB", "Asia/Jakarta", "id", "1996-08-05"),
)


def people() -> list[str]:
    """Who can sign in to the sample network, one line each."""
    staff = [("founder", "Nadia Prameswari", "network operator"), *((p, n, r[0]) for p, n, _, r in STAFF)]
    staff += [(c.part, c.name, f"counselor, {c.home}") for c in COUNSELORS]
    staff += [(part, name, f"client in {place}") for part, name, _, place, *_ in CLIENTS]
    lines = [f"  {address(part):28} {name}, {what}" for part, name, what in staff]
    return [f'These people can sign in (password of all: "{PASSWORD}"):', *lines]


def address(part: str) -> str:
    """The mail address of one of them."""
    return f"{part}@sample.example"
