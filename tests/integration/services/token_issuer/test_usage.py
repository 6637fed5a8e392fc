"""What is counted of clients: calls of the token endpoints, refusals, and the JWTs that are alive."""

from services.token_issuer.config import Settings
from services.token_issuer.metadata import INTROSPECTION_PATH
from shared.opaque import API_CLIENT_SECRET, mint
from tests.support.doubles.registry import RegistryDouble
from tests.support.harness.token_issuer import basic, running

GRANT = {"grant_type": "client_credentials"}


async def test_calls_refusals_and_live_tokens_are_counted_by_the_secret_that_was_used(settings: Settings) -> None:
    registry = RegistryDouble()
    async with running(settings, registry) as issuer:
        token = await issuer.token()
        await issuer.token("/oauth2/token")
        await issuer.post(INTROSPECTION_PATH, {"token": token}, authorization=issuer.basic)
        await issuer.post("/auth/token", {**GRANT, "scope": "never:granted"}, authorization=issuer.basic)
        await issuer.post("/auth/token", GRANT, authorization=basic(issuer.client.key, "pgcs_wrong"))
        await issuer.post("/auth/token", GRANT, authorization=basic(issuer.client.key, mint(API_CLIENT_SECRET)))
        await issuer.post("/auth/token", GRANT, authorization=basic("pgck_unknown", "pgcs_wrong"))
        await issuer.present(issuer.assertion())
        await issuer.present(issuer.assertion(aud="other"))
    usage, client = registry.usage, ("api_client", issuer.client.key)
    pair = ("key_pair", issuer.key_pair.kid, 0, "/iam/oauth/token")
    assert usage.calls == {
        (*client, 1, "/auth/token", "accepted", ""): 1,
        (*client, 1, "/oauth2/token", "accepted", ""): 1,
        (*client, 1, INTROSPECTION_PATH, "accepted", ""): 1,
        (*client, 1, "/auth/token", "refused", "invalid_scope"): 1,
        (*client, 0, "/auth/token", "refused", "malformed"): 1,
        (*client, 0, "/auth/token", "refused", "wrong_secret"): 1,
        (*pair, "accepted", ""): 1,
        (*pair, "refused", "wrong_audience"): 1,
    }
    unproven = {count.cause for batch in usage.batches for count in batch.counts if count.last_used_at is None}
    assert unproven == {"malformed", "wrong_secret", "wrong_audience"}, (
        "what need not come from the holder is no use"
    )
    issued = {(kind, version, what): tokens for (kind, _, version, what, _), tokens in usage.issued.items()}
    assert issued == {("api_client", 1, "jwt"): 2, ("key_pair", 0, "jwt"): 1}
