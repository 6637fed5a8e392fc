"""`python -m services.key_registry`"""

import sys
from collections.abc import Sequence
from functools import partial

from services.key_registry.app import NAME, build_app
from services.key_registry.commands.command_line import execute, parser
from services.key_registry.config import Settings
from shared.http.server import run
from shared.settings.config import load, warn_of_unknown_settings


def main(argv: Sequence[str] | None = None) -> int:
    given = parser().parse_args(argv)
    settings = load(Settings)
    if given.command in (None, "serve"):
        run(NAME, partial(build_app, settings), settings)
        return 0
    warn_of_unknown_settings()
    return execute(settings, given)


if __name__ == "__main__":
    sys.exit(main())
