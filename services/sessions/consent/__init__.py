"""The consent items and their texts, one file an item: code, version, whether required, titles and texts by language.

A text that was shown to anybody is never edited: it gets the next version. ``consent_items`` reads the files once.
"""

from functools import cache
from importlib.resources import files
from typing import Any, cast

import yaml

from services.contracts.vocabulary import ConsentKind, codes
from services.sessions.domain.consent import Item

LANGUAGES = ("en", "id")


class ConsentFileError(ValueError):
    """A file of a consent item does not say what it must. The text names the file and what is missing."""


@cache
def consent_items() -> tuple[Item, ...]:
    """Every consent item, the required ones first, each group by code. Raises ``ConsentFileError``."""
    found = [file for file in files(__package__).iterdir() if file.name.endswith(".yaml")]
    items = [_item(file.name, yaml.safe_load(file.read_bytes())) for file in found]
    return tuple(sorted(items, key=lambda item: (not item.required, item.code)))


def _item(name: str, form: dict[str, Any]) -> Item:
    kind = form.get("kind")
    if set(form) - {"kind"} != {"code", "version", "required", "title", "text"} or f"{form['code']}.yaml" != name:
        raise ConsentFileError(f"{name}: it needs code (as the file is named), version, required, title and text")
    if kind is not None and kind not in codes(ConsentKind):
        raise ConsentFileError(f"{name}: {kind} is no consent kind of the vocabulary")
    if any(set(form[part]) != set(LANGUAGES) for part in ("title", "text")):
        raise ConsentFileError(f"{name}: title and text are needed in {' and '.join(LANGUAGES)}")
    texts = {language: " ".join(form["text"][language].split()) for language in LANGUAGES}
    return Item(
        code=form["code"],
        version=form["version"],
        required=form["required"],
        kind=cast(ConsentKind | None, kind),
        titles=form["title"],
        texts=texts,
    )
