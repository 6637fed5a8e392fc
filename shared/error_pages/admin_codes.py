"""The codes of the admin API alone."""

from collections.abc import Mapping

from shared.error_pages.page import Page

ADMIN_CODES: Mapping[str, Page] = {
    "validation_failed": Page(
        "Some members are wrong",
        "The body or the query is well formed, and members of it are not as they must be.",
        "errors in the response names each, with what it must be. /docs describes every endpoint.",
    ),
    "forbidden": Page(
        "The token may not do this",
        "The admin token or session is valid; its role, or its being bound to a company, does not reach.",
        "The response names the role that is needed. An owner creates such a token: POST /admin/v1/admin-tokens.",
    ),
    "conflict": Page(
        "Its state does not allow this",
        "The object exists, and cannot be changed so now: it is revoked, something refers to it, or two secrets of "
        "it work already.",
        "The description says which of these, and what to do first. Revoked is final: create another.",
    ),
    "taken": Page(
        "Somebody has it already",
        "A prefix, a URI or a booking exists once, whatever its upper and lower case.",
        "Choose another, or find the object that has it: lists filter by it.",
    ),
    "invitation_invalid": Page(
        "The invitation cannot be accepted",
        "The link is unknown, was used, was revoked, or has expired.",
        "Ask whoever sent it for another: an owner creates one with POST /admin/v1/invitations.",
    ),
    "pending_sign_in_invalid": Page(
        "The sign-in cannot be finished",
        "Since it began too much time has passed, the person was changed or stopped, or it was finished.",
        "Sign in again: with the password (POST /admin/v1/sessions) or by the OpenID provider.",
    ),
    "second_factor_refused": Page(
        "The code is wrong",
        "The code of the authenticator is wrong or was used before, or the recovery code is unknown or was used.",
        "Wait for the next code, and see that the device's clock is right. Whoever has lost the device uses a "
        "recovery code, or asks an owner to reset the second factor.",
    ),
    "openid_refused": Page(
        "Nobody was signed in",
        "The OpenID provider gave no identity, too much time had passed, or nobody with its verified e-mail "
        "address may sign in here.",
        "Begin again. Who has no account yet asks an owner for an invitation.",
    ),
    "openid_subject_taken": Page(
        "The provider's account is another person's here",
        "An account at the OpenID provider signs in one person here, whatever e-mail address it has there.",
        "Sign in there with the account of your own. Where it is yours and the person here is an earlier one of "
        "yours, an owner resets that person's second factor, or revokes them.",
    ),
    "openid_not_confirmed": Page(
        "The OpenID provider did not confirm it",
        "Nobody signed in there anew, another account did, or too much time had passed.",
        "Begin again: POST /admin/v1/me/openid-confirmations, and sign in there with the account of your own.",
    ),
    "passkey_refused": Page(
        "The passkey was not accepted",
        "It is unknown or was removed, came late or twice, its user was not verified, or its person was stopped.",
        "Try again, or sign in with the password.",
    ),
    "portal_link_invalid": Page(
        "The link cannot be followed",
        "The link of a portal session is unknown, was followed, has expired, or was ended.",
        "Go back to the site that it came from: its backend requests another with "
        "POST /admin/v1/companies/{id}/portal-sessions.",
    ),
    "password_reset_invalid": Page(
        "The link sets no password",
        "It is unknown, was used, withdrawn or replaced by another, has expired, or its person may not sign in.",
        "Ask an owner for another: POST /admin/v1/people/{id}/password-reset, or People, Reset password at the "
        "console.",
    ),
    "idempotency_key_reused": Page(
        "The Idempotency-Key was used for something else",
        "Within 24 hours the same key is for the same request, byte for byte in its meaning.",
        "Send a new key with a new request, and the same key only to repeat one whose response was lost.",
    ),
    "unsupported_media_type": Page(
        "Another content type",
        "The body is not of the type that is accepted here, or is compressed.",
        "Send the Content-Type that the response names, without Content-Encoding.",
    ),
}
