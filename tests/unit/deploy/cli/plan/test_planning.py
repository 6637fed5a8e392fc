"""What a plan looks for in the registry."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from deploy.cli.connection import Connection
from deploy.cli.objects.nouns import NOUNS
from deploy.cli.plan import planning
from deploy.cli.plan.files import Declaration
from deploy.cli.plan.kinds import PLAN_KINDS, WEBHOOKS, PlanKind
from deploy.cli.registry import Registry

WEBHOOK = {"name": "shop", "url": "https://shop.example/hooks"}
OTHER = PlanKind(replace(NOUNS[0], path="plans"), ("name",))


class WithOneWebhook(Registry):
    def items(self, path: str, limit: int, **query: str) -> Iterator[dict[str, Any]]:
        yield from [{**WEBHOOK, "id": "1", "company_id": None}] if path == "/webhooks" else ()


@pytest.mark.parametrize("kinds", [PLAN_KINDS, (*PLAN_KINDS, OTHER), tuple(reversed(PLAN_KINDS))])
def test_a_webhook_of_the_operator_that_is_there_is_not_made_again_whatever_kinds_there_are(
    kinds: tuple[PlanKind, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "PLAN_KINDS", kinds)
    declaration = Declaration({kind: {} for kind in kinds}, {})
    declaration.objects[WEBHOOKS][WEBHOOKS.identity_of(WEBHOOK)] = dict(WEBHOOK)
    registry = WithOneWebhook(Connection("http://127.0.0.1:1", "none"))
    assert planning.plan(registry, declaration, prune=False) == []


def test_what_belongs_to_a_company_is_seen_from_what_names_it() -> None:
    apart = {kind.key for kind in PLAN_KINDS if not kind.is_of_a_company}
    assert apart == {"companies", "applications"}


def test_a_step_is_called_as_the_file_says_and_compared_without_case() -> None:
    [bookings] = [kind for kind in PLAN_KINDS if kind.key == "bookings"]
    declared = {"company": "Acme", "application": "SMS"}
    there = {"company": {"client_prefix": "acme"}, "application": {"application_prefix": "SMS"}}
    assert bookings.title(declared) == "booking Acme SMS"
    assert bookings.title_of_existing(there) == "booking acme SMS"
    assert bookings.identity_of(declared) == bookings.identity_of_existing(there)
