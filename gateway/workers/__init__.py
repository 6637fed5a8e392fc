"""Several processes behind one public port: each a whole gateway, under a supervisor that operators talk to.

The supervisor starts the workers, replaces those that end, and serves health and metrics of all of them. A worker
listens on the public port with `SO_REUSEPORT`, follows the changes by itself, and has its operators' application
on a Unix socket that only the supervisor can reach.
"""
