#!/usr/bin/python3
# control - a client of root's socket that can also misbehave; shares no code with spoolguardctl
#
#   control.py COMMAND [NAME=VALUE...]    prints the answer; exit 1 when it is "no"
import socket
import struct
import sys

PATH = "/run/spoolguard/control"
REQUEST, REPLY, VERSION = 26, 27, 1  # as core/wire/wire.h counts its types


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<H", len(value)) + value


def request(command, pairs=()):
    packet = struct.pack("<HH", REQUEST, VERSION) + text(command) + struct.pack("<B", len(pairs))
    return packet + b"".join(text(name) + text(value) for name, value in pairs)


def connect():
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(20)
    client.connect(PATH)
    return client


def answer(client):
    """(ok, text), or None when the other end hung up."""
    try:
        packet = client.recv(65536)
    except ConnectionResetError:
        return None
    if not packet:
        return None
    kind, version, ok, length = struct.unpack_from("<HHBH", packet)
    assert (kind, version) == (REPLY, VERSION), packet
    return bool(ok), packet[7:7 + length].decode()


def order(command, **arguments):
    client = connect()
    client.send(request(command, list(arguments.items())))
    said = answer(client)
    client.close()
    return said


if __name__ == "__main__":
    said = order(sys.argv[1], **dict(argument.split("=", 1) for argument in sys.argv[2:]))
    print(said[1] if said else "hung up on")
    sys.exit(0 if said and said[0] else 1)
