"""A list is never called empty because of a filter that names nothing."""

import json
import secrets
import time
from uuid import uuid4

import pytest

from deploy.cli.filters import ACTIONS
from deploy.cli.objects.nouns import NOUNS
from services.key_registry.catalog.lifecycle import DONE
from services.key_registry.catalog.resources import RESOURCES
from shared.contracts.report_only import ReportOnlyBatch, ReportOnlyCount
from tests.integration.deploy.cli.conftest import Run
from tests.support.harness.key_registry import Running
from tests.support.traces import trace

NOBODY = "0190c0de-0000-7000-8000-000000000009"
LISTS = (
    *((noun.path, "list") for noun in NOUNS if "company_id" in noun.filters),
    ("usage",),
    ("report-only",),
    ("events",),
    ("audit", "list"),
    ("audit", "export", "FILE"),
    ("explain",),
)


@pytest.fixture
async def company(passgate: Run) -> str:
    """The prefix of a company, which is called `Of <prefix>`."""
    prefix = f"f{secrets.token_hex(4)}"
    of = ("--name", f"Of {prefix}", "--client-prefix", prefix, "--company-uri", f"https://{prefix}.example")
    assert (await passgate("companies", "create", *of))[0] == 0
    return prefix


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
@pytest.mark.parametrize("nobody", ["acne", NOBODY])
async def test_a_company_that_is_not_there_is_refused_by_every_list(
    passgate: Run, command: tuple[str, ...], nobody: str
) -> None:
    status, output, errors = await passgate(*command, "--company", nobody)
    assert (status, output, errors) == (1, "", f"passgate: --company: nothing is called {nobody!r}\n")


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
async def test_a_company_may_be_named_in_every_list(passgate: Run, company: str, command: tuple[str, ...]) -> None:
    for name in (company, company.upper(), f"Of {company}"):
        given = (f"{name}.jsonl" if each == "FILE" else each for each in command)
        status, _, errors = await passgate(*given, "--company", name)
        assert status == 0, errors


async def test_what_is_called_by_a_companys_name_is_what_its_prefix_lists(passgate: Run, company: str) -> None:
    made = await passgate("access-keys", "create", "--company", company, "--name", "k", "--json")
    id_ = json.loads(made[1])["id"]
    for command in (("access-keys", "list"), ("access-keys", "show", "k")):
        assert id_ in (await passgate(*command, "--company", f"Of {company}"))[1]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("explain --cause stoped", "--cause: there is no cause 'stoped'; there is stopped"),
        ("explain --cause Stopped --json", "there is stopped"),
        ("report-only --cause expierd", "there is expired"),
        ("report-only --kind rout", "--kind must be one of route, scope, limit, stop"),
        ("report-only --name sms:sned", "--name: no route, scope, limit or object 'sms:sned' is known"),
        (f"report-only --name {NOBODY}", "--name: "),
        (
            "usage --route sites",
            "--route: no call of a route 'sites' was counted within the days that",
        ),
        ("usage --credential pgck_none", "--credential: no credential has the id, key or KID 'pgck_none'"),
        (f"usage --credential {NOBODY}", "--credential: "),
        (f"usage --credential {NOBODY},pgck_none", "'pgck_none'"),
        ("usage --group-by companies", "--group-by must be"),
        ("usage --from yesterday", "--from must be"),
        ("events --type credential.rotate", "--type must be one of"),
        ("audit list --action compny.created", "there is company.created"),
        ("audit list --actor admin:nobody", "--actor: no line of the trail has the actor 'admin:nobody'"),
        ("companies list --status stopped", "--status must be one of"),
        ("bookings list --application SNS", "--application: nothing is called 'SNS'"),
        ("access-keys show k --company acne", "--company: nothing is called 'acne'"),
        ("api-tokens create --remote-application x --json --company acne --application x", "--company: nothing"),
    ],
)
async def test_a_filter_that_names_nothing_is_refused_by_its_option(passgate: Run, command: str, says: str) -> None:
    status, output, errors = await passgate(*command.split())
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert says in errors


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("explain --cause stopped", "no refused call with these filters is kept of the last 7 days"),
        ("usage", "no call with these filters in this time"),
        ("report-only --cause expired", "no call with these filters would have been refused"),
        ("events --type quota.used", "no event with these filters"),
        ("audit list --action company.deleted", "no line of the trail with these filters"),
        ("api-tokens list", "no API token with these filters: `passgate api-tokens list` has all"),
    ],
)
async def test_an_empty_list_says_that_filters_were_set(
    passgate: Run, company: str, command: str, says: str
) -> None:
    assert await passgate(*command.split(), "--company", company) == (0, "", f"{says}\n")


async def test_what_exists_and_was_never_called_is_an_empty_list(passgate: Run, company: str) -> None:
    async def created(*arguments: str) -> dict[str, str]:
        status, output, errors = await passgate(*arguments, "--json")
        assert status == 0, errors
        return dict(json.loads(output))

    scope = ("--scope", f"{company}:read")
    await created("applications", "create", "--name", "X", "--application-prefix", company, *scope)
    await created("bookings", "create", "--company", company, "--application", company)
    client = await created("api-clients", "create", "--company", company, "--comment", "c", *scope)
    pair = await created("key-pairs", "create", "--company", company, "--algorithm", "ES256", *scope)
    for command in (
        ("report-only", "--name", scope[1]),
        ("report-only", "--name", client["id"]),
        ("usage", "--credential", f"{client['key']},{pair['kid']}"),
        ("usage", "--credential", pair["id"].upper()),
        ("api-tokens", "list", "--company", company),
    ):
        status, output, errors = await passgate(*command)
        assert (status, output, "with these filters" in errors) == (0, "", True), errors


async def test_calls_that_a_tried_stop_would_refuse_are_found_by_every_name_of_the_object_and_show_it(
    passgate: Run, registry: Running, company: str
) -> None:
    owner = registry.owner
    shop = f"the shop of {company}"
    client = await owner.create("/api-clients", company_id=company, comment=shop, scopes=[])
    idle = f"the idle one of {company}"
    await owner.create("/api-clients", company_id=company, comment=idle, scopes=[])
    counted = ReportOnlyCount(
        company_id=client["company_id"],
        cause="suspended",
        kind="stop",
        name=client["id"],
        count=4,
        first_at=time.time(),
        last_at=time.time(),
    )
    async with registry.client("gateway") as gateway:
        await gateway.add_report_only(ReportOnlyBatch(id=str(uuid4()), counts=(counted,)))
    for kind in ((), ("--kind", "stop")):
        for name in (client["id"], client["id"].upper(), client["key"], shop):
            status, output, errors = await passgate("report-only", "--name", name, *kind)
            assert (status, errors) == (0, "")
            assert f"stop  api_client   {shop}  suspended  4 " in output
        assert await passgate("report-only", "--name", idle, *kind) == (
            0,
            "",
            "no call with these filters would have been refused\n",
        )
        for nothing in ("pgck_none", "no such shop", "..."):
            status, output, errors = await passgate("report-only", "--name", nothing, *kind)
            assert (status, output, errors.startswith("passgate: --name: ")) == (1, "", True), errors


async def test_a_whole_name_that_two_objects_have_is_refused_with_their_ids(
    passgate: Run, registry: Running, company: str
) -> None:
    name = f"twice in {company}"
    for _ in range(2):
        await registry.owner.create("/access-keys", company_id=company, name=name)
    status, output, errors = await passgate("report-only", "--name", name)
    assert (status, output) == (1, "")
    assert errors.startswith(f"passgate: --name: several objects are called {name!r}, give an id: ")


async def test_refusals_of_a_deleted_company_are_still_found(passgate: Run, registry: Running) -> None:
    kept = trace(7001, at=time.time(), company_id=NOBODY)
    async with registry.client("gateway") as client:
        await client.add_traces([kept])
    status, output, _ = await passgate("explain", "--company", NOBODY, "--cause", kept.cause)
    assert (status, kept.request_id in output) == (0, True)


async def test_the_list_of_refusals_alone_has_filters(passgate: Run) -> None:
    assert (await passgate("explain", "0b7c2f6e4d1a4c0e", "--cause", "expired"))[0] == 2


def test_what_the_registry_does_to_objects_are_known_actions() -> None:
    assert {f"{kind}.{done}" for kind in RESOURCES for done in DONE.values()} - ACTIONS == set()
