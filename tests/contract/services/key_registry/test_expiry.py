"""The look-up of an API token that was kept with an expiry at the end of what PostgreSQL and JSON can express."""

from datetime import UTC, datetime

from services.key_registry.catalog.resources import API_TOKEN
from shared.contracts.key_registry import ApiToken
from tests.support.harness.key_registry_stores import Stores


async def test_an_expiry_before_all_time_is_record_as_one_that_has_passed(stores: Stores) -> None:
    created = await stores.company_with_all()
    first = datetime.min.replace(tzinfo=UTC)
    row = await stores.insert(
        API_TOKEN,
        company_id=created.company["id"],
        application_id=created.application["id"],
        booking_id=created.booking["id"],
        expires_at=first,
    )
    found = (await stores.credentials.api_tokens([row["digest"]]))[row["digest"]]
    record = ApiToken.model_validate_json(found.model_dump_json())
    assert record.expires_at is not None
    assert record.expires_at <= 0
