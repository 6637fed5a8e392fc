"""`python -m gateway` for which names of upstreams stand for what NAMES_VARIABLE's file says at the moment.

The file is JSON: a list of addresses for each name, or null where it cannot be resolved.
"""

import json
import os
from pathlib import Path

from gateway.__main__ import main
from gateway.proxy.upstream.background import names

NAMES_VARIABLE = "SOAK_NAMES_FILE"


async def addresses_of(name: str, port: int) -> list[str]:
    found = json.loads(Path(os.environ[NAMES_VARIABLE]).read_text(encoding="ascii")).get(name)
    if found is None:
        raise OSError("no such name")
    return list(map(str, found))


if __name__ == "__main__":
    names.addresses_of = addresses_of
    main()
