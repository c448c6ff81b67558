"""An e-mail address with its blind index: the address is sealed, the index finds the account without opening it.

The index is a keyed hash (the keys port's ``mac``) over the address without regard to letter case, so one person has
one account however they type. It is unique, so it cannot be truncated: who holds the key learns which are equal.
"""

import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address

from services.kernel.keys.port import Keys

_SECRET_BYTES = 24


@dataclass(frozen=True, slots=True)
class Address:
    """``text`` as the person wrote it (canonical, see ``EmailField``); ``index`` is 64 hex digits."""

    text: str = field(repr=False)
    index: str


def address_of(keys: Keys, text: str) -> Address:
    """The address with its index. Raises ``KeysUnavailable``."""
    return Address(text, keys.mac("index", b"email/" + text.casefold().encode()).hex())


def source_name(keys: Keys, remote: str) -> str:
    """The name under which tries from a place on the network are counted; it does not tell the place."""
    return "source/" + keys.mac("index", b"source/" + _place(remote).encode()).hex()


def _place(remote: str) -> str:
    """An address of IPv4; of IPv6 the network of 64 bits, all of whose addresses one subscriber has (RFC 6177)."""
    try:
        address = ip_address(remote)
    except ValueError:
        return remote
    if isinstance(address, IPv4Address):
        return remote
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else f"{IPv6Address(int(address) >> 64 << 64)}/64"


def new_secret() -> str:
    """A secret for a link: 192 random bits, 32 characters that may stand in a URL."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def secret_hash(secret: str) -> str:
    """What is kept of a secret. It is random, so one round of SHA-256 is enough."""
    return sha256(secret.encode()).hexdigest()
