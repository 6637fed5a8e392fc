"""The gateway: finds the route of every public call, checks its credential, and forwards it.

It owns the route file and no data. The stages (match, credential, authorize, headers) are functions over plain
values and import no HTTP library; `gateway.proxy` receives and forwards.
"""
