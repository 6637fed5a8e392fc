"""Documents of partners' keys."""

import json

from tests.unit.services.key_registry.leaks.github_keys import KEY, pem


def document(*identifiers: str) -> bytes:
    return json.dumps({"public_keys": [{"key_identifier": name, "key": pem(KEY)} for name in identifiers]}).encode()
