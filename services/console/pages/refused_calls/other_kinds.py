"""What was sent in the place of another kind of credential: named by its prefix or its form."""

from collections.abc import Mapping
from typing import Any

from services.console.pages.pasted.secret_kinds import KID, SESSION_TOKEN, SecretKind, kind_of_prefix
from services.console.pages.refused_calls.by_cause import EXPLANATIONS, Explanation
from services.console.pages.refused_calls.steps import failed_step, found_of
from shared.audit.mismatch import (
    A_CLIENT_PREFIX,
    A_JWT,
    A_KID,
    A_SESSION_TOKEN,
    AN_ACCESS_TOKEN,
    AN_ASSERTION,
)
from shared.refusal_traces.causes import check_of

_ACCESS_TOKEN = SecretKind("access token", "Send it after Authorization: Bearer.")
_BY_FORM: Mapping[str, SecretKind] = {
    A_SESSION_TOKEN: SESSION_TOKEN._replace(
        goes="Send it in x-api-token, or as apitoken in the query, to an API that reads session tokens."
    ),
    A_KID: KID,
    A_JWT: SecretKind("JWT", _ACCESS_TOKEN.goes),
    A_CLIENT_PREFIX: SecretKind(
        "client prefix", "Send it in X-Client-Prefix, beside the API token in X-Api-Token."
    ),
    AN_ACCESS_TOKEN: _ACCESS_TOKEN,
    AN_ASSERTION: SecretKind("JWT of a key pair", "Send it as assertion to POST /iam/oauth/token."),
}


def kind_found(decision: Mapping[str, Any]) -> SecretKind | None:
    """By what the check that failed has found."""
    step = failed_step(decision)
    kind = "" if step is None else found_of(step).kind
    return _BY_FORM.get(kind) or kind_of_prefix(kind)


def of_another_kind(decision: Mapping[str, Any]) -> Explanation:
    """Of a call with the cause `wrong_kind`: what the API reads comes before where else this belongs."""
    kind, expected = kind_found(decision) or kind_of_prefix(decision["credential"]), expected_of(decision)
    reads = "" if expected == check_of(decision["cause"]).expected else f"This API reads {expected}: send that."
    if kind is None:
        return EXPLANATIONS["wrong_kind"]
    title = f"{kind.beginning} was sent where another kind of credential belongs"
    return Explanation(title, f"{reads} {elsewhere(kind)}" if reads else kind.goes)


def elsewhere(kind: SecretKind) -> str:
    return f"{kind.beginning} belongs elsewhere: {kind.goes[0].lower()}{kind.goes[1:]}"


def expected_of(decision: Mapping[str, Any]) -> str:
    """By the check that failed; where the trace says no more, by its cause."""
    step = failed_step(decision)
    return check_of(decision["cause"]).expected if step is None else str(step["expected"])
