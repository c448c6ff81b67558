"""Deriving the clearances of one counselor, and publishing those that say something new."""

import json
from collections.abc import Iterable
from dataclasses import replace
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select

from services.contracts.licensing import ClearancePublished
from services.contracts.practice import Clearance
from services.contracts.vocabulary import Profession
from services.kernel.codec import from_plain
from services.kernel.fields import Id, PersonId, Place
from services.kernel.work import Work
from services.licensing import streams
from services.licensing.commands.due import take_off
from services.licensing.domain.adoption import Adoptions, adopted
from services.licensing.domain.clearance import AsOf, Subject, cleared_places, derive, says_the_same
from services.licensing.domain.requirement import Holder
from services.licensing.domain.rule import Rule
from services.licensing.lookups import everything_known, load_adoptions, load_holder
from services.licensing.readmodels import clearances

_Published = dict[tuple[Profession, Place], Clearance]


def derive_clearances(work: Work, counselor: str, catalogue: tuple[Rule, ...]) -> int:
    """If it is due, derive every clearance of a counselor and publish a revision of each that changed; how many.

    A clearance holds its whole time line, so time that passes makes nothing due: only what is recorded does.
    """
    if not take_off(work, counselor):
        return 0
    holder = load_holder(work, counselor)
    if holder is None:
        return 0
    adoptions = load_adoptions(work)
    as_of = everything_known(work.now, holder, adoptions)
    published, changed = _published(work, counselor), 0
    for subject in _subjects(holder, adopted(catalogue, adoptions, as_of.rules_known_at), published):
        before = published.get(_key(subject))
        made = _derived(subject, holder, catalogue, adoptions, as_of, before)
        if before is None or not says_the_same(before, made):
            stream = streams.clearance(counselor, subject.profession, subject.place)
            revision = len(work.entries(stream)) + 1
            clearance = replace(made, revision=revision)
            work.append(stream, ClearancePublished(counselor=PersonId(counselor), clearance=clearance))
            changed += 1
    return changed


def _subjects(holder: Holder, rules: Iterable[Rule], published: _Published) -> list[Subject]:
    """Each profession in each place that has a rule; and what was published before, for it may have to be shut."""
    wanted = {(profession, place) for profession in holder.profile.professions for place in cleared_places(rules)}
    ordered = sorted(wanted | published.keys())
    return [Subject(_id(holder, profession, place), profession, place) for profession, place in ordered]


def _derived(
    subject: Subject,
    holder: Holder,
    catalogue: tuple[Rule, ...],
    adoptions: Adoptions,
    as_of: AsOf,
    before: Clearance | None,
) -> Clearance:
    made = derive(subject, holder, catalogue, adoptions, as_of, zone=before.zone if before else None)
    if subject.profession in holder.profile.professions:
        return made
    return replace(made, routes=(), blocked=(), next_change=None)  # no longer their profession: nothing is open


def _id(holder: Holder, profession: Profession, place: Place) -> Id:
    """The same for every revision, whoever derives it (RFC 9562, version 5)."""
    return Id(str(uuid5(NAMESPACE_URL, f"urn:amanah:clearance:{holder.profile.counselor}:{profession}:{place}")))


def _key(subject: Subject) -> tuple[Profession, Place]:
    return subject.profession, subject.place


def _published(work: Work, counselor: str) -> _Published:
    rows = work.query(select(clearances.c.body).where(clearances.c.counselor == counselor))
    found: list[Clearance] = [from_plain(json.loads(row["body"]), Clearance) for row in rows]
    return {(clearance.profession, clearance.place): clearance for clearance in found}
