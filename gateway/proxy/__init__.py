"""The HTTP library's side of the gateway: aiohttp receives and forwards.

aiohttp never parses what a stranger sent: all bytes go through `gateway.http1` first.
aiohttp is given heads that we wrote or checked, and bodies whose framing was checked, so that its two parsers, in C
and in Python, have nothing left to disagree about, and its connections, pools and back-pressure serve as they are.
"""
