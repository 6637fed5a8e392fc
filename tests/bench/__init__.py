"""What a request costs: CPU time of the hot paths, of the product and of its peers, in the same run.

paths.py    the hot paths: who competes, what is sent   turns.py    contestants in turns, and the figures
product.py  the stack, with credentials                 load.py     one turn of load, by wrk and load.lua
peers/      nginx, Envoy, a bare aiohttp application     cpu.py      CPU time and memory of process trees
process.py  a peer's process                            page.py     docs/benchmarks.md
probes.py   right answers before any load               machine.py  the machine and the versions
install.py  `make bench-peers`                          signature.py, jwks.py  the price of a signature
revocation/ `make bench-revocation`: revocation latency
"""
