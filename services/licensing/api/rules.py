"""The rules, and their adoption by the network."""

from typing import Any

from flask import Response
from marshmallow import post_load

from services.kernel.fields import Hash, Id
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer, idempotency_key
from services.kernel.http.paging import PageQuery, PageRequest, paged
from services.kernel.http.policy import operation
from services.kernel.http.schemas import PlaceField
from services.kernel.http.serving import acting
from services.kernel.service import Answer
from services.licensing.api.common import asking, derive, here
from services.licensing.api.schemas import AdoptSchema, RuleSchema, RulesSchema
from services.licensing.commands.rules import Adopt, adopt_rule, find_rule
from services.licensing.queries import rules as questions

rules = Blueprint("rules", __name__, description="Dated rules with their sources, and which of them count")


class _RulesQuery(PageQuery):
    """Loads to the place (none: all) and the page."""

    place = PlaceField(load_default=None)

    @post_load
    def _page(self, data: dict[str, Any], **_: Any) -> tuple[str | None, PageRequest]:
        return data["place"], PageRequest(data["limit"], data["cursor"])


@rules.route("/rules", methods=["GET"])
@operation("list-rules")
@rules.arguments(_RulesQuery, location="query")
@rules.response(200, RulesSchema)
def list_rules(asked: tuple[str | None, PageRequest]) -> Any:
    """The rules that this release carries, by id; each with its sources and whether the network adopted it."""
    place, page = asked
    return paged(questions.list_rules(asking(), here().catalogue, place, page))


@rules.route("/rules/<string:rule>", methods=["GET"])
@operation("read-rule")
@rules.response(200, RuleSchema)
def read_rule(rule: str) -> Any:
    """One rule. Read its sources; then its ``edition`` and ``source_hash`` are what an adoption names."""
    return questions.read_rule(asking(), find_rule(here().catalogue, rule))


@rules.route("/rules/<string:rule>/adoptions", methods=["POST"])
@operation("adopt-rule")
@rules.doc(**KEYED)
@rules.arguments(AdoptSchema)
@rules.response(201, CreatedSchema)
def adopt(body: dict[str, Any], rule: str) -> Response:
    """Let this edition of the rule count in the network. Everybody's clearances are derived again."""
    order = Adopt(Id(rule), body["edition"], Hash(body["source_read"]))
    made = here().service.do_once(acting(), idempotency_key(), _adopted, adopt_rule, order, here().catalogue)
    derive()
    return answer(made)


def _adopted(rule: Id, _: Any) -> Answer:
    return Answer(201, f"/licensing/v1/rules/{rule}")
