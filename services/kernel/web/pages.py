"""Pages made of templates: one Jinja environment a language, the shared look below each service's own templates.

Every page is given its language, the help strip and the address it stands at; a template that names what it was not
given fails in a test, not in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.kernel.time import Instant, Zone
from services.kernel.web.helplines import HelpPlace
from services.kernel.web.languages import CATALOGUES, Language, load_languages

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load. Its address holds its hash, so it may be cached for ever."""

    address: str
    content: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class View:
    """How one page is looked at: the language, whether it was asked for by name, the path, and help, nearest first."""

    language: Language
    path: str = "/"
    asked: bool = False
    help: Sequence[HelpPlace] = ()


_MEDIA = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


def load_assets(folder: Path = STATIC) -> dict[str, Asset]:
    """The static files by their plain names."""
    found = {}
    for file in sorted(folder.iterdir()):
        content = file.read_bytes()
        digest = sha256(content).hexdigest()[:16]
        address = f"/static/{file.stem}.{digest}{file.suffix}"
        found[file.name] = Asset(address, content, _MEDIA[file.suffix], digest)
    return found


class Pages:
    """Renders templates. One a process; threads may share it."""

    def __init__(self, *templates: Path, catalogues: Sequence[Path] = ()) -> None:
        self.languages = load_languages(CATALOGUES, *catalogues)
        self.assets = load_assets()
        folders = [*templates, TEMPLATES]
        self._environments = {code: _environment(language, folders) for code, language in self.languages.items()}

    def render(self, template: str, view: View, values: Mapping[str, Any]) -> str:
        """The page as HTML."""
        environment = self._environments[view.language.code]
        return environment.get_template(template).render(
            values,
            view=view,
            languages=self.languages,
            asset=lambda name: self.assets[name].address,
            to=lambda path: f"{path}?lang={view.language.code}" if view.asked else path,
        )


def _environment(language: Language, folders: Sequence[Path]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        language.sentence, language.counted, newstyle=True
    )
    environment.filters.update(number=language.number, day=language.day, place=language.place, when=_when(language))
    return environment


def _when(language: Language) -> Any:
    """A filter: an instant as a person reads it, in full, with the name of its zone."""

    def when(at: Instant, zone: Zone, full: bool = True) -> Markup:
        clock = language.clock(at, zone)
        day = language.weekday(at, zone)
        words = f"{day} at {clock}" if language.code == "en" else f"{day}, {clock}"
        if full:
            words = f"{words} ({language.zone_name(at, zone)})"
        return Markup('<time datetime="{}">{}</time>').format(at, words)

    return when
