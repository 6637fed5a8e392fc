import pytest

from services.token_issuer.clients.client import Client
from services.token_issuer.grants.client_credentials import ClientCredentials
from services.token_issuer.oauth_errors import InvalidClient, InvalidScope
from shared.report_only.scopes import ReportOnlyScopes
from tests.support.harness.issuer_rules import World


@pytest.fixture
def client(world: World) -> Client:
    record = world.registry.add_api_client("pgck_" + "a" * 22, "x", scopes=("site:read", "website:*"))
    return Client.of_api_client(record)


async def test_without_a_client_there_is_no_token() -> None:
    with pytest.raises(InvalidClient):
        await ClientCredentials().authorize({}, None)


async def test_without_scope_all_that_is_granted(client: Client) -> None:
    assert (await ClientCredentials().authorize({}, client)).scopes == {"site:read", "website:*"}


@pytest.mark.parametrize("scope", ["site:read", "website:read:yachts", "site:read website:write", "website:*"])
async def test_as_much_as_is_requested(client: Client, scope: str) -> None:
    assert (await ClientCredentials().authorize({"scope": scope}, client)).scopes == set(scope.split())


@pytest.mark.parametrize(
    "scope",
    ["site:write", "site:*", "*", "website", "site:read site:write", "a\nb", " ", "é", "a" * 300, "x " * 5000],
)
async def test_more_than_is_granted_is_refused_and_not_repeated(client: Client, scope: str) -> None:
    with pytest.raises(InvalidScope) as caught:
        await ClientCredentials().authorize({"scope": scope}, client)
    assert len(scope) < 4 or scope not in caught.value.description


async def test_report_only_scope_that_is_not_granted_is_left_out_and_the_others_are_refused(client: Client) -> None:
    grant = ClientCredentials(ReportOnlyScopes(["sms:*"]))
    for scope, granted, lacking in (
        ("site:read sms:send", {"site:read"}, {"sms:send"}),
        ("sms:send sms:*", set(), {"sms:send", "sms:*"}),
        ("site:read", {"site:read"}, set()),
    ):
        decision = await grant.authorize({"scope": scope}, client)
        assert (set(decision.scopes), set(decision.lacking)) == (granted, lacking)
    with pytest.raises(InvalidScope, match=r"scope\[1\] is not granted"):
        await grant.authorize({"scope": "sms:send site:write"}, client)
