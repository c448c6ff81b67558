"""Named example data: a counselor who lives in Ontario, her papers, and what a verifier found. Nobody here is real.

As bodies of requests, because the tests, the documentation and the sample network all come in by the API.
"""

from collections.abc import Mapping
from typing import Any

Body = Mapping[str, Any]

NADIA_PROFILE: Body = {"professions": ["counselor"], "languages": ["en", "fr"], "home": "CA-ON"}

NADIA_ONTARIO: Body = {
    "kind": "registration",
    "profession": "counselor",
    "issuer": "College of Registered Psychotherapists of Ontario",
    "jurisdiction": "CA-ON",
    "since": "2019-05-01",
    "until": None,
    "source": "document",
    "number": "RP-004711",
}
NADIA_ARIZONA: Body = {
    "kind": "licence",
    "profession": "counselor",
    "issuer": "Arizona Board of Behavioral Health Examiners",
    "jurisdiction": "US-AZ",
    "since": "2025-01-15",
    "until": "2027-01-14",
    "source": "document",
    "number": "LPC-31337",
}

SCAN = b"%PDF-1.7\n% one page, the licence as it was printed\n%%EOF\n"

FOUND_AT_THE_BOARD = "Public licence search of the Arizona board"
