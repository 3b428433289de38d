#!/usr/bin/python3
# milter - edits every message: recipients named unwanted go, one comes, each other sender is changed, headers too
#
#   milter PORT
#
# What a milter changes, Postfix writes behind the end of the queue file, with pointers there and back.
import asyncio
import itertools
import struct
import sys

ADD_HEADER, ADD_RCPT, DELETE_RCPT, CHANGE_HEADER, CHANGE_FROM = 0x01, 0x04, 0x08, 0x10, 0x40
# What it need not be told: connection, HELO, headers and their end, body, unknown commands, DATA.
NOT_TOLD = 0x01 | 0x02 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200
SILENT = b"DA"  # macros and aborts have no answer
messages = itertools.count()


def packet(command, *strings):
    body = command + b"".join(string + b"\0" for string in strings)
    return struct.pack("!I", len(body)) + body


def edits(recipients):
    for recipient in recipients:
        if recipient.lower().startswith(b"<unwanted"):
            yield packet(b"-", recipient)
    yield packet(b"+", b"<added@milter.example>")
    number = next(messages)
    if number % 2:
        yield packet(b"e", b"<changed@milter.example>")
    if number % 5 == 0:
        yield packet(b"e", b"<>")
    yield packet(b"h", b"X-Milter", b"was here")
    # Longer than any subject before.
    yield packet(b"m" + struct.pack("!I", 1), b"Subject", b"edited " * 20)


async def conversation(reader, writer):
    recipients = []
    try:
        while True:
            (length,) = struct.unpack("!I", await reader.readexactly(4))
            data = await reader.readexactly(length)
            command, data = data[:1], data[1:]
            if command == b"O":
                actions = ADD_HEADER | ADD_RCPT | DELETE_RCPT | CHANGE_HEADER | CHANGE_FROM
                body = b"O" + struct.pack("!III", 6, actions, NOT_TOLD)
                writer.write(struct.pack("!I", len(body)) + body)
            elif command == b"M":
                recipients.clear()
                writer.write(packet(b"c"))
            elif command == b"R":
                recipients.append(data.split(b"\0")[0])
                writer.write(packet(b"c"))
            elif command == b"E":
                for edit in edits(recipients):
                    writer.write(edit)
                writer.write(packet(b"a"))
            elif command == b"Q":
                break
            elif command not in SILENT:
                writer.write(packet(b"c"))
    except asyncio.IncompleteReadError:
        pass
    writer.close()


async def serve():
    server = await asyncio.start_server(conversation, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(serve())
