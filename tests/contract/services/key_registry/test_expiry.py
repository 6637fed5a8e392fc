"""The look-up of an API token that was kept with an expiry at the end of what PostgreSQL and JSON can tell."""

from datetime import UTC, datetime

from services.key_registry.catalog.resources import API_TOKEN
from shared.contracts.key_registry import ApiToken
from tests.support.harness.key_registry_stores import Stores


async def test_an_expiry_before_all_time_is_told_as_one_that_has_passed(stores: Stores) -> None:
    made = await stores.company_with_all()
    first = datetime.min.replace(tzinfo=UTC)
    row = await stores.insert(
        API_TOKEN,
        company_id=made.company["id"],
        application_id=made.application["id"],
        booking_id=made.booking["id"],
        expires_at=first,
    )
    found = (await stores.credentials.api_tokens([row["digest"]]))[row["digest"]]
    told = ApiToken.model_validate_json(found.model_dump_json())
    assert told.expires_at is not None
    assert told.expires_at <= 0
