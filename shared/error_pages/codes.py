"""What may be said to anybody of each code. What only we may know is in docs/refusals.md, by cause."""

from collections.abc import Mapping

from shared.error_pages.admin_codes import ADMIN_CODES
from shared.error_pages.page import Page

_PROXY = "This is for who runs the gateway: the proxy in front of it is not set up as it must be."
_LATER = "Send the request again after the time in Retry-After. If that goes on, ask who runs the API."
_OURS = "This is not your client's fault. Report it with the request's id."

CODES: Mapping[str, Page] = {
    "unauthenticated": Page(
        "A credential is required",
        "The request has no credential of a kind that is accepted here, or at the admin API no valid admin token.",
        "Where a route accepts several kinds, WWW-Authenticate and detail in the response name each. An access "
        "token, or an admin token, belongs into the field Authorization, after the word Bearer; an API token into "
        "X-Api-Token, with X-Client-Prefix beside it; a session token into apitoken in the query, or into "
        "X-Api-Token.",
    ),
    "invalid_token": Page(
        "The credential is invalid",
        "There is a credential, and it is not valid here and now: expired, cut off, for another "
        "environment or audience, suspended or revoked. The response says no more, because it may have "
        "been sent by somebody else.",
        "Request a new token. Send what was issued whole and unchanged, without quotes or line breaks. "
        "POST /oauth2/diagnose with token= says what is wrong with an access token. Otherwise give the "
        "request's id to who runs the API.",
    ),
    "insufficient_scope": Page(
        "The credential may not do this",
        "The credential is valid, and lacks a scope that is needed here; the response names it.",
        "Request the scope with the token, or ask who runs the API to grant it. A token that was issued "
        "before keeps the scopes that it has: request a new one.",
    ),
    "invalid_request": Page(
        "The request is not as the protocol has it",
        "A parameter is missing, repeated or malformed, or there are credentials of two kinds.",
        "The description in the response names it. Send one credential, and each parameter once.",
    ),
    "invalid_client": Page(
        "The client has not proved who it is",
        "The client's id and secret, or its signed assertion, do not hold, or it is suspended or revoked.",
        "Send id and secret by one method: in Authorization (Basic) or in the form. Ten wrong secrets in"
        " a minute make the client wait. POST /oauth2/diagnose with assertion= says what is wrong with "
        "an assertion.",
    ),
    "invalid_grant": Page(
        "The assertion is invalid",
        "The signed assertion does not hold; the description names what to correct.",
        "POST /oauth2/diagnose with assertion= makes every check and says how to correct what fails.",
    ),
    "invalid_scope": Page(
        "The scope cannot be granted",
        "A scope is not of the form resource:action:selector, or is not granted to the client.",
        "Request less, leave scope out to get all that is granted, or ask who runs the API to grant it.",
    ),
    "unsupported_grant_type": Page(
        "There is no such grant here",
        "grant_type is none that this endpoint has.",
        "Use client_credentials, or urn:ietf:params:oauth:grant-type:jwt-bearer with an assertion.",
    ),
    "temporarily_unavailable": Page("Not now", "Whether the request is valid cannot be known now.", _LATER),
    "unavailable": Page("Not now", "The request cannot be decided upon, or its service cannot be reached.", _LATER),
    "overloaded": Page("Too much at once", "There are more requests than can be served.", _LATER),
    "too_many_requests": Page(
        "Too many at once", "One client sends more at once than it may, or has tried too many secrets.", _LATER
    ),
    "rate_exceeded": Page(
        "Too many calls at a time",
        "The company, its booking or the credential has a limit on how fast calls may come, and there were more.",
        "Wait for as long as Retry-After says. RateLimit in each response says how many calls may still come at "
        "once, and RateLimit-Policy what the limits are: send calls evenly.",
    ),
    "quota_exceeded": Page(
        "The calls of this day or month are used up",
        "The company, its booking or the credential has a number of calls for each day or month (UTC), and all of "
        "them were made.",
        "Wait until the next period begins: Retry-After says when. Ask who runs the API for more.",
    ),
    "address_not_allowed": Page(
        "Not from this address",
        "The credential is valid, and calls with it may come from certain addresses only. This is none of them.",
        "Send the call from a machine whose address was agreed on, without another proxy or VPN. Ask who runs the "
        "API to add the address.",
    ),
    "route_not_allowed": Page(
        "Not this API with this credential",
        "The credential is valid, and is for certain APIs only. This is none of them.",
        "Use the credential that is for this API, or ask who runs the API.",
    ),
    "bad_gateway": Page("The service failed", "The service behind the gateway sent no valid response.", _OURS),
    "gateway_timeout": Page(
        "The service was late", "The service behind the gateway did not respond in time.", _OURS
    ),
    "internal_error": Page("A fault on our side", "What was requested failed here.", _OURS),
    "not_found": Page(
        "There is nothing here",
        "No API is at this host and path; at the admin API, no object that the admin token may see.",
        "Compare the URL with the API's documentation: host, path, upper and lower case, a final slash.",
    ),
    "method_not_allowed": Page(
        "Not by this method",
        "There is something at this path, and not by this method.",
        "Use a method that Allow names.",
    ),
    "origin_not_allowed": Page(
        "Not from this page", "A page of this origin may not connect.", "Ask who runs the API to allow the origin."
    ),
    "upgrade_not_allowed": Page(
        "No upgrade of the connection here", "This route opens no WebSocket.", "Ask who runs the API to allow it."
    ),
    "loop_detected": Page(
        "The request came round in a circle", "The request has passed this gateway before.", _OURS
    ),
    "malformed_request": Page(
        "No valid HTTP",
        "The request is not as HTTP/1.1 has it; the description says where.",
        "Look at what makes the request, or at a proxy between. A common HTTP library does not send this.",
    ),
    "malformed_body": Page(
        "The body cannot be read",
        "The body is not framed as HTTP/1.1 has it.",
        "Look at Content-Length and Transfer-Encoding, and at a proxy between.",
    ),
    "malformed_target": Page(
        "The path is ambiguous",
        "The path holds what servers read in more than one way: //, .., %2F, ; or a needless escape.",
        "Write the path without it.",
    ),
    "malformed_query": Page(
        "The query cannot be read",
        "The parameters of the query are not percent-encoded UTF-8, or there are too many of them.",
        "Percent-encode names and values as UTF-8. The credential is not at fault: keep it.",
    ),
    "malformed_handshake": Page(
        "No valid WebSocket handshake",
        "The handshake is not as RFC 6455 has it.",
        "Use a common WebSocket library.",
    ),
    "unsupported_websocket_version": Page(
        "Another version of WebSocket", "Only version 13 is served.", "Use a common WebSocket library."
    ),
    "expectation_failed": Page(
        "The expectation cannot be met", "Expect holds something other than 100-continue.", "Leave Expect out."
    ),
    "request_timeout": Page(
        "The request came too slowly",
        "Head or body did not arrive in time.",
        "Send it faster, or in smaller parts.",
    ),
    "too_large": Page("The body is too large", "The body is larger than is accepted here.", "Send less at once."),
    "target_too_long": Page("The URL is too long", "The URL is longer than is accepted.", "Send it in the body."),
    "header_fields_too_large": Page(
        "The header is too large",
        "The header fields are more, or longer, than is accepted.",
        "Often these are cookies of another application: leave them out.",
    ),
    "tls_required": Page("Only over TLS", "This port speaks TLS, and the request came without.", "Use https://."),
    "not_a_trusted_proxy": Page("Not for everybody", "Only a proxy that is trusted may ask here.", _PROXY),
    "incomplete_question": Page("The proxy says too little", "The request is not described whole.", _PROXY),
    "not_rewritten": Page("The proxy forwards another target", "It cannot forward what was decided upon.", _PROXY),
    **ADMIN_CODES,
}
