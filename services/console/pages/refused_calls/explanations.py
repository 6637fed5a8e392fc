"""Why a call was refused, in words for whoever sent it and is to fix it."""

from collections.abc import Mapping
from typing import Any

from services.console.pages.pasted.secret_kinds import KINDS, MISTYPED, SecretKind, kind_of_prefix
from services.console.pages.refused_calls.by_cause import (
    BY_STATUS,
    EXACTLY,
    EXPLANATIONS,
    HOW_TO_CALL,
    NEW_SECRET,
    NEW_TOKEN,
    OF_NOBODY,
    OURS,
    Explanation,
)
from services.console.pages.refused_calls.other_kinds import (
    elsewhere,
    expected_of,
    kind_found,
    of_another_kind,
)
from services.console.pages.refused_calls.steps import cause_of, failed_step
from services.console.pages.refused_calls.stopped import OF_TOKENS, Stop, stop_of
from shared.opaque import API_TOKEN
from shared.refusal_traces.causes import check_of

_TOKEN_VALIDATOR = "tokenvalidator"
"""The end of its path, which is without regard to case."""
_OWN_STOP = Explanation("The credential itself is stopped", EXPLANATIONS["stopped"].todo)
_PAIR_SWAPPED = Explanation(
    "The API token and the client prefix were swapped",
    "Send the API token in X-Api-Token, and your client prefix in X-Client-Prefix.",
)
_AT_TOKEN_VALIDATOR: Mapping[str, Explanation] = {
    "wrong_company": EXPLANATIONS["wrong_company"]._replace(
        todo=f"Send your own client prefix in the parameter clientPrefix of the query. {EXACTLY}"
    ),
    "wrong_application": EXPLANATIONS["wrong_application"]._replace(
        todo="Send the application's prefix in the parameter applicationPrefix of the query, or use an API token "
        "that was made at that application."
    ),
    "malformed": Explanation("The API token was cut off or changed", MISTYPED),
}


def explanation_of(decision: Mapping[str, Any]) -> Explanation:
    """Of a refused call, as the admin API shows it."""
    cause, prefix, step = cause_of(decision), decision["credential"], failed_step(decision)
    if decision["path"].lower().endswith(_TOKEN_VALIDATOR) and cause in _AT_TOKEN_VALIDATOR:
        return _AT_TOKEN_VALIDATOR[cause]
    if cause in ("stopped", "revoked") and (stop := stop_of(decision)) is not None:
        return _of_stop(stop, decision)
    if cause == "swapped" and kind_found(decision) is KINDS[API_TOKEN]:
        return _PAIR_SWAPPED
    if decision.get("credential_kind") and cause in ("malformed", "wrong_kind"):
        return _of_client_secret(decision)
    if cause == "wrong_kind":
        return of_another_kind(decision)
    if cause == "malformed" and (kind := kind_of_prefix(prefix)) is not None:
        return Explanation(f"{kind.beginning} was mistyped or cut off", MISTYPED)
    if cause == "wrong_place" and step is not None:
        return _in_wrong_place(step, kind_of_prefix(prefix))
    if cause == "no_credential" and (expected := expected_of(decision)) != check_of(cause).expected:
        return EXPLANATIONS[cause]._replace(
            todo=f"This API reads {expected}: send that. {HOW_TO_CALL} has the code."
        )
    by_status = BY_STATUS.get(decision["status"], Explanation("It could not be served", OURS))
    return EXPLANATIONS.get(cause) or OF_NOBODY.get(cause) or by_status


def _of_stop(stop: Stop, decision: Mapping[str, Any]) -> Explanation:
    """Of a token that held until something was stopped; `stopped` of the decision, if known, is that object now."""
    if stop.version and stop.kind == "api_token":
        return EXPLANATIONS["version_revoked"]
    if stop.version:
        return Explanation(
            "The secret that the token was requested with was ended", f"{NEW_SECRET} Request a new token with it."
        )
    if stop.kind in OF_TOKENS:
        return Explanation(OF_TOKENS[stop.kind], NEW_TOKEN)
    own = stop.kind == decision["credential_kind"]
    status = (decision.get("stopped") or {}).get("effective_status", "")
    if status == "active":
        noun = "credential" if own else stop.kind.replace("_", " ")
        return Explanation(f"The {noun} was stopped then, and is active now", "Send the call again.")
    if own and status == "expired":
        return Explanation("The credential has expired", "Set a later expiry at its page, or make a new one.")
    known = EXPLANATIONS.get(status if own else f"{stop.kind}_{status}")
    return known or (_OWN_STOP if own else EXPLANATIONS["stopped"])


def _of_client_secret(decision: Mapping[str, Any]) -> Explanation:
    """Of what came as the secret of an API client that there is, and is by its form none of a client."""
    kind = kind_found(decision)
    if kind is None:
        return Explanation("The API client's secret was mistyped or cut off", MISTYPED)
    return Explanation(
        f"{kind.beginning} was sent in the place of the API client's secret",
        f"Send the secret that was shown with the key. {elsewhere(kind)}",
    )


def _in_wrong_place(step: Mapping[str, Any], kind: SecretKind | None) -> Explanation:
    noun = "A credential" if kind is None else kind.beginning
    return Explanation(
        f"{noun} was sent where this API does not read it",
        f"The call has {step['found']}. This API reads {step['expected']}: send that.",
    )
