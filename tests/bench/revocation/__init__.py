"""How soon a no is everywhere: revocations at four gateways under load, as seen by those who call them.

__main__.py  `make bench-revocation`             victims.py   what is to be revoked, with credentials in use
gateways.py  the stack, with four gateways       watching.py  from the acknowledgement to the last yes
asking.py    a light HTTP client                 receipts.py  the same, as the registry tells it
steady.py    those who must go on undisturbed    closing.py   nobody left to ask: how soon the gateways refuse
cost.py      CPU time with and without           page.py      docs/benchmarks-revocation.md
"""
