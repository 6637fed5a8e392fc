"""`python -m services.console`: serve until SIGTERM."""

import argparse
from functools import partial

from services.console.app import NAME, build_app
from services.console.config import Settings
from shared.http.server import run
from shared.settings.config import load


def main() -> None:
    argparse.ArgumentParser(
        prog="python -m services.console",
        description="The web console over the admin API. Configured by PASSGATE_* environment variables.",
    ).parse_args()
    settings = load(Settings)
    run(NAME, partial(build_app, settings), settings)


if __name__ == "__main__":
    main()
