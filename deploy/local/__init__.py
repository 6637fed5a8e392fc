"""The stack on one machine without a container engine: embedded stores, a process per deployable.

stack.py       what is started, with which environment, in which order
postgres.py    PostgreSQL from its wheel           valkey.py     Valkey from its wheel
command.py     one process to be: argv, identity   identity.py   which user the stores run as
processes.py   start, restart, stop                runfile.py    what runs now, for `down` and after a crash
ports.py       free ports, and who has a taken one health.py     readiness of the whole stack
report.py      what the terminal shows             __main__.py   up, down, clean, status
"""
