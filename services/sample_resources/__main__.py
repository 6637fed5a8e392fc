"""`python -m services.sample_resources`: serve until SIGTERM."""

import argparse
from functools import partial

from services.sample_resources.app import NAME, build_app
from services.sample_resources.config import Settings
from shared.http.server import run
from shared.settings.config import load


def main() -> None:
    argparse.ArgumentParser(
        prog="python -m services.sample_resources",
        description="Sample services behind the gateway. Configured by PASSGATE_* environment variables.",
    ).parse_args()
    settings = load(Settings)
    run(NAME, partial(build_app, settings), settings)


if __name__ == "__main__":
    main()
