"""Calls over HTTP/1.1, under shared/http/client.py: requests as bytes, connections and their pool, responses.

request.py      a request as bytes                  connection.py   a connection, one call at a time
response.py     a response from bytes               pool.py         connections to one service, who waits for one
peer.py         where the service is, and opening   staggered.py    several addresses of a name
"""
