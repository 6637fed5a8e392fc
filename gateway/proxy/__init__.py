"""Connections and time: what arrives is read by `gateway.http1`, decided upon, and relayed. Nothing is parsed."""
