"""A refusal of a credential that exists is a line of that credential; what strangers send is counted."""

from collections import Counter
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from services.token_issuer.clients.client_proof import JWT_BEARER, client_proof
from services.token_issuer.grants.jwt_bearer import JwtBearer
from services.token_issuer.refusals import Refusals
from services.token_issuer.usage import ClientUsage
from shared.audit.refusals import LINES_PER_CREDENTIAL, WINDOW_S
from shared.audit.trail import AuditTrail
from shared.contracts.key_registry import AuditEvent, Booking, Kind, Status
from shared.errors import ServiceError
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from shared.opaque import KEY_PAIR, public_id
from shared.usage.recorder import Usage
from tests.support.harness.issuer_rules import ADDRESS, ISSUER, World

ENDPOINT = "/oauth2/token"
BOOKING = Booking(
    booking_id="0190c000-0000-7000-8000-0000000000b1",
    booking_status="active",
    application_id="0190c000-0000-7000-8000-0000000000a1",
    application_status="active",
    scopes=("website:read:*",),
)


class Requests:
    """The issuer's rules with the audit trail that the app has; `sent` is what the trail then sends."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.counted = Counter[str]()
        self.trail = AuditTrail(world.registry, service="token_issuer", clock=world.clock)
        self.usage = Usage(world.registry, clock=world.clock)
        self._refusals = Refusals(
            self.trail, lambda error: self.counted.update([type(error).__name__]), ClientUsage(self.usage)
        )
        self._grant = JwtBearer(world.assertions, audiences=frozenset({ISSUER}))

    async def present(self, assertion: str) -> None:
        with self._refusals.reporting(endpoint=ENDPOINT, address=ADDRESS):
            await self._grant.authorize({"assertion": assertion}, None)

    async def authenticate(self, assertion: str) -> None:
        with self._refusals.reporting(endpoint=ENDPOINT, address=ADDRESS):
            proof = client_proof(None, {"client_assertion": assertion, "client_assertion_type": JWT_BEARER})
            assert proof is not None
            await self.world.authenticator.authenticate(proof, address=ADDRESS)

    async def sent(self) -> Sequence[AuditEvent]:
        self.world.clock.advance(WINDOW_S)
        self.trail.flush_refusals()
        await self.trail.stop()
        return self.world.registry.events


@pytest.fixture
def requests(world: World) -> Requests:
    return Requests(world)


def is_line_of_the_key_pair(event: AuditEvent, world: World, *, cause: str) -> bool:
    assert event.detail["cause"] == cause
    assert (event.detail["endpoint"], event.detail["client"]) == (ENDPOINT, ADDRESS)
    named = (event.action, event.subject_kind, event.subject, event.company_id)
    return named == ("token.refused", "key_pair", world.kid, world.key_pair.company.id)


@pytest.mark.parametrize("kind", ["key_pair", "company"])
@pytest.mark.parametrize("status", ["suspended", "revoked"])
@pytest.mark.parametrize("use", ["present", "authenticate"])
async def test_an_assertion_of_a_stopped_key_pair_is_a_line_with_its_company_and_kid(
    requests: Requests, kind: Kind, status: Status, use: str
) -> None:
    world = requests.world
    id_ = world.key_pair.id if kind == "key_pair" else world.key_pair.company.id
    world.registry.set_status(kind, id_, status)
    with pytest.raises(ServiceError):
        await getattr(requests, use)(world.assertion())
    [line] = await requests.sent()
    assert is_line_of_the_key_pair(line, world, cause=status if kind == "key_pair" else f"company_{status}")


@pytest.mark.parametrize(
    ("kind", "id_"), [("booking", BOOKING.booking_id), ("application", BOOKING.application_id)]
)
async def test_an_assertion_for_what_is_not_booked_any_more_is_a_line_with_its_company_and_kid(
    requests: Requests, kind: Kind, id_: str
) -> None:
    world = requests.world
    world.registry.add_key_pair(
        world.kid, world.key_pair.public_key, "ES256", id=world.key_pair.id, bookings=(BOOKING,)
    )
    await requests.present(world.assertion())
    world.registry.set_status(kind, id_, "suspended")
    with pytest.raises(ServiceError):
        await requests.present(world.assertion())
    [line] = await requests.sent()
    assert is_line_of_the_key_pair(line, world, cause=line.detail["cause"])
    assert "suspended" in line.detail["cause"]


@pytest.mark.parametrize("use", ["present", "authenticate"])
async def test_a_flood_of_refusals_of_one_key_pair_is_sixty_lines_and_a_count(requests: Requests, use: str) -> None:
    world = requests.world
    world.registry.set_status("key_pair", world.key_pair.id, "suspended")
    for _ in range(LINES_PER_CREDENTIAL + 40):
        with pytest.raises(ServiceError):
            await getattr(requests, use)(world.assertion())
    *lines, count = await requests.sent()
    assert len(lines) == LINES_PER_CREDENTIAL
    assert (count.action, count.subject, count.company_id) == (
        "refusals.counted",
        world.kid,
        world.key_pair.company.id,
    )
    assert count.detail["causes"] == {"suspended": 40}
    assert requests.counted.total() == LINES_PER_CREDENTIAL + 40


async def test_the_log_has_the_cause_of_each_once_be_its_key_known_or_not(requests: Requests) -> None:
    world = requests.world
    unknown = Signer(public_id(KEY_PAIR), "ES256", generate_private_key("ES256")).sign({"exp": 1})
    world.registry.set_status("key_pair", world.key_pair.id, "suspended")
    for assertion, cause in ((world.assertion(), "suspended"), (unknown, "unknown_kid")):
        with capture_logs() as logs, pytest.raises(ServiceError):
            await requests.present(assertion)
        assert [(line["event"], line["detail"]) for line in logs] == [("request.refused", cause)]


async def test_a_flood_of_assertions_of_nobodys_keys_is_one_line_with_their_number(requests: Requests) -> None:
    private = generate_private_key("ES256")
    for _ in range(LINES_PER_CREDENTIAL + 40):
        with pytest.raises(ServiceError):
            await requests.present(Signer(public_id(KEY_PAIR), "ES256", private).sign({"exp": 1}))
    [line] = await requests.sent()
    assert (line.subject_kind, line.subject, line.company_id) == ("unknown_credential", "", None)
    assert [source["cause"] for source in line.detail["sources"]] == ["unknown_kid"]
    assert line.detail["count"] == LINES_PER_CREDENTIAL + 40
