"""What a connection has before its first request: a PROXY header, a TLS handshake; and the trace of a request."""
