"""Whether a gateway keeps its promises while its upstreams fail in each way that we know (`make soak-upstreams`).

__main__.py   the command                      gateway.py    the gateway's process, with a resolver of our own
ways.py       how upstreams fail, and what     servers.py    what an upstream is made of
              a caller may then get            upstreams.py  all of them, and those that come and go
callers.py    who calls                        routes.py     the route file, and how it changes
strangers.py  who sends malformed requests     judge.py      what holds of every response, and what was seen
"""
