"""The language in which the policy tables are written: who is calling, what about, and the rules that allow it.

It promises to be pure: a rule is decided from the token and the target alone, without a query, a clock or a framework.
Deny is the default everywhere: no clinic, no client or no account in the target is never a match.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from services.kernel.errors import Forbidden, Unauthenticated
from services.kernel.http.tokens import Claims


@dataclass(frozen=True, slots=True)
class Target:
    """What an operation is about: the clinic of the object, the client or the account whom it concerns."""

    clinic: str | None = None
    client: str | None = None
    account: str | None = None


NOTHING = Target()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: the claims of a token that was verified, or nobody known."""

    claims: Claims | None = None

    @property
    def known(self) -> bool:
        return self.claims is not None

    @property
    def account(self) -> str:
        """The account id. Raises ``Unauthenticated`` for a caller who is not signed in."""
        return self.required().account

    def required(self) -> Claims:
        """The claims. Raises ``Unauthenticated`` for a caller who is not signed in."""
        if self.claims is None:
            raise sign_in_needed()
        return self.claims

    def has_role(self, clinic: str | None, *roles: str) -> bool:
        """Whether the caller has one of these roles in this clinic. No clinic, no role."""
        return clinic is not None and clinic in self.clinics_with(*roles)

    def has_network_role(self, *roles: str) -> bool:
        return self.claims is not None and not set(roles).isdisjoint(self.claims.network_roles)

    def client_in(self, clinic: str) -> str | None:
        """The client id that the caller has in this clinic."""
        mine = self.claims.memberships if self.claims else ()
        return next((m.client for m in mine if m.clinic == clinic and m.client is not None), None)

    def is_client(self, client: str | None) -> bool:
        mine = self.claims.memberships if self.claims else ()
        return client is not None and any(m.client == client for m in mine)

    def clinics_with(self, *roles: str) -> tuple[str, ...]:
        """The clinics in which the caller has one of these roles."""
        mine = self.claims.memberships if self.claims else ()
        return tuple(m.clinic for m in mine if m.clinic is not None and not set(roles).isdisjoint(m.roles))


class Rule(Protocol):
    """Who may do an operation."""

    @property
    def reason(self) -> str:
        """The code under which a refusal is recorded."""

    @property
    def needs_target(self) -> bool:
        """Whether the rule speaks of an object; if not, it is checked before the view is called."""

    def allows(self, caller: Caller, target: Target) -> bool: ...

    def __str__(self) -> str:
        """Who may, in words: "an officer of this clinic"."""


@dataclass(frozen=True, slots=True)
class Anyone:
    reason: ClassVar[str] = "refused"
    needs_target: ClassVar[bool] = False

    def allows(self, caller: Caller, target: Target) -> bool:
        return True

    def __str__(self) -> str:
        return "anyone"


@dataclass(frozen=True, slots=True)
class SignedIn:
    reason: ClassVar[str] = "not-signed-in"
    needs_target: ClassVar[bool] = False

    def allows(self, caller: Caller, target: Target) -> bool:
        return caller.known

    def __str__(self) -> str:
        return "anyone who is signed in"


@dataclass(frozen=True, slots=True)
class RoleInClinic:
    roles: tuple[str, ...]
    reason: ClassVar[str] = "role-missing"
    needs_target: ClassVar[bool] = True

    def allows(self, caller: Caller, target: Target) -> bool:
        return caller.has_role(target.clinic, *self.roles)

    def __str__(self) -> str:
        return f"{' or '.join(self.roles)} of this clinic"


@dataclass(frozen=True, slots=True)
class NetworkRole:
    roles: tuple[str, ...]
    reason: ClassVar[str] = "role-missing"
    needs_target: ClassVar[bool] = False

    def allows(self, caller: Caller, target: Target) -> bool:
        return caller.has_network_role(*self.roles)

    def __str__(self) -> str:
        return f"{' or '.join(self.roles)} of the network"


@dataclass(frozen=True, slots=True)
class OwnClient:
    reason: ClassVar[str] = "not-own"
    needs_target: ClassVar[bool] = True

    def allows(self, caller: Caller, target: Target) -> bool:
        return caller.is_client(target.client)

    def __str__(self) -> str:
        return "the client whom it concerns"


@dataclass(frozen=True, slots=True)
class OwnAccount:
    reason: ClassVar[str] = "not-own"
    needs_target: ClassVar[bool] = True

    def allows(self, caller: Caller, target: Target) -> bool:
        return caller.claims is not None and target.account == caller.claims.account

    def __str__(self) -> str:
        return "the person whom it concerns"


@dataclass(frozen=True, slots=True)
class Either:
    rules: tuple[Rule, ...]

    @property
    def reason(self) -> str:
        return self.rules[0].reason

    @property
    def needs_target(self) -> bool:
        return any(rule.needs_target for rule in self.rules)

    def allows(self, caller: Caller, target: Target) -> bool:
        return any(rule.allows(caller, target) for rule in self.rules)

    def __str__(self) -> str:
        return ", or ".join(str(rule) for rule in self.rules)


def anyone() -> Rule:
    """Everybody, signed in or not."""
    return Anyone()


def signed_in() -> Rule:
    """Everybody whom we know."""
    return SignedIn()


def role_in_clinic(*roles: str) -> Rule:
    """Who has one of these roles in the clinic of the object."""
    return RoleInClinic(_some(roles))


def network_role(*roles: str) -> Rule:
    """Who has one of these roles in the network."""
    return NetworkRole(_some(roles))


def own_client() -> Rule:
    """The client whom the object concerns."""
    return OwnClient()


def own_account() -> Rule:
    """The account that the object is about."""
    return OwnAccount()


def either(*rules: Rule) -> Rule:
    """Whoever one of these rules allows."""
    return Either(_some(rules))


def check(rule: Rule, caller: Caller, target: Target = NOTHING) -> None:
    """Raises ``Unauthenticated`` or ``Forbidden`` unless the rule allows this caller this target."""
    if rule.allows(caller, target):
        return
    if not caller.known:
        raise sign_in_needed()
    raise Forbidden(
        f"This is for {rule}, and you are not signed in as that",
        help="Ask an operator of your clinic or of the network who may do this, or sign in with the account that may.",
        extra={"reason": rule.reason},
    )


T = TypeVar("T")


def _some(values: tuple[T, ...]) -> tuple[T, ...]:
    if not values:
        raise ValueError("a rule that names nobody would let nobody in; name at least one")
    return values


def sign_in_needed() -> Unauthenticated:
    return Unauthenticated("This needs a sign-in", help="Sign in, then send the token as Authorization: Bearer <token>")
