"""The statements that counselors accept: one YAML file a statement, named by its code; read strictly.

A text that was accepted by anybody is never edited: it gets the next version.
"""

from pathlib import Path

import yaml

from services.contracts.practice.reading import DataFileError, Reader
from services.kernel.fields import Code
from services.licensing.domain.attestation import LANGUAGES, AttestationText

_HERE = Path(__file__).parent


def load_texts(folder: Path = _HERE) -> tuple[AttestationText, ...]:
    """All texts of ``folder``, by code. Raises ``DataFileError``, which names the file and what to do."""
    return tuple(_load(path) for path in sorted(folder.glob("*.yaml")))


def _load(path: Path) -> AttestationText:
    top = Reader.over(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)
    code = top.text("code")
    text = AttestationText(
        code=Code(code),
        version=top.number("version", least=1),
        titles=_in_each_language(top, "title", path.name),
        texts=_in_each_language(top, "text", path.name),
    )
    top.finish()
    if code != path.stem:
        raise DataFileError(path.name, "code", f"{code!r} is not the name of the file", f"write {path.stem}")
    return text


def _in_each_language(top: Reader, key: str, file: str) -> dict[str, str]:
    part = top.part(key)
    if part is None:
        raise DataFileError(file, key, "is missing", f"write it in {' and '.join(LANGUAGES)}")
    found = {str(language): " ".join(part.text(language).split()) for language in LANGUAGES}
    part.finish()
    return found
