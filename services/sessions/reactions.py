"""What this service does when another's event arrives; never run by a rebuild.

A founded clinic gets its key; changed law, a membership that ended, or another home of a counselor has coming sessions
judged again. An erasure order is only noted down: the worker carries it out when it can be (``due``).
"""

from services.contracts.identity import ClinicFounded, ErasureOrdered, MembershipEnded
from services.contracts.licensing import ClearancePublished, PlaceRulesPublished, ProfileRecorded
from services.contracts.sessions import ClinicOpened
from services.kernel.events import Entry
from services.kernel.fields import Code
from services.kernel.keys.port import Keys
from services.kernel.listening import Reactions
from services.kernel.work import Work
from services.sessions import streams
from services.sessions.commands.judging_again import judge_again
from services.sessions.queries.coming import coming
from services.sessions.queries.judging import News
from services.sessions.readmodels.tables import erasures_due


def make_reactions(keys: Keys) -> Reactions:
    """The reactions; ``keys`` makes the key of a new clinic."""
    reactions = Reactions()

    @reactions.on(ClinicFounded)
    def open_clinic(work: Work, entry: Entry[ClinicFounded]) -> None:
        clinic = entry.data.clinic
        name = f"clinic-{clinic}"
        version = keys.make_kek(name)
        if not work.entries(streams.clinic(clinic)):
            opened = ClinicOpened(clinic=clinic, key_name=Code(name), key_version=version)
            work.append(streams.clinic(clinic), opened, clinic=clinic)

    reactions.on(ClearancePublished)(_judge_by_clearance)
    reactions.on(PlaceRulesPublished)(_judge_by_place_rules)
    reactions.on(MembershipEnded)(_judge_without_membership)
    reactions.on(ProfileRecorded)(_judge_by_home)

    @reactions.on(ErasureOrdered)
    def note_down(work: Work, entry: Entry[ErasureOrdered]) -> None:
        told = entry.data
        work.rows.add(erasures_due, erasure=told.erasure, client=told.client, clinic=told.clinic, at=told.not_before)

    return reactions


def _judge_by_clearance(work: Work, entry: Entry[ClearancePublished]) -> None:
    told = entry.data.clearance
    judge_again(work, coming(work, counselor=told.counselor, place=told.place), News(clearance=told))


def _judge_by_place_rules(work: Work, entry: Entry[PlaceRulesPublished]) -> None:
    told = entry.data.rules
    judge_again(work, coming(work, place=told.place), News(rules=told))


def _judge_without_membership(work: Work, entry: Entry[MembershipEnded]) -> None:
    ended = entry.data
    if ended.clinic is None or ended.role != "counselor":
        return
    news = News(no_longer=frozenset({(ended.clinic, ended.account)}))
    judge_again(work, coming(work, counselor=ended.account, clinic=ended.clinic), news)


def _judge_by_home(work: Work, entry: Entry[ProfileRecorded]) -> None:
    told = entry.data
    judge_again(work, coming(work, counselor=told.counselor), News(home=told.home))
