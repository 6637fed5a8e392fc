"""`python -m services.session_tokens`: serve until SIGTERM."""

import argparse
from functools import partial

from services.session_tokens.app import NAME, build_app
from services.session_tokens.config import Settings
from shared.http.server import run
from shared.settings.config import load


def main() -> None:
    argparse.ArgumentParser(
        prog="python -m services.session_tokens",
        description="Creates and resolves session tokens. Configured by PASSGATE_* environment variables.",
    ).parse_args()
    settings = load(Settings)
    run(NAME, partial(build_app, settings), settings)


if __name__ == "__main__":
    main()
