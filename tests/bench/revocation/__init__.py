"""Revocation latency at four gateways under load, as seen by those who call them.

__main__.py         `make bench-revocation`          gateways.py     the stack, with four gateways
targets.py          what is revoked, while in use    observation.py  from the acknowledgement to the last 2xx
background_load.py  clients that are not affected    receipts.py     the same, from the registry's receipts
outage.py           Valkey and the registry away     cost.py         CPU time with and without
http_client.py      a light HTTP client              page.py         docs/benchmarks-revocation.md
"""
