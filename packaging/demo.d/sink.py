#!/usr/bin/python3
# sink - the mail servers behind the relay: take every message and write down its serial number
#
#   sink LIST ADDRESS...
#
# LIST gets a line per message: seconds, address it came to, serial.  The line is in the file before the message
# is acknowledged, so that a sender that is cut off delivers again and shows up as doubled, never as lost.
#
# While a file LIST.break holds a number above 0, that many connections are dropped at this very point: the
# sender cannot know that its message was taken, and must deliver it twice.
import asyncio
import os
import sys
import time

BREAK = sys.argv[1] + ".break"


def must_break():
    if not os.path.exists(BREAK):
        return False
    with open(BREAK, "r+", encoding="ascii") as file:
        left = int(file.read() or 0)
        file.seek(0)
        file.truncate()
        file.write(str(max(0, left - 1)))
    return left > 0


async def conversation(reader, writer, out):
    address = writer.get_extra_info("sockname")[0]

    def say(line):
        writer.write(line.encode() + b"\r\n")

    say("220 sink.test ESMTP")
    while True:
        line = await reader.readline()
        word = line.strip().split(b" ")[0].split(b":")[0].upper()
        if not line or word == b"QUIT":
            say("221 bye")
            return
        if word in (b"EHLO", b"HELO"):
            say("250-sink.test")
            say("250 PIPELINING")
        elif word == b"DATA":
            say("354 go on")
            serial = "?"
            while (line := await reader.readline()) not in (b".\r\n", b""):
                if line.startswith(b"X-Serial: "):
                    serial = line[10:].strip().decode()
            if line:
                out.write(f"{time.time():.3f} {address} {serial}\n")
                out.flush()
                if must_break():
                    return
                say("250 taken")
        else:
            say("250 ok")


async def main(path, addresses):
    with open(path, "a", encoding="ascii") as out:
        async def serve(reader, writer):
            try:
                await conversation(reader, writer, out)
            except ConnectionError:
                pass
            writer.close()

        servers = [await asyncio.start_server(serve, address, 25) for address in addresses]
        await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main(sys.argv[1], sys.argv[2:]))
