#!/usr/bin/python3
# inject - hand serially numbered messages to the relay over SMTP
#
#   inject LIST DOMAIN PREFIX COUNT [PER_SECOND]
#
# LIST gets a line per message that the relay took: seconds, serial.  COUNT 0: until stopped.
import asyncio
import itertools
import sys
import time

path, domain, prefix, count, rate = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float((sys.argv + ["0"])[5])
CONNECTIONS = 1 if rate else 20


async def session(serials, out, started):
    reader, writer = await asyncio.open_connection("127.0.0.1", 25)

    async def expect(code):
        while True:
            line = await reader.readline()
            if not line.startswith(code):
                raise RuntimeError(f"the relay says {line!r}")
            if line[3:4] != b"-":
                return

    async def command(line, code):
        writer.write(line.encode() + b"\r\n")
        await expect(code)

    await expect(b"220")
    await command("EHLO injector.test", b"250")
    for number in serials:
        if rate:
            await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        serial = f"{prefix}{number:06d}"
        writer.write(f"MAIL FROM:<cron@relay.lab.test>\r\nRCPT TO:<user{number % 97}@{domain}>\r\nDATA\r\n".encode())
        for code in (b"250", b"250", b"354"):
            await expect(code)
        writer.write(f"From: cron@relay.lab.test\r\nX-Serial: {serial}\r\nSubject: report {serial}\r\n\r\n"
                     f"All is well on machine {number % 15}.\r\n.\r\n".encode())
        await expect(b"250")
        out.write(f"{time.time():.3f} {serial}\n")
        out.flush()
    await command("QUIT", b"221")


async def main():
    serials = iter(range(1, count + 1)) if count else itertools.count(1)
    with open(path, "a", encoding="ascii") as out:
        await asyncio.gather(*(session(serials, out, time.monotonic()) for _ in range(CONNECTIONS)))


asyncio.run(main())
