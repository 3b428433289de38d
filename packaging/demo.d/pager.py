#!/usr/bin/python3
# pager - stands for whatever rings a bell outside of this relay: keeps every datagram as one line
import socket
import sys

listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("127.0.0.1", 9911))
while True:
    text = listener.recv(65536).decode("utf-8", "replace")
    with open(sys.argv[1], "a", encoding="utf-8") as pages:
        pages.write(text.strip() + "\n")
