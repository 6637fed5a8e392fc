"""Connections and time: what arrives is read by `gateway.http1`, decided upon, and relayed. Nothing is parsed.

public_server      accepts connections, and ends what is late
client_connection  reads requests, one at a time, and makes an `exchange` of each
exchange           decides; refuses, or forwards: client_body there, client_response back, tunnels/ for WebSockets
upstream/          pools -> pool -> connection: who gets which connection, and the response that comes over it
overload/          when a call begins where more arrive than can be served
live_exchanges     those that last, and end when they are revoked
report             what is logged, counted and audited of each, once it is over
"""
