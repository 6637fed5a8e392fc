"""What an upstream does with a connection in the place of a whole response at once."""

import asyncio

from tests.support.http1.upstream import Script, UpstreamCall


def writes(*pieces: bytes, closes: bool = False) -> Script:
    """Each in a packet of its own."""

    async def script(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)
        if closes:
            writer.close()

    return script


async def hangs(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
