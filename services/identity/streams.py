"""The names of identity's streams: ``identity/<noun>/<id>``."""

NETWORK = "identity/network/this"  # there is one network; its stream's first version can be written once


def clinic(clinic: str) -> str:
    return f"identity/clinic/{clinic}"


def account(account: str) -> str:
    return f"identity/account/{account}"


def membership(membership: str) -> str:
    return f"identity/membership/{membership}"


def invitation(invitation: str) -> str:
    return f"identity/invitation/{invitation}"


def client(client: str) -> str:
    return f"identity/client/{client}"


def erasure(client: str) -> str:
    """One stream a client, so that a hold and an order exclude each other."""
    return f"identity/erasure/{client}"


def answer(erasure: str) -> str:
    """What identity itself answers to an erasure order."""
    return f"identity/erasure-answer/{erasure}"


def sign_in(sid: str) -> str:
    return f"identity/sign-in/{sid}"


def refused_sign_in(event: str) -> str:
    """One stream a refusal: tries come in parallel, and none must make another fail."""
    return f"identity/refused-sign-in/{event}"


def notice(notice: str) -> str:
    return f"identity/notice/{notice}"
