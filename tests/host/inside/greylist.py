#!/usr/bin/python3
# greylist - a mail server for grey.test that answers every RCPT with 450 until ten minutes have passed
#
#   greylist start    make its name and address, and run it as a unit
import asyncio
import subprocess
import sys
import time

ADDRESS = "192.0.2.45"
ANSWERS = {b"EHLO": b"250 mx.grey.test", b"DATA": b"354 go on", b"QUIT": b"221 bye"}
STARTED = time.monotonic()


def start():
    with open("/etc/dnsmasq.d/grey.conf", "w", encoding="ascii") as out:
        out.write(f"mx-host=grey.test,mx.grey.test,10\nhost-record=mx.grey.test,{ADDRESS}\n")
    for command in ("systemctl restart dnsmasq", f"ip address replace {ADDRESS}/32 dev lo", f"systemd-run -q --unit=grey python3 {__file__} serve"):
        subprocess.run(command.split(), check=True)


async def conversation(reader, writer):
    writer.write(b"220 mx.grey.test ESMTP\r\n")
    while line := await reader.readline():
        word = line.split(b" ")[0].strip().split(b":")[0].upper()
        early = word == b"RCPT" and time.monotonic() - STARTED < 600
        writer.write((b"450 4.7.1 Greylisted, come back in 10 minutes" if early else ANSWERS.get(word, b"250 ok")) + b"\r\n")
        if word == b"QUIT":
            break
        if word == b"DATA":
            while await reader.readline() not in (b".\r\n", b""):
                pass
            writer.write(b"250 taken\r\n")
    writer.close()


async def serve():
    server = await asyncio.start_server(conversation, ADDRESS, 25)
    await server.serve_forever()


if sys.argv[1] == "start":
    start()
else:
    asyncio.run(serve())
