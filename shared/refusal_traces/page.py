"""Where docs/refusals.md explains a cause."""

PAGE = "docs/refusals.md"
_ANCHORS = (
    "malformed_request-malformed_body-malformed_handshake",
    "unsupported_websocket_version-426-expectation_failed-417",
    "invalid_request-unsupported_media_type-bad_parameters-validation_failed",
    "invalid_grant-jti_used",
    "unauthenticated-invalid_client",
    "no_api_token-no_client_prefix",
    "expired-not_yet_valid",
    "bad_signature-algorithm_not_allowed",
    "wrong_type-missing_claim-invalid_claim-lifetime_too_long-wrong_subject",
    "version_retired-version_revoked-access_key_version_retired-access_key_version_revoked",
    "suspended-booking_suspended-company_suspended-application_suspended-access_key_suspended",
    "booking_revoked-company_revoked-application_revoked-access_key_revoked",
    "ended-used_up-tampered",
    "not_a_trusted_proxy-not_rewritten",
    "no_route-404",
    "not_found-404",
    "method_not_allowed-405",
    "too_large-413",
    "target_too_long-414-header_fields_too_large-431",
    "request_timeout-408",
    "bodies_under_way-429",
    "dependency_unavailable-unavailable-temporarily_unavailable-503",
    "stale-503",
    "unreachable-connect_timeout-tls_failed-503",
    "circuit_open-503",
    "overload-503",
    "connections_in_use-503",
    "response_timeout-response_stalled-504",
    "connection_lost-invalid_response-502",
    "internal-500",
)
"""Of the headings that hold more than one cause alone."""
_ANCHOR_OF = {cause: anchor for anchor in _ANCHORS for cause in anchor.split("-")}


def anchor_of(cause: str) -> str:
    """Of its heading, as Markdown is rendered where the repository is."""
    return _ANCHOR_OF.get(cause, cause)
