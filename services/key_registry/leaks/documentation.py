"""What OpenAPI says of the members of leak reports."""

from typing import Any

from pydantic import BaseModel

from shared.contracts.documentation import Member, Members, describe_members

_ID = "0190c0de-0000-7000-8000-000000000001"
_URL = "https://github.com/blabla/shop/blob/main/settings.py#L7"

LEAK_MEMBERS: Members = {
    "found": Member("What was found: at most 1,000 strings, 1 MiB in all.", [{"text": "pgat_...", "url": _URL}]),
    "text": Member("A secret, or a line that holds some.", "pgat_..."),
    "url": Member("Where it was found. null: not said.", _URL),
    "source": Member("By what it was found, in your own words. null: not said.", "nightly scan"),
    "items": Member("What each string was, in their order; of one that holds several secrets, each of them.", []),
    "index": Member("Which of the strings, from 0 on.", 0),
    "outcome": Member(
        "`ended` now; `already_ended` (by an earlier report, a revocation, or its time); `unknown` has the form of "
        "a secret of ours and is none; `not_ours` has not; `left_out`: the string holds more than is looked at in "
        "one report, report it again in parts.",
        "ended",
    ),
    "label": Member(
        "As secret scanners say it: whether it is, or once was, a credential. null: not known, of `left_out`.",
        "true_positive",
    ),
    "kind": Member(
        "The kind of the credential; `jwt` for an access token, `session_token`, `person_session`, `invitation`, "
        "`portal_session` or `password_reset`. null: none.",
        "api_token",
    ),
    "id": Member(
        "The credential's id, the `jti` of an access token, or the id of a session token. null: none.",
        _ID,
    ),
    "version": Member("Which secret of the credential; the others go on. null: none.", 1),
    "name": Member(
        "What people know the credential by; of an access token, the client or key pair that it was issued to.",
        "BlaBla Shop",
    ),
    "last_four": Member("The last four characters of the secret. null: not kept.", "x7Qd"),
    "company_id": Member("The company whose it is. null: of none.", _ID),
    "company": Member("The company's name and prefix.", {"client_prefix": "blabla", "name": "BlaBla"}),
    "receipt": Member("`/receipts/{id}` shows who has applied the end. null: nothing has ended.", 42),
}


def describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """For `json_schema_extra`: descriptions and examples of the members, and an example of the whole."""
    describe_members(LEAK_MEMBERS, schema, model)
    members = schema.get("properties", {})
    schema["examples"] = [{name: member["examples"][0] for name, member in members.items() if "examples" in member}]
