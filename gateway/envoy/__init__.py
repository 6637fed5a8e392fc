"""Envoy in the gateway's place: its configuration, made from a route table.

The gateway decides about every request, at its decision endpoint; Envoy forwards, and refuses badly signed tokens
by itself. So nothing of how routes are matched is translated: the decision names the route.
"""
