#!/usr/bin/python3
# filter - a content filter: takes mail on 127.0.0.1:10024 and hands it back to 127.0.0.1:10025, a tenth of a second later
#
# SIGUSR1: it is stuck from now on; connections are taken, and nothing is said any more.  A new start cures it.
# SIGUSR2: it takes ten seconds from now on, for as many at once as are sent.
import asyncio
import signal

stuck, slow = asyncio.Event(), asyncio.Event()


async def by_itself(reader, writer):
    """One side to the other, until it ends or we are stuck."""
    while not stuck.is_set() and (data := await reader.read(65536)):
        writer.write(data)
    if stuck.is_set():
        await asyncio.Event().wait()
    writer.close()


async def serve(reader, writer):
    if stuck.is_set():
        await asyncio.Event().wait()
    await asyncio.sleep(10 if slow.is_set() else 0.1)
    back, forth = await asyncio.open_connection("127.0.0.1", 10025)
    try:
        await asyncio.gather(by_itself(reader, forth), by_itself(back, writer))
    except OSError:
        pass


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, stuck.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, slow.set)
    server = await asyncio.start_server(serve, "127.0.0.1", 10024)
    await server.serve_forever()


asyncio.run(main())
