"""The language of the policy tables."""

import pytest

from services.kernel.errors import Forbidden, Unauthenticated
from services.kernel.http.policy import (
    NOTHING,
    Caller,
    Rule,
    Target,
    anyone,
    check,
    either,
    network_role,
    own_account,
    own_client,
    role_in_clinic,
    signed_in,
)
from services.kernel.http.tokens import Claims, Membership
from services.kernel.time import Instant

AT = Instant("2026-11-24T07:00:00.000000Z")


def person(*memberships: Membership, network: tuple[str, ...] = ()) -> Caller:
    return Caller(
        Claims(
            account="a1",
            sid="s1",
            memberships=memberships,
            network_roles=network,
            locale="en",
            zone="UTC",
            acr="password",
            auth_time=AT,
            issued=AT,
            expires=AT,
            audience=("sessions",),
        )
    )


NOBODY = Caller()
COUNSELOR = person(Membership("c1", None, ("counselor",)), Membership("c2", None, ("operator",)))
CLIENT = person(Membership("c1", "k1"))
OFFICER = person(network=("officer",))


@pytest.mark.parametrize(
    ("rule", "caller", "target", "allowed"),
    [
        (anyone(), NOBODY, NOTHING, True),
        (signed_in(), NOBODY, NOTHING, False),
        (signed_in(), CLIENT, NOTHING, True),
        (role_in_clinic("counselor"), COUNSELOR, Target(clinic="c1"), True),
        (role_in_clinic("counselor"), COUNSELOR, Target(clinic="c2"), False),
        (role_in_clinic("counselor", "operator"), COUNSELOR, Target(clinic="c2"), True),
        (role_in_clinic("counselor"), COUNSELOR, NOTHING, False),
        (role_in_clinic("officer"), OFFICER, Target(clinic="c1"), False),
        (role_in_clinic("counselor"), NOBODY, Target(clinic="c1"), False),
        (network_role("officer"), OFFICER, NOTHING, True),
        (network_role("operator"), COUNSELOR, Target(clinic="c2"), False),
        (own_client(), CLIENT, Target(client="k1"), True),
        (own_client(), CLIENT, Target(client="k2"), False),
        (own_client(), CLIENT, NOTHING, False),
        (own_client(), COUNSELOR, NOTHING, False),
        (own_account(), CLIENT, Target(account="a1"), True),
        (own_account(), CLIENT, NOTHING, False),
        (own_account(), NOBODY, NOTHING, False),
        (either(own_client(), role_in_clinic("counselor")), CLIENT, Target(clinic="c1", client="k1"), True),
        (either(own_client(), role_in_clinic("counselor")), COUNSELOR, Target(clinic="c1", client="k1"), True),
        (either(own_client(), role_in_clinic("counselor")), OFFICER, Target(clinic="c1", client="k1"), False),
    ],
)
def test_who_is_allowed(rule: Rule, caller: Caller, target: Target, allowed: bool) -> None:
    if allowed:
        check(rule, caller, target)
    else:
        with pytest.raises(Forbidden if caller.known else Unauthenticated) as caught:
            check(rule, caller, target)
        assert caught.value.help


def test_a_refusal_names_who_may() -> None:
    with pytest.raises(Forbidden, match="the client whom it concerns, or counselor or supervisor of this clinic"):
        check(either(own_client(), role_in_clinic("counselor", "supervisor")), OFFICER, Target(clinic="c1"))


def test_a_rule_that_names_nobody_is_a_mistake() -> None:
    for rule in (role_in_clinic, network_role, either):
        with pytest.raises(ValueError, match="name at least one"):
            rule()


def test_what_a_caller_is() -> None:
    assert CLIENT.client_in("c1") == "k1"
    assert CLIENT.client_in("c2") is None
    assert COUNSELOR.clinics_with("operator", "counselor") == ("c1", "c2")
    assert COUNSELOR.account == "a1"
    with pytest.raises(Unauthenticated):
        _ = NOBODY.account
