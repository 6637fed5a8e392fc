"""Of several kinds of credential the one that is presented is chosen: every list of kinds, every set of fields."""

from itertools import chain, combinations, permutations

import pytest

from gateway.credentials.choice import AmbiguousCredential, choose
from gateway.credentials.extract import NoCredential
from gateway.routing.credential_kinds import CredentialKind
from tests.support.http1.heads import head_of, route_of

JWT, API_TOKEN, SESSION_TOKEN = CredentialKind.JWT, CredentialKind.API_TOKEN, CredentialKind.SESSION_TOKEN
FIELDS = {"authorization": "Authorization: Bearer x", "token": "X-Api-Token: x", "prefix": "X-Client-Prefix: x"}
QUERY = "query"
PRESENTED = [frozenset(s) for n in range(5) for s in combinations((*FIELDS, QUERY), n)]
KINDS = list(chain.from_iterable(permutations((JWT, API_TOKEN, SESSION_TOKEN), n) for n in (2, 3)))


def expected(kinds: tuple[CredentialKind, ...], presented: frozenset[str]) -> set[CredentialKind]:
    """What is presented, said in another way than the code says it."""
    found = set()
    if "authorization" in presented:
        found.add(JWT)
    if QUERY in presented:
        found.add(SESSION_TOKEN)
    if "prefix" in presented:
        found.add(API_TOKEN)
    if "token" in presented and not ("prefix" in presented and API_TOKEN in kinds):
        found |= {SESSION_TOKEN} if SESSION_TOKEN in kinds else {API_TOKEN}
    return found & set(kinds)


@pytest.mark.parametrize("kinds", KINDS, ids=lambda kinds: "-".join(kinds))
def test_one_is_chosen_none_is_reported_and_several_are_refused(kinds: tuple[CredentialKind, ...]) -> None:
    route = route_of(kinds[0], kinds=kinds)
    for presented in PRESENTED:
        head = head_of(*(line for name, line in FIELDS.items() if name in presented))
        query = "a=b&apitoken=x" if QUERY in presented else "a=b"
        wanted = expected(kinds, presented)
        if len(wanted) == 1:
            assert choose(route, head, query).credential in wanted, presented
            continue
        with pytest.raises(AmbiguousCredential if wanted else NoCredential):
            choose(route, head, query)


@pytest.mark.parametrize("kinds", KINDS, ids=lambda kinds: "-".join(kinds))
def test_the_challenge_names_the_kinds_in_their_order(kinds: tuple[CredentialKind, ...]) -> None:
    with pytest.raises(NoCredential) as missing:
        choose(route_of(kinds[0], kinds=kinds), head_of(), None)
    names = {JWT: "Bearer", API_TOKEN: "ApiToken", SESSION_TOKEN: "SessionToken"}
    assert missing.value.challenge == ", ".join(names[kind] for kind in kinds)
