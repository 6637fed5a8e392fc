"""What happened is listed so that a person sees to what."""

import json

from tests.integration.deploy.cli.conftest import Run


async def test_a_deleted_object_is_named_when_it_is_deleted_and_told_apart_in_the_audit_trail(
    passgate: Run,
) -> None:
    of = ("--name", "X", "--client-prefix", "gone", "--company-uri", "https://gone.example")
    made = json.loads((await passgate("companies", "create", *of, "--json"))[1])
    await passgate("companies", "revoke", "gone", "--yes")
    assert (await passgate("companies", "delete", "gone", "--yes"))[1] == "company X: deleted\n"
    deleted = (await passgate("audit", "list", "--action", "company.deleted"))[1].splitlines()
    assert "SUBJECT" in deleted[0]
    assert any(made["id"] in line for line in deleted[1:])
    whole = json.loads((await passgate("audit", "list", "--action", "company.deleted", "--json"))[1])
    assert whole[0]["subject_name"] is None


async def test_an_event_is_listed_with_the_name_of_its_object_once(passgate: Run) -> None:
    of = ("--name", "Y", "--client-prefix", "noted", "--company-uri", "https://noted.example")
    await passgate("companies", "create", *of)
    await passgate("access-keys", "create", "--company", "noted", "--name", "the only one", "--json")
    await passgate("access-keys", "suspend", "the only one")
    head, *events = (await passgate("events", "--company", "noted"))[1].splitlines()
    assert head.split() == ["AT", "TYPE", "COMPANY", "KIND", "NAME", "DATA"]
    assert [line.count("the only one") for line in events] == [1] * len(events) != []
