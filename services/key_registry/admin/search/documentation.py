"""What OpenAPI says of the members of a search."""

from typing import Any

from pydantic import BaseModel

from shared.contracts.documentation import Member, Members, describe_members

_ID = "0190c0de-0000-7000-8000-000000000001"

SEARCH_MEMBERS: Members = {
    "text": Member(
        "A whole secret, which is compared by its digest; an id; or words, each of which some word of the name, "
        "prefix, URI, comment, key or KID, or the last four characters of a secret, must begin with.",
        "BlaBla",
    ),
    "items": Member("What was found, at most ten of each kind, the newest of a kind first.", []),
    "kind": Member("The kind of the object.", "api_token"),
    "id": Member("Its id.", _ID),
    "name": Member("Its name, comment or KID; of a booking, both prefixes.", "BlaBla Shop"),
    "version": Member("Which of its secrets was given. null: it was not found by a secret.", 1),
    "version_state": Member(
        "The state of that secret, which may have ended where the object is active: `current`, `retiring` (works "
        "until `version_retires_at`) or `retired`. null: it was not found by a secret.",
        "current",
    ),
    "version_retires_at": Member(
        "When that secret ends or ended (RFC 3339, UTC). null: with the object, or it was not found by a secret.",
        None,
    ),
    "current_version": Member(
        "Which of its secrets is current. null: none is, or it was not found by a secret.", 1
    ),
    "last_four": Member(
        "The last four characters of the secret that was given; of the newest, if it was not found by a secret. "
        "null: it has none, or they are not kept.",
        "x7Qd",
    ),
    "company_id": Member("The company whose it is. null: of none.", _ID),
    "company": Member("The company's name and prefix.", {"client_prefix": "blabla", "name": "BlaBla"}),
    "effective_status": Member("As the object itself has it.", "active"),
}


def describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """For `json_schema_extra`: descriptions and examples of the members, and an example of the whole."""
    describe_members(SEARCH_MEMBERS, schema, model)
    members = schema.get("properties", {})
    schema["examples"] = [{name: member["examples"][0] for name, member in members.items() if "examples" in member}]
