"""`python -m deploy.compose.demo`: the demo company, and the tour of the four protocols on standard output.

The values are kept in a volume, /demo/demo.env, and stay good over restarts: what is shown once is still known.
"""

import asyncio
import os
import sys
from pathlib import Path

from deploy.demo import Urls, seed
from deploy.errors import StackError
from deploy.tour import tour
from deploy.variables import write_variables
from shared.config import read_secret

PYTHON = "docker compose run --rm -T --no-deps demo"
"""How the one step that signs runs on a machine that has nothing but Docker."""
OUTPUT = Path("/demo/demo.env")


def main() -> int:
    gateway = os.environ["PASSGATE_ISSUER"]
    inside = Urls(gateway, gateway, gateway, gateway, registry=os.environ["PASSGATE_KEY_REGISTRY_URL"])
    try:
        values = asyncio.run(seed(inside, read_secret(Path("/secrets/admin_token")), OUTPUT))
    except (StackError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    values["REGISTRY_URL"] = os.environ["PASSGATE_ADMIN_URL"]
    write_variables(OUTPUT, values)
    print(f"The gateway: {gateway}   The admin API: {values['REGISTRY_URL']}/docs")
    print(f"The owner's admin token: {values['ADMIN_TOKEN']}\n")
    print(tour(values, PYTHON))
    return 0


if __name__ == "__main__":
    sys.exit(main())
