"""HTTP/1.1 messages: bytes to values and back. Pure: no connection, no clock, no asyncio."""
