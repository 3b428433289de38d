#!/usr/bin/python3
# slow_names - a name server that asks another one and takes its time
#
#   slow_names ADDRESS OTHER FILE    FILE holds the seconds that each answer waits; none: it does not
import asyncio
import sys

address, other, path = sys.argv[1:]


def seconds():
    try:
        with open(path, encoding="ascii") as file:
            return float(file.read() or 0)
    except FileNotFoundError:
        return 0.0


class Asked(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, sender):
        asyncio.ensure_future(self.pass_on(data, sender))

    async def pass_on(self, data, sender):
        loop = asyncio.get_running_loop()
        answer = loop.create_future()

        class Answer(asyncio.DatagramProtocol):
            def datagram_received(self, data, _):
                if not answer.done():
                    answer.set_result(data)

        await asyncio.sleep(seconds())
        transport, _ = await loop.create_datagram_endpoint(Answer, remote_addr=(other, 53))
        transport.sendto(data)
        try:
            self.transport.sendto(await asyncio.wait_for(answer, 5), sender)
        except asyncio.TimeoutError:
            pass
        transport.close()


async def by_stream(reader, writer):
    try:
        there, away = await asyncio.open_connection(other, 53)
        while length := await reader.readexactly(2):
            away.write(length + await reader.readexactly(int.from_bytes(length, "big")))
            await asyncio.sleep(seconds())
            length = await there.readexactly(2)
            writer.write(length + await there.readexactly(int.from_bytes(length, "big")))
    except (asyncio.IncompleteReadError, OSError):
        pass
    writer.close()


async def main():
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Asked, local_addr=(address, 53))
    server = await asyncio.start_server(by_stream, address, 53)
    await server.serve_forever()


asyncio.run(main())
