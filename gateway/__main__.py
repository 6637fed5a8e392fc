"""`python -m gateway`: serve until SIGTERM. `check-routes [FILE]`, `which-route METHOD URL`: try a route file.

With more than one worker this is their supervisor, which starts each as `python -m gateway serve-worker`. Each
process imports what it needs itself and no more: most of its memory is code.
"""

import sys
from collections.abc import Collection
from functools import partial

from gateway.config import Settings
from gateway.workers.cores import worker_count
from shared.settings.config import load


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["serve-worker"]:  # not in the help: for the supervisor
        from gateway.serve import serve_worker

        serve_worker(load(Settings), *arguments[1:])
        return
    if arguments not in ([], ["serve"]):
        from gateway.commands import run_command

        run_command(arguments)
    serve(load(Settings))


def serve(settings: Settings) -> None:
    """As a supervisor of several processes, or as a gateway of one."""
    workers = worker_count(settings)
    if workers == 1:
        from gateway.serve import serve_alone

        serve_alone(settings)
        return
    from gateway.workers.supervisor import apart, supervise

    supervise(settings, workers, apart(partial(_checked, settings)))


def _checked(settings: Settings) -> Collection[str]:
    from gateway.serve import checked

    return checked(settings)


if __name__ == "__main__":
    main()
