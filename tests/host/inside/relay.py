#!/usr/bin/python3
# relay - the mail servers of the world outside: take mail, refuse it, or die, as a file says, and write all of it down
#
#   relay PLACE ADDRESS...
#
# PLACE/taken gets a line per message: seconds, address it came to, serial; the line is there before the message is
# acknowledged.  PLACE/crowd holds the most connections at once so far, by address.  PLACE/ADDRESS.does may hold
#
#   greet TEXT     every connection gets TEXT ("421 too busy") and is closed
#   rcpt TEXT      every recipient gets TEXT
#   silent         connections are taken, and nothing is said
#   dies N         after N more messages it answers 421 to whatever is said
#   breaks N       the next N messages are taken, and the connection is lost before that is said
import asyncio
import os
import sys
import time

place, addresses = sys.argv[1], sys.argv[2:]
now_there = dict.fromkeys(addresses, 0)
most_there = dict.fromkeys(addresses, 0)


def manner(address):
    try:
        with open(f"{place}/{address}.does", encoding="ascii") as file:
            word, _, rest = file.read().strip().partition(" ")
            return word, rest
    except FileNotFoundError:
        return "", ""


def count_down(address):
    """One message less until it dies, or breaks; other conversations took some since this one began."""
    word, left = manner(address)
    if not left:
        return
    with open(f"{place}/{address}.does.new", "w", encoding="ascii") as file:
        file.write(f"{word} {int(left) - 1}")
    os.rename(f"{place}/{address}.does.new", f"{place}/{address}.does")


taken = open(f"{place}/taken", "a", encoding="utf-8")


async def message(reader):
    serial, whole = "?", False
    while line := await reader.readline():
        if line == b".\r\n":
            whole = True
            break
        if line.startswith(b"X-Serial: "):
            serial = line[10:].strip().decode()
    return serial if whole else None


async def conversation(reader, writer, address):
    def say(line):
        writer.write(line.encode() + b"\r\n")

    word, rest = manner(address)
    if word == "silent":
        await reader.read()
        return
    if word == "greet":
        say(rest)
        return
    say("220 relay.test ESMTP")
    while line := await reader.readline():
        command = line.strip().upper()
        word, rest = manner(address)
        if command == b"QUIT":
            say("221 bye")
            return
        if word == "dies" and int(rest) <= 0:
            say("421 4.3.2 out of order")
            return
        if command.startswith((b"EHLO", b"HELO")):
            say("250-relay.test")
            say("250 PIPELINING")
        elif command.startswith(b"RCPT"):
            say(rest if word == "rcpt" else "250 ok")
        elif command == b"DATA" and word == "rcpt":
            say("554 no valid recipients")
        elif command == b"DATA":
            say("354 go on")
            serial = await message(reader)
            if serial is None:
                return
            # As far away as other people's servers are.
            await asyncio.sleep(0.05)
            print(f"{time.time():.3f}", address, serial, file=taken, flush=True)
            if word in ("dies", "breaks"):
                count_down(address)
                if word == "breaks" and int(rest) > 0:
                    return
            say("250 taken")
        else:
            say("250 ok")


async def serve(reader, writer):
    address = writer.get_extra_info("sockname")[0]
    now_there[address] += 1
    if now_there[address] > most_there[address]:
        most_there[address] = now_there[address]
        with open(f"{place}/crowd", "w", encoding="ascii") as file:
            print(*(f"{one} {most}" for one, most in most_there.items()), sep="\n", file=file)
    try:
        await conversation(reader, writer, address)
    except OSError:
        pass
    now_there[address] -= 1
    writer.close()


async def main():
    servers = [await asyncio.start_server(serve, address, 25) for address in addresses]
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
