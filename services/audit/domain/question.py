"""The officer's question to the trail, and the filter that answers it.

An officer of a clinic asks about that clinic; an officer of the network about what belongs to no clinic. A question
may name one thing (a reference, a session, a counselor or a client); it may be narrowed by who acted, by type and by
time. The filter that follows can be run again by anybody over the raw log (``verifier.filter``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from services.audit.domain.mention import is_id, is_reference
from services.audit.verifier.filter import Filter
from services.audit.verifier.strict import canonical
from services.kernel.errors import FieldError, Invalid
from services.kernel.fields import Code, Hash, Id, Reference

PURPOSES = ("review", "complaint", "incident", "request", "safety", "oversight")

_ONE_OF = ("reference", "session", "counselor", "client")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. ``clinic`` none: what belongs to no clinic. ``until`` is the first instant not asked for."""

    clinic: str | None
    reference: str | None = None
    session: str | None = None
    counselor: str | None = None
    client: str | None = None
    actor: str | None = None
    type: str | None = None
    since: str | None = None
    until: str | None = None

    def filter(self, referred: Iterable[str] = ()) -> Filter:
        """The filter; ``referred`` are the ids that the reference stands for. Raises ``Invalid``."""
        named = [name for name in _ONE_OF if getattr(self, name)]
        if len(named) > 1:
            detail = f"Name only one of {', '.join(_ONE_OF)}; then narrow it by actor, type or time."
            raise Invalid(
                "A question names one thing.", help=detail, errors=tuple(FieldError(f"?{n}", detail) for n in named)
            )
        texts = {getattr(self, name) for name in named} | set(referred)
        return Filter(
            types=(self.type,) if self.type else (),
            clinics=(self.clinic or "",),
            actors=(self.actor,) if self.actor else (),
            mentions=tuple(sorted(texts)),
            since=self.since or "",
            until=self.until or "",
        )


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody looked for, as it is recorded: the ids and the reference that were named, and the SHA-256, in hex,
    of the whole question in canonical form. Nothing else that was typed stands in clear."""

    ids: tuple[Id, ...]
    reference: Reference | None
    hash: Hash


def sought(asked: Filter) -> Sought:
    """What a question looked for, and what its reference stands for."""
    named = {*asked.mentions, *asked.actors}
    ids = tuple(Id(text) for text in sorted(named) if is_id(text))
    reference = next((Reference(text) for text in asked.mentions if is_reference(text)), None)
    return Sought(ids, reference, _hash(asked.parts()))


def sought_entry(index: int, event: str | None) -> Sought:
    """The same for one entry, asked for by its index; ``event`` is the id of its event, where that can be read."""
    return Sought((Id(event),) if event and is_id(event) else (), None, _hash({"index": index}))


def _hash(parts: dict[str, object]) -> Hash:
    return Hash(sha256(canonical(parts)).hexdigest())


def check_purpose(purpose: str) -> Code:
    """The purpose, if it is one of ours. Raises ``Invalid``."""
    if purpose not in PURPOSES:
        detail = f"Say what you look for: {', '.join(PURPOSES)}."
        raise Invalid("This is no purpose of ours.", help=detail, errors=(FieldError("purpose", detail),))
    return Code(purpose)
