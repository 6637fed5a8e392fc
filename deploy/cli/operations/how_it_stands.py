"""How that stands now which stopped a call: an object of the registry, or one secret of a credential."""

from collections.abc import Iterator

from deploy.cli.registry import Object, Registry
from shared.identifiers import UUID_FORM, version_among


def how_it_stands(registry: Registry, stopped: str) -> Iterator[str]:
    """A line of an object, two of a secret; none of a token, and of what is gone or not to be seen.

    A secret may have ended where its credential is active, so its own state comes first.
    Raises `Refused` and `Unreachable`.
    """
    version = version_among([stopped])
    id_ = stopped.removesuffix(f"_v{version}")
    if UUID_FORM.fullmatch(id_) is None:
        return
    for item in registry.post("/search", {"text": id_})["items"]:
        if item["id"] != id_:
            continue
        kind = item["kind"].replace("_", " ").replace("api", "API")
        called = f"{kind} {item['name'] or id_}"
        if version:
            yield f"secret {version} of {called}: {_state(registry, item, version)}"
        yield f"{called}: {item['effective_status']}"


def _state(registry: Registry, credential: Object, version: int) -> str:
    """As `versions list` has it, and which one to send. Of many versions the old ones are not shown: they ended."""
    path = f"/{credential['kind'].replace('_', '-')}s/{credential['id']}"
    versions = (registry.get_or_none(path) or {}).get("versions", [])
    own = next((each for each in versions if each["version"] == version), {"state": "retired", "retires_at": None})
    since = f" since {own['retires_at']}" if own["retires_at"] and own["state"] == "retired" else ""
    current = next((each["version"] for each in versions if each["state"] == "current"), None)
    instead = f"; secret {current} is current" if current not in (None, version) else ""
    return f"{own['state']}{since}{instead}"
