"""What a request costs: CPU time of the hot paths, of the product and of its peers, in the same run.

paths/      the hot paths: who competes, what is sent   turns.py    contestants in turns, and the figures
product.py  the stack, with credentials                 load.py     one turn of load, by wrk and load.lua
peers/      nginx, Envoy, HAProxy, a bare aiohttp       cpu.py      CPU time and memory of process trees
process.py  a peer's process                            page.py     docs/benchmarks.md
probes.py   right responses before any load             machine.py  the machine and the versions
tokens/     access tokens in number, their price        install.py  `make bench-peers`
cores.py    who runs on which core                      memory_use.py, gateway_beside.py  of single processes
revocation/ `make bench-revocation`: revocation latency memory/     `make bench-memory`: does it stay flat
"""
