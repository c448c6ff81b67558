"""The canary's whole course in one house: the main job with its own words, an erasure, and a rebuild without keys.

It is played once for each kind of house; what was seen on the way is kept here and judged by the tests.
"""

import contextlib
import logging
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.cluster import Cluster
from services.kernel.logs import JsonFormatter
from services.kernel.rebuild import Rebuilt
from services.kernel.settings import SERVICES
from services.repair import rebuild_service
from tests.security.canary import Canaries, Trace, traces
from tests.security.shredding import Held, held_in, keys_in, opened_keys, opens
from tests.security.stage import Stage, ask_to_be_erased, dewi


@dataclass
class Seen:
    """What was seen in one house."""

    canaries: Canaries
    before: list[Trace] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)  # bytes that were searched, by folder
    held: list[Held] = field(default_factory=list)  # what was sealed for Dewi before her erasure
    opened_before: list[bool] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    keyholders_left: set[str] = field(default_factory=set)
    opened_after: list[Held] = field(default_factory=list)
    keys_left: int = 0
    wrapped_left: dict[str, dict[str, int]] = field(default_factory=dict)  # her wrapped keys in raw files, by moment
    after: list[Trace] = field(default_factory=list)
    rebuilt: dict[str, Rebuilt] = field(default_factory=dict)
    states_without_keys: set[str] = field(default_factory=set)
    record: dict[str, object] = field(default_factory=dict)


@dataclass
class Grounds:
    """Where a house keeps what it keeps, and how its keys are taken away."""

    folder: Path
    cluster: Cluster | None = None

    @property
    def roots(self) -> list[Path]:
        return [self.folder] if self.cluster is None else [self.folder, self.cluster.folder]

    @property
    def databases(self) -> Path:
        return self.folder / "data" if self.cluster is None else self.cluster.folder / "postgres" / "data"

    def write_down(self, into: str) -> None:
        """Make the databases write everything to their files, and dump them."""
        if self.cluster is None:
            return
        server = self.cluster.postgres()
        dumps = self.folder / into
        dumps.mkdir()
        with server.connect() as db:
            db.execute("checkpoint")
        for name in SERVICES:
            url = server.url(f"amanah_{name}", driver="postgresql")
            program = server._programs / "pg_dump"
            with (dumps / f"{name}.sql").open("wb") as file:
                subprocess.run([program, url], stdout=file, check=True)

    def cleanings(self) -> Iterator[str]:
        """What is done to the files after an erasure, step by step; the name of each."""
        yield "at once"
        if self.cluster is None:
            return
        for words in ("vacuum", "vacuum full data_keys"):
            for name in SERVICES:
                with self.cluster.postgres().connect(f"amanah_{name}") as db:
                    db.execute(words)
                    db.execute("checkpoint")
            yield words

    @contextmanager
    def keys_away(self, stage: Stage) -> Iterator[None]:
        """The keyring moved away, or the key server stopped."""
        if self.cluster is not None:
            self.cluster.bao().stop()
            yield
            self.cluster.bao().start()
            return
        hidden = stage.settings.keyring.rename(stage.settings.keyring.with_suffix(".away"))
        yield
        hidden.rename(stage.settings.keyring)


def watch(grounds: Grounds, make: Callable[[Canaries], Stage]) -> Seen:
    """Play the course; everything that the house writes meanwhile lies below the grounds' folder."""
    seen = Seen(Canaries())
    with _written_below(grounds.folder):
        stage = make(seen.canaries)
        try:
            _before(stage, grounds, seen)
            _erase(stage, grounds, seen)
            _rebuild(stage, grounds, seen)
        finally:
            stage.close()
    return seen


def _before(stage: Stage, grounds: Grounds, seen: Seen) -> None:
    stage.play()
    dewi(stage)
    _take(stage, grounds.folder / "taken")
    grounds.write_down("dumps")
    seen.before = traces(grounds.roots, seen.canaries.needles())
    for root in grounds.roots:
        for path in filter(Path.is_file, root.rglob("*")):
            top = path.relative_to(root).parts[0]
            seen.sizes[top] = seen.sizes.get(top, 0) + path.stat().st_size
    for name, holders in _of_dewi(stage).items():
        service = stage.house.services[name].service
        held = held_in(service, holders)
        seen.held += held
        seen.opened_before += [opens(one, opened_keys(service, [one.key])[0]) for one in held]


def _erase(stage: Stage, grounds: Grounds, seen: Seen) -> None:
    seen.answers = ask_to_be_erased(stage)
    left: list[bytes] = []
    for built in stage.house.services.values():
        keys = keys_in(built.service)
        seen.keyholders_left |= {key.keyholder for key in keys}
        left += opened_keys(built.service, keys)
    seen.keys_left = len(left)
    seen.opened_after = [held for held in seen.held if any(opens(held, key) for key in left)]
    wrapped = {held.key.wrapped.encode() for held in seen.held}
    for moment in grounds.cleanings():
        seen.wrapped_left[moment] = _places(grounds.databases, wrapped)
    grounds.write_down("dumps-after")
    seen.after = traces(grounds.roots, seen.canaries.needles())


def _rebuild(stage: Stage, grounds: Grounds, seen: Seen) -> None:
    refs = [(held.event, held.field) for held in seen.held if held.service == "sessions"]
    with grounds.keys_away(stage):
        for name in SERVICES:
            seen.rebuilt[name] = rebuild_service(stage.told.get(name, stage.settings), name, switch=True)
        opened = stage.house.services["sessions"].service.reader.for_decision(refs)
        seen.states_without_keys = {str(getattr(value, "value", "open")) for value in opened.values()}
    client = stage.cast.client_of("dewi", "jakarta")
    stage.turn("counselor")
    seen.record = stage.cast["counselor"].get(f"/sessions/v1/clients/{client}/record?purpose=counselling")


def _of_dewi(stage: Stage) -> dict[str, set[str]]:
    """Under which ids each service seals for her."""
    client = stage.cast.client_of("dewi", "jakarta")
    return {name: {client, stage.cast["dewi"].account} for name in SERVICES}


def _take(stage: Stage, folder: Path) -> None:
    """What may leave the house about it: a bundle, the tiles, the checkpoint."""
    folder.mkdir()
    stage.turn("officer_jakarta")
    cast, officer = stage.cast, stage.cast["officer_jakarta"]
    order = {"clinic": cast.clinics["jakarta"], "client": cast.client_of("dewi", "jakarta"), "purpose": "complaint"}
    place = officer.post("/audit/v1/bundles", order).headers["location"]
    (folder / "bundle.zip").write_bytes(officer.ask("GET", place).body)
    for _ in range(3):
        stage.turn("officer_jakarta", seconds=5)
    size = officer.get("/audit/v1/status")["checkpoint_size"]
    whole, part = divmod(size, 256)
    names = [f"{number:03d}" for number in range(whole)] + ([f"{whole:03d}.p/{part}"] if part else [])
    for kind in ("0", "entries"):
        for name in names:
            tile = officer.ask("GET", f"/audit/v1/tile/{kind}/{name}").body
            (folder / f"{kind}-{name.replace('/', '-')}").write_bytes(tile)
    (folder / "checkpoint").write_bytes(officer.ask("GET", "/audit/v1/checkpoint").body)


def _places(folder: Path, wrapped: set[bytes]) -> dict[str, int]:
    """In which part of a database folder how many of these wrapped keys still stand."""
    found: dict[str, int] = {}
    for path in filter(Path.is_file, folder.rglob("*")):
        data = path.read_bytes()
        count = sum(one in data for one in wrapped)
        if count:
            top = path.relative_to(folder).parts[0]
            found[top] = found.get(top, 0) + count
    return found


@contextmanager
def _written_below(folder: Path) -> Iterator[None]:
    """Logs, standard error and temporary files of this process go below the folder."""
    temporary, usual = folder / "tmp", tempfile.tempdir
    temporary.mkdir(parents=True)
    log = logging.getLogger()
    with (folder / "house.log").open("w") as file, (folder / "stderr").open("w") as errors:
        handler = logging.StreamHandler(file)
        handler.setFormatter(JsonFormatter())
        log.addHandler(handler)
        tempfile.tempdir = str(temporary)
        try:
            with contextlib.redirect_stderr(errors):
                yield
        finally:
            tempfile.tempdir = usual
            log.removeHandler(handler)
