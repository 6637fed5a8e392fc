"""What each cause of docs/refusals.md means, in words for whoever sent the call and is to fix it."""

from collections.abc import Mapping
from typing import NamedTuple

HOW_TO_CALL = "How to call"


class Explanation(NamedTuple):
    title: str
    todo: str
    page: str = ""
    """Of the menu of the company's own people, where `todo` names one of its pages."""


NEW_TOKEN = "Request a new token with your credential, and send it whole, without quotes or line breaks."
_STOPPED = "Ask whoever runs the API why. Until it is resumed nothing that depends on it is accepted."
_GONE = "Revoked is for ever. Ask whoever runs the API why, and whether another one is made."
NEW_SECRET = "Take the new secret into use: its page under Credentials lists the secrets and when each was used."
_WAIT = "Send it again later, after the time in Retry-After if the response has that."
OURS = "Your call is not at fault. Send it again; if that goes on, give the request id to whoever runs the API."
EXACTLY = "It is compared exactly: capital and small letters as the console shows them."
_COMPARE = f"Compare it with the code under {HOW_TO_CALL}."
_SIGNED = "Paste the assertion or token into Doctor: it makes every check and says what to fix."
_FORBIDDEN = Explanation("The credential may not do this", "Ask whoever runs the API for the right to it.")

EXPLANATIONS: Mapping[str, Explanation] = {
    "no_credential": Explanation(
        "No credential was sent", f"Send it where the API looks for it: see {HOW_TO_CALL}.", HOW_TO_CALL
    ),
    "wrong_scheme": Explanation("Not a Bearer token", "Send Authorization: Bearer, a blank, and the access token."),
    "no_api_token": Explanation("The API token is missing", "Send both X-Api-Token and X-Client-Prefix."),
    "no_secret": Explanation(
        "The API client's secret is missing",
        "The call has its key, and no secret or an empty one: set the variable that holds it. Send the key first, "
        "then a colon and the secret.",
    ),
    "no_client_prefix": Explanation("The client prefix is missing", "Send X-Client-Prefix beside X-Api-Token."),
    "ambiguous_credential": Explanation("Two credentials in one call", "Send one kind of credential, once."),
    "wrong_kind": Explanation(
        "Another kind of credential belongs here", f"{HOW_TO_CALL} says which one, and where.", HOW_TO_CALL
    ),
    "swapped": Explanation(
        "The key and the secret of an API client were swapped", "Send the key first, then a colon and the secret."
    ),
    "malformed": Explanation("The credential was cut off or changed", NEW_TOKEN),
    "more_than_secret": Explanation(
        "Something else was sent with the API client's secret",
        f"Send the key first, then one colon and the secret alone, as {HOW_TO_CALL} has it.",
        HOW_TO_CALL,
    ),
    "expired": Explanation("The token or credential has expired", NEW_TOKEN),
    "not_yet_valid": Explanation("The token is not valid yet", "Set the clock of the machine that made it (NTP)."),
    "wrong_audience": Explanation("The token is for something else", _SIGNED),
    "wrong_issuer": Explanation("The token is of another issuer", NEW_TOKEN),
    "unknown_kid": Explanation("The signing key is not known", _SIGNED),
    "bad_signature": Explanation("The signature is invalid", _SIGNED),
    "lifetime_too_long": Explanation("The assertion lives too long", "exp may be one hour after iat at most."),
    "missing_claim": Explanation("A claim is missing", _SIGNED),
    "invalid_claim": Explanation("A claim is invalid", _SIGNED),
    "wrong_subject": Explanation("The subject is another one", _SIGNED),
    "wrong_type": Explanation("The JWT is of another type", _SIGNED),
    "algorithm_not_allowed": Explanation("It is signed by another algorithm", _SIGNED),
    "invalid_grant": Explanation("The assertion is invalid", _SIGNED),
    "jti_used": Explanation("The assertion was used before", "Make a new assertion, with a new jti, each time."),
    "unknown": Explanation(
        "The token or key is not known", "It has ended, or is of another environment: make or request a new one."
    ),
    "unknown_client": Explanation(
        "No API client has this key", "Send the key and the secret as they were shown together, the key first."
    ),
    "wrong_secret": Explanation(
        "The secret is not one of this API client's",
        "Send the key and the secret that were shown together. Doctor says whose secret it is. Only one that is "
        "lost has to be rotated.",
    ),
    "version_retired": Explanation("The secret was rotated away", NEW_SECRET),
    "version_revoked": Explanation("The secret was ended", NEW_SECRET),
    "access_key_version_retired": Explanation("The access key's secret was rotated away", NEW_SECRET),
    "access_key_version_revoked": Explanation("The access key's secret was ended", NEW_SECRET),
    "succeeded": Explanation("Another key pair took its place", "Sign with the new private key and its kid."),
    "stopped": Explanation(
        "The credential, or something that it depends on, is stopped",
        "Look at its page under Credentials. What is suspended is accepted again once it is resumed; what is "
        "revoked never is: make a new one, or ask whoever runs the API.",
    ),
    "revoked": Explanation("The credential is revoked", "Revoked is for ever: make a new credential."),
    "suspended": Explanation("The credential is suspended", "Resume it at its page under Credentials."),
    "access_key_suspended": Explanation("The access key is suspended", "Resume it at its page under Credentials."),
    "access_key_revoked": Explanation("The access key is revoked", "Revoked is for ever: make a new one."),
    "access_key_expired": Explanation(
        "The access key has expired", "Set a later expiry at its page, or make a new access key."
    ),
    "booking_suspended": Explanation("The booking is suspended", _STOPPED),
    "booking_revoked": Explanation("The booking is revoked", _GONE),
    "company_suspended": Explanation("The company is suspended", _STOPPED),
    "company_revoked": Explanation("The company is revoked", _GONE),
    "application_suspended": Explanation("The application is suspended", _STOPPED),
    "application_revoked": Explanation("The application is revoked", _GONE),
    "ended": Explanation("The session token was ended", "Request a new one from /generate."),
    "used_up": Explanation("The session token is used up", "Request a new one from /generate."),
    "wrong_company": Explanation(
        "The client prefix is not that of the token", f"Send your own client prefix in X-Client-Prefix. {EXACTLY}"
    ),
    "wrong_application": Explanation(
        "The token is for another application", "Use an API token that was made at this API's application."
    ),
    "insufficient_scope": Explanation(
        "A scope is missing",
        "Request the scope with the token, or use a credential that has it. A token keeps the scopes that it was "
        "issued with: request a new one after a change.",
    ),
    "invalid_scope": Explanation("The scope cannot be granted", "Request only scopes that the credential has."),
    "address_not_allowed": Explanation(
        "Not from this address", "Call from an address that was agreed on, or ask whoever runs the API to add it."
    ),
    "route_not_allowed": Explanation("Not this API with this credential", "Use the credential that is for it."),
    "origin_not_allowed": Explanation("Not from a page of this site", "Call from your server, not from a browser."),
    "rate_exceeded": Explanation(
        "Too many calls at a time", "Send calls evenly; Usage shows your limits, Retry-After how long to wait."
    ),
    "quota_exceeded": Explanation(
        "The calls of this day or month are used up", "Usage shows the limit. Ask whoever runs the API for more."
    ),
    "method_not_allowed": Explanation("Not by this method", "Use a method that the response names in Allow."),
    "no_route": Explanation("There is no API at this path", "Compare the URL with the API's documentation."),
    "too_large": Explanation("The body is too large", "Send less in one call."),
    "malformed_query": Explanation("The query could not be read", "Percent-encode what its parameters hold."),
    "tampered": Explanation("The session token cannot be used any more", "Request a new one from /generate."),
    "not_valid": Explanation(
        "The API token is not valid", "Give the request id to whoever runs the API: the reason is in the log."
    ),
    "forbidden": _FORBIDDEN,
}
_UNREADABLE = Explanation("The request could not be read", _COMPARE, HOW_TO_CALL)
_OF_PROXY = Explanation("A proxy is not set up for this", "Give the request id to whoever runs the proxy.")
OF_NOBODY: Mapping[str, Explanation] = {
    "malformed_request": _UNREADABLE,
    "malformed_body": _UNREADABLE,
    "malformed_handshake": _UNREADABLE,
    "malformed_target": Explanation(
        "The path can be read in two ways", "Send no // and no .. or ; in the path, and escape only what needs it."
    ),
    "unsupported_websocket_version": Explanation("Another version of WebSocket", "Use version 13."),
    "expectation_failed": Explanation("Expect asks for what is not known here", "Send no Expect, or 100-continue."),
    "loop": Explanation("The call came back to where it was", "Call the API itself, or correct the proxy between."),
    "tls_required": Explanation("It was sent without TLS", "Begin the URL with https://."),
    "incomplete_question": _OF_PROXY,
    "not_a_trusted_proxy": _OF_PROXY,
    "not_rewritten": _OF_PROXY,
    "invalid_request": Explanation("A parameter is missing or wrong", _COMPARE, HOW_TO_CALL),
    "bad_parameters": Explanation(
        "What the session token is to store cannot be kept", "The response says what is wrong with the JSON object."
    ),
    "unsupported_media_type": Explanation("The Content-Type is another one", _COMPARE, HOW_TO_CALL),
    "unsupported_grant_type": Explanation("The grant type is not of this endpoint", _COMPARE, HOW_TO_CALL),
    "request_timeout": Explanation("The call came too slowly", "Look at the network between, and send it again."),
    "validation_failed": Explanation(
        "A member is missing or wrong", "The response names each, and what it must be."
    ),
    "wrong_place": Explanation("A credential was sent where this API does not read it", _COMPARE, HOW_TO_CALL),
    "not_found": EXPLANATIONS["no_route"],
    "target_too_long": Explanation("The URL is too long", "Send less in the query."),
    "header_fields_too_large": Explanation("The header fields are too large", "Send fewer or shorter ones."),
    "bodies_under_way": Explanation("Too many bodies at once", "Send fewer calls with a body at the same time."),
    "overload": Explanation("More calls came than can be served", _WAIT),
    "too_many_requests": Explanation("Too many wrong secrets", f"Correct the secret first. {_WAIT}"),
    "unauthenticated": Explanation("The credential is missing or invalid", _COMPARE, HOW_TO_CALL),
    "invalid_client": Explanation("The client could not be authenticated", _COMPARE, HOW_TO_CALL),
}
"""Of causes that are found before it is known whose call it is: nobody looks for their own calls by them."""
BY_STATUS: Mapping[int, Explanation] = {
    400: _UNREADABLE,
    401: Explanation("The credential is invalid", NEW_TOKEN),
    403: _FORBIDDEN,
    404: EXPLANATIONS["no_route"],
    429: Explanation("Too many at once", _WAIT),
}
