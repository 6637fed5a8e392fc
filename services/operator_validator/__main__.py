"""`python -m services.operator_validator`: serve until SIGTERM."""

import argparse
from functools import partial

from services.operator_validator.app import NAME, build_app
from services.operator_validator.config import Settings
from shared.http.server import run
from shared.settings.config import load


def main() -> None:
    argparse.ArgumentParser(
        prog="python -m services.operator_validator",
        description="Checks whether an API token is valid for a company and an application. "
        "Configured by PASSGATE_* environment variables.",
    ).parse_args()
    settings = load(Settings)
    run(NAME, partial(build_app, settings), settings)


if __name__ == "__main__":
    main()
