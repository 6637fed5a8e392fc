"""Calls whose credential nobody knows share a refusal where they are refused alike, and nothing else of them."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.credentials.extract import EXPECTED_ACCESS_TOKEN
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.http1.request_head import RequestHead
from gateway.refused_calls import credentials, problems
from gateway.refused_calls.credentials import refusal_of
from gateway.refused_calls.problems import Refusal
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import Route
from shared.jose.errors import Fault, InvalidToken
from shared.jose.verifier import parse
from tests.support.cases import each_case
from tests.support.http1.heads import head_of, route_of

HEAD = head_of()
SITE, OTHER = route_of(CredentialKind.JWT, name="site"), route_of(CredentialKind.JWT, name="other")
KNOWN = Identity("api_client", "blabla", "pgck_1", "s", "company")


def raised(text: str) -> RefusedCredential:
    """As it comes from where a token is verified: with the frames of the call."""
    try:
        try:
            parse(text)
        except InvalidToken as error:
            raise RefusedCredential.for_token(error) from None
    except RefusedCredential as refused:
        return refused
    raise AssertionError


def of_token(fault: Fault, description: str, *, found: object = None, expected: str = "") -> RefusedCredential:
    return RefusedCredential.for_token(InvalidToken(fault, description, found=found, expected=expected))


def refused(error: RefusedCredential, route: Route = SITE, head: RequestHead = HEAD) -> Refusal:
    return refusal_of(error, route, head)


def test_a_flood_of_junk_is_refused_by_one_refusal() -> None:
    first = refused(raised("junk"))
    assert refused(raised("other junk".replace(" ", "-"))) is first
    assert first == problems.bad_credential(_same(first), route="site")


def _same(found: Refusal) -> RefusedCredential:
    assert found.credential is not None
    return found.credential


def test_what_is_cached_leads_to_no_call() -> None:
    cached = _same(refused(raised("a-text-that-was-not-sent-before..")))
    assert (cached.__traceback__, cached.__context__, cached.__cause__) == (None, None, None)


FAULTS = st.builds(
    of_token,
    st.sampled_from((Fault.MALFORMED, Fault.BAD_SIGNATURE, Fault.UNKNOWN_KID)),
    st.sampled_from(("one reason", "another")),
    found=st.sampled_from((None, "none", 17)),
    expected=st.sampled_from(("", "RS384")),
)
OTHERS = st.sampled_from(
    (
        RefusedCredential("malformed"),
        RefusedCredential("malformed", noted=True),
        RefusedCredential.without_value("no_credential", EXPECTED_ACCESS_TOKEN),
        RefusedCredential.of(KNOWN, "malformed", reason="one reason"),
    )
)


@given(st.lists(st.tuples(FAULTS | OTHERS, st.sampled_from((SITE, OTHER))), max_size=12))
def test_each_is_refused_as_it_would_be_alone(calls: list[tuple[RefusedCredential, Route]]) -> None:
    for error, route in calls:
        found, expected = refused(error, route), problems.bad_credential(error, route=route.name)
        assert (found.route, found.status, found.cause, found.fields) == (
            expected.route,
            expected.status,
            expected.cause,
            expected.fields,
        )
        cached = _same(found)
        for member in (
            "kind",
            "credential",
            "company",
            "company_id",
            "detail",
            "found",
            "expected",
            "noted",
            "prefix",
        ):
            assert getattr(cached, member) == getattr(error, member), member


@each_case("sent", ("eyJhbGciOiJub25lIn0.e30.eA", "a.b.c.d.e", '"x"', "a b", "x=", ""))
def test_what_is_wrong_is_named_whatever_was_sent_before(sent: str) -> None:
    reasons = [_same(refused(raised(text))).detail for text in (sent, "junk", sent)]
    assert reasons[0] == reasons[2]
    assert reasons[0] == raised(sent).detail


def test_reasons_that_differ_each_time_are_cached_within_a_bound() -> None:
    for number in range(credentials.MAX_CACHED_REFUSALS * 2):
        refused(of_token(Fault.EXPIRED, f"exp was {number} s ago"))
        assert len(credentials._cache) <= credentials.MAX_CACHED_REFUSALS
