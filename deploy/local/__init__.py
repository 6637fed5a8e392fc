"""The stack on one machine without a container engine: embedded stores, a process per deployable.

__main__.py    the command line               commands.py    down, clean, status, run
up.py          from nothing to ready, and back stack.py       what runs, with which environment
processes.py   start, restart, stop           command.py     how one process is started
runfile.py     what runs now, on disk         leftovers.py   what runs now, by the mark in its environment
ports.py       free, or taken by whom         health.py      is a deployable ready
configuration.py: are all settings valid, before anything is started
report.py      how the terminal is written to summary.py     what it shows when all is ready
logs.py        errors to the terminal, rotation venv.sh      .venv from the hashed locks
stores/        PostgreSQL and Valkey from their wheels
"""
