"""HTTP/1.1 messages: bytes to values and back. Pure: no connection, no clock, no asyncio.

head_reader  from pieces of bytes to the heads of requests
request      which head is valid: its line, its Host, what it says of the connection
fields       names and values, by the same grammar in both directions
field_block  the fields of a request, cached where they come again
framing      where a body ends
body         reading it up to there
response     an upstream's: interim heads, the final one, its content
writer       from values to bytes
"""
