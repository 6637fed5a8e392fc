"""The stack on one machine without a container engine: embedded stores, a process per deployable.

__main__.py    up, down, clean, status             up.py         from nothing to ready, and back
stack.py       what runs, with which environment   processes.py  start, start again, stop
postgres.py    PostgreSQL from its wheel           valkey.py     Valkey from its wheel
command.py     one process to be                   identity.py   which user the stores run as
schema.py      is there anything to migrate        health.py     is a deployable ready
runfile.py     what runs now, on disk              ports.py      free, or taken by whom
report.py      how the terminal is written to      summary.py    what it shows when all is ready
logs.py        errors to the terminal, rotation    venv.sh       .venv from the hashed locks
"""
