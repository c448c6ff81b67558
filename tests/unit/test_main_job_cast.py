"""The cast of the main job: what it takes for a refusal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from services.mainjob.cast import Cast
from services.mainjob.driver import Reply, Unexpected


class Answering:
    """A house that gives every request one status."""

    def __init__(self, status: int) -> None:
        self.status = status

    def call(
        self, method: str, path: str, *, token: str | None, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        return Reply(self.status, None, {}, b"")

    def mails_to(self, address: str) -> list[str]:
        return []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self) -> None:
        return None


def ask_for_what_is_forbidden(status: int) -> None:
    cast = Cast(Answering(status), "run", lambda text: None)
    cast.person("ben", "Ben")
    cast.forbidden("ben", "GET", "/sessions/v1/sessions/1")


def test_a_refusal_is_one_of_somebody_who_is_known() -> None:
    ask_for_what_is_forbidden(403)


@pytest.mark.parametrize("status", [200, 401, 404, 409, 500])
def test_an_expired_token_or_a_wrong_address_does_not_pass_for_a_refusal(status: int) -> None:
    with pytest.raises(Unexpected, match=str(status)):
        ask_for_what_is_forbidden(status)
