import pytest

from services.token_issuer.clients.client import Client
from services.token_issuer.tokens.introspection import Introspector, IssuedTokens
from services.token_issuer.tokens.issuance import AuthorizedGrant
from services.token_issuer.tokens.revocation import TokenRevoker
from shared.contracts.key_registry import Company
from shared.errors import Unavailable
from tests.support.harness.issuer_rules import ISSUER, World

INACTIVE = {"active": False}
OTHER = Company(id="other", client_prefix="other", company_uri="https://other.example", status="active")


class TokenRules:
    """Introspection and revocation over one world; `fresh` False is a change feed that is not followed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.fresh = True
        self.tokens = IssuedTokens(world.ring, world.clock, issuer=ISSUER)
        self.introspector = Introspector(self.tokens, world.stopped, self._require_fresh)
        self.revoker = TokenRevoker(self.tokens, world.registry, world.stopped, world.trail)
        self.client = Client.of_api_client(world.client)

    def _require_fresh(self) -> None:
        if not self.fresh:
            raise Unavailable("stale")

    async def token(self, client: Client | None = None, *, depends_on: frozenset[str] = frozenset()) -> str:
        grant = AuthorizedGrant("client_credentials", client or self.client, frozenset({"site:read"}), depends_on)
        return (await self.world.issuer.issue(grant, typ="JWT")).value

    def stranger(self) -> Client:
        """A client of another company."""
        return Client.of_api_client(self.world.client.model_copy(update={"company": OTHER}))


@pytest.fixture
async def rules(world: World) -> TokenRules:
    return TokenRules(await world.with_key())
