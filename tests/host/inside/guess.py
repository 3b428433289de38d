#!/usr/bin/python3
# guess - an address-guessing attack: mail to users that this relay has not, in the name of somebody at example.test
#
#   guess LIST COUNT
#
# The relay takes each message and returns it, so that a bounce to example.test is left.  LIST gets a line per
# message, as from inject: seconds, serial; a bounce quotes the serial.
import smtplib
import sys
import time

path, count = sys.argv[1], int(sys.argv[2])
with open(path, "a", encoding="ascii") as out, smtplib.SMTP("127.0.0.1", 25) as relay:
    relay.ehlo("guess.test")
    for number in range(1, count + 1):
        serial = f"B{number:06d}"
        relay.sendmail(f"forged{serial}@example.test", [f"guess{serial}@relay.lab.test"], f"X-Serial: {serial}\r\n\r\nhello\r\n")
        out.write(f"{time.time():.3f} {serial}\n")
