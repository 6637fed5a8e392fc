"""What a connection has before its first request (PROXY header, TLS), and whose a request is, with its trace."""
