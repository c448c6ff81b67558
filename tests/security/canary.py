"""Canaries: every personal word of the main job is one of its own, and the raw bytes of a house are searched for it.

A word is looked for as it is, in capitals, and as other programs would write it down: UTF-16, base64 (wherever it
begins), hexadecimal, JSON with escapes, percent-encoded. Zip files are searched inside, mails also decoded.
"""

import base64
import email
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

from services.mainjob.lexicon import Lexicon

STEM = "kenariqx"  # begins every free word
ADDRESS = "burungqx"  # begins every e-mail address: mail may carry that, and nothing else
REMOTE = "198.51.100.201"  # where the requests come from
_BORN = {"ana": "1953-02-17", "ben": "1947-11-08", "citra": "1961-06-23", "dewi": "1939-10-27"}
_ZONES = {
    "ana": "Antarctica/Vostok",
    "ben": "Antarctica/Mawson",
    "citra": "Antarctica/Syowa",
    "dewi": "Antarctica/Rothera",
}
_TONGUES = {"ana": "nqo-Nkoo-GN", "ben": "zgh-Tfng-MA", "citra": "vai-Vaii-LR", "dewi": "iii-Yiii-CN"}


@dataclass
class Canaries(Lexicon):
    """A lexicon in which everybody says words that nobody else says. ``said``: each word, by who said it as what."""

    said: dict[tuple[str, str], str] = field(default_factory=dict)

    def word(self, part: str, field: str, usual: str) -> str:
        return self.said.setdefault((part, field), self._new(part, field, usual))

    def needles(self) -> list[str]:
        """What to look for: the two stems, and whole words of those kinds that have no room for a stem."""
        return [STEM, ADDRESS, REMOTE, *(text.lstrip("+") for text in self.said.values() if not _stemmed(text))]

    def _new(self, part: str, field: str, usual: str) -> str:
        number = len(self.said)
        match field.partition("_")[0], field:
            case "email", _:
                return f"{ADDRESS}.{number}.{usual}"
            case _, "birth_date":
                return _BORN[part]
            case "zone", _:
                return _ZONES[part]
            case "language", _:
                return _TONGUES[part]
            case "phone" | "fallback", _:
                return f"+39061985{number:06d}"
            case "link", _:
                return f"https://meet.example.org/{STEM}-{number}"
            case "number", _:
                return f"{STEM}-{number}"
            case "evidence", _:
                return f"%PDF-1.4\n% {STEM} {number}\n%%EOF\n"
            case _:
                return f"{STEM} {number} żółw {field}"  # a word that JSON and addresses escape


@dataclass(frozen=True)
class Trace:
    """Where a word was found, and as what it was written."""

    path: Path
    needle: str
    form: str
    around: bytes


def forms(needle: str) -> dict[str, bytes]:
    """The ways in which a word may stand in a file."""
    plain = needle.encode()
    found = {
        "as it is": plain,
        "in capitals": needle.upper().encode(),
        "UTF-16": needle.encode("utf-16-le")[:-1],  # so it stands in both byte orders
        "JSON": json.dumps(needle)[1:-1].encode(),
        "JSON with escaped slashes": json.dumps(needle)[1:-1].replace("/", "\\/").encode(),
        "percent-encoded": quote(needle, safe="").encode(),
        "hexadecimal": plain.hex().encode(),
        "hexadecimal in capitals": plain.hex().upper().encode(),
    }
    for skipped in range(3):  # the word may begin at any of three places of a group
        begun = -skipped % 3
        whole = plain[begun : begun + (len(plain) - begun) // 3 * 3]
        found[f"base64, {skipped} into a group"] = base64.b64encode(whole)
    return found


def traces(roots: Iterable[Path], needles: Iterable[str]) -> list[Trace]:
    """Every trace of these words in the files below these folders: at most one of a word and form in a file."""
    wanted = [(needle, form, text) for needle in needles for form, text in forms(needle).items()]
    found = []
    for path in (path for root in roots for path in sorted(root.rglob("*")) if path.is_file()):
        for data in _readings(path):
            for needle, form, text in wanted:
                at = data.find(text)
                if at >= 0:
                    found.append(Trace(path, needle, form, data[max(0, at - 60) : at + 60]))
    return found


def _readings(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and what it holds packed or encoded. A file that is gone by now has none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    yield path.name.encode() + b"\n" + data.rstrip(b"\0")  # some files are made long before they are filled
    if zipfile.is_zipfile(BytesIO(data)):
        with zipfile.ZipFile(BytesIO(data)) as packed:
            yield from (packed.read(name) for name in packed.namelist())
    if path.suffix == ".eml":
        parts = email.message_from_bytes(data).walk()
        decoded = (part.get_payload(decode=True) for part in parts if not part.is_multipart())
        yield from (text for text in decoded if isinstance(text, bytes))


def _stemmed(text: str) -> bool:
    return STEM in text or ADDRESS in text
