"""Random clearances, place rules and facts, over a few days so that edges meet often."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from services.contracts.practice import (
    Attestation,
    Blocked,
    Clearance,
    Condition,
    Consent,
    ConsentAge,
    Contact,
    Facts,
    Ground,
    PlaceRules,
    Prohibition,
    Quota,
    Reason,
    Route,
    RuleRef,
)
from services.kernel.fields import Code, Hash, Id, PersonId, Place
from services.kernel.time import LocalDate, Zone, instant

ZONES = [Zone("America/New_York"), Zone("Pacific/Honolulu"), Zone("Asia/Jakarta"), Zone("Europe/London")]
_START = datetime(2027, 12, 20, tzinfo=UTC)
_RULE = RuleRef(Id("us-az.rule"), 1, LocalDate("2020-01-01"))


@cache
def instants() -> st.SearchStrategy[Any]:
    """Whole hours in some weeks around a New Year and 29 February 2028, in UTC."""
    return st.integers(0, 24 * 80).map(lambda hours: instant(_START + timedelta(hours=hours)))


@cache
@st.composite
def spans(draw: Any) -> tuple[Any, Any]:
    since, until = draw(st.just(instant(_START)) | instants()), draw(st.none() | instants())
    return (min(since, until), max(since, until)) if until else (since, None)


@cache
def quotas() -> st.SearchStrategy[Quota]:
    return st.builds(
        Quota,
        at_most=st.integers(1, 4),
        unit=st.sampled_from(["sessions", "calendar_days", "consecutive_days", "clients"]),
        per=st.sampled_from(["week", "calendar_year", "lifetime"]),
        of=st.sampled_from(["counselor", "client", "pair"]),
    )


@cache
def conditions() -> st.SearchStrategy[tuple[Condition, ...]]:
    each = st.one_of(
        st.just(Condition("modality", one_of=(Code("video"), Code("phone")))),
        st.just(Condition("act", one_of=(Code("counselling"),))),
        st.just(Condition("counselor_place", one_of=(Code("US-AZ"),))),
        st.just(Condition("existing_client")),
        st.just(Condition("consent", one_of=(Code("telehealth"),))),
        st.just(Condition("attestation", one_of=(Code("crisis"),))),
        st.integers(12, 18).map(lambda age: Condition("client_age", at_least=age)),
        quotas().map(lambda quota: Condition("quota", quota=quota)),
    )
    return st.lists(each, max_size=2).map(tuple)


@cache
def doubts() -> st.SearchStrategy[tuple[Reason, ...]]:
    return st.sampled_from([(), (), (), (Reason("not_verified", rule=_RULE, mender="verifier"),)])


_KINDS = st.sampled_from(["own_licence", "registration", "temporary_practice", "network_standard"])


@cache
@st.composite
def routes(draw: Any) -> Route:
    since, until = draw(spans())
    return Route(draw(_KINDS), since, until, draw(conditions()), (), (_RULE,), (), draw(doubts()))


@cache
@st.composite
def clearances(draw: Any) -> Clearance:
    blocks = [
        Blocked(draw(_KINDS), *draw(spans()), (Reason("expired", rule=_RULE),)) for _ in range(draw(st.integers(0, 1)))
    ]
    ground, ban = Reason("licence_required", rule=_RULE), Reason("forbidden_here", rule=_RULE)
    grounds = [Ground(*draw(spans()), ground, draw(conditions())) for _ in range(draw(st.integers(0, 2)))]
    bans = [Prohibition(*draw(spans()), ban, draw(conditions())) for _ in range(draw(st.integers(0, 1)))]
    return Clearance(
        clearance=Id(draw(st.sampled_from(["c1", "c2", "c3"]))),
        revision=1,
        counselor=PersonId("mira"),
        profession=draw(st.sampled_from(["counselor", "psychotherapist"])),
        place=Place("US-AZ"),
        zone=draw(st.sampled_from(ZONES)),
        routes=tuple(draw(st.lists(routes(), min_size=1, max_size=3))),
        blocked=tuple(blocks),
        grounds=tuple(grounds),
        prohibitions=tuple(bans),
        ruleset_hash=Hash("0" * 64),
    )


@cache
@st.composite
def place_rules(draw: Any) -> PlaceRules:
    def age(matter: Any, least: int) -> ConsentAge:
        since, until = draw(st.one_of(spans(), st.just((instant(_START), None))))
        return ConsentAge(matter, since, until, least, draw(conditions()), _RULE, draw(doubts()))

    ages = [ConsentAge("treatment", instant(_START), None, 18, (), _RULE), age("treatment", draw(st.integers(0, 16)))]
    if draw(st.booleans()):
        ages.append(age("digital", draw(st.integers(12, 16))))
    return PlaceRules(Place("US-AZ"), draw(st.sampled_from(ZONES)), tuple(ages), (), (), Hash("0" * 64))


_PEOPLE = [PersonId("dewi"), PersonId("tono")]
_CONTACTS = st.lists(
    st.builds(Contact, instants(), st.sampled_from([PersonId("mira"), PersonId("another")]), st.sampled_from(_PEOPLE)),
    max_size=5,
).map(tuple)
_BIRTHS = st.dates(date(2009, 12, 20), date(2016, 3, 10)).map(lambda day: LocalDate(day.isoformat()))
_SOME_BIRTH = st.none() | _BIRTHS | st.just(LocalDate("2012-02-29"))
_MAYBE = st.sampled_from([True, True, False, None])


@cache
@st.composite
def facts(draw: Any) -> Facts:
    return Facts(
        counselor=PersonId("mira"),
        client=_PEOPLE[0],
        salt="00",
        client_place=Place("US-AZ"),
        counselor_place=draw(st.sampled_from([None, Place("US-AZ"), Place("US-AZ"), Place("US-NV")])),
        modality=draw(st.sampled_from(["video", "video", "chat", None])),
        act=draw(st.sampled_from(["counselling", "counselling", "controlled_act", None])),
        client_birth_date=draw(_SOME_BIRTH),
        guardian=draw(_MAYBE),
        existing_client=draw(_MAYBE),
        contacts=draw(st.none() | _CONTACTS),
        consents=draw(st.sampled_from([(), (Consent("telehealth", True),), (Consent("telehealth", False),)])),
        attestations=draw(st.sampled_from([(), (Attestation("crisis", True),), (Attestation("crisis", False),)])),
    )
