"""What the registry refuses is said in the words of the command line."""

import json
import secrets

import pytest

from tests.integration.deploy.cli.conftest import Run


@pytest.fixture
async def company(passgate: Run) -> str:
    """The prefix of a company that has booked an application of the same prefix."""
    prefix = f"r{secrets.token_hex(4)}"
    uri = f"https://{prefix}.example"
    await passgate("companies", "create", "--name", prefix, "--client-prefix", prefix, "--company-uri", uri)
    await passgate("applications", "create", "--name", "X", "--application-prefix", prefix, "--scope", "s:read")
    await passgate("bookings", "create", "--company", prefix, "--application", prefix)
    return prefix


async def test_what_a_rotation_may_not_be_is_said_by_its_options(passgate: Run, company: str) -> None:
    of, json_ = ("--company", company), ("--json",)
    made = await passgate("access-keys", "create", *of, "--name", "k", *json_)
    rotate = ("access-keys", "rotate", json.loads(made[1])["id"], *json_)
    errors = (await passgate(*rotate, "--keep-old-for", "99d"))[2]
    assert errors.startswith("passgate: --keep-old-for must be")
    assert "30d" in errors
    assert (await passgate(*rotate))[0] == 0
    assert "end it with --end-oldest" in (await passgate(*rotate))[2]
    assert (await passgate(*rotate, "--end-oldest"))[0] == 0


async def test_a_third_secret_of_a_webhook_can_be_had_as_its_refusal_says(passgate: Run, company: str) -> None:
    name, types = ("--name", company, "--company", company), ("--types", "credential.expiring")
    made = await passgate("webhooks", "create", *name, "--url", "https://w.example", *types, "--json")
    assert made[0] == 0, made[2]
    rotate = ("webhooks", "rotate", json.loads(made[1])["id"], "--json")
    assert (await passgate(*rotate))[0] == 0
    assert "--end-oldest" in (await passgate(*rotate))[2]
    assert (await passgate(*rotate, "--end-oldest"))[0] == 0


async def test_an_object_that_is_not_there_is_refused_by_the_option_that_named_it(
    passgate: Run, company: str
) -> None:
    status, _, errors = await passgate("bookings", "create", "--company", company, "--application", "NOPE")
    assert (status, errors.startswith("passgate: --application does not refer")) == (1, True)


async def test_a_booking_is_named_by_both_prefixes(passgate: Run, company: str) -> None:
    status, output, errors = await passgate("bookings", "suspend", f"{company}:{company}")
    assert (status, output.startswith(f"booking {company}:{company}: suspended")) == (0, True), errors
