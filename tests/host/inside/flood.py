#!/usr/bin/python3
# flood - a service gone wrong: tells the journal the same trouble over and over
#
# Started in the lab as a transient unit; its standard output is the journal.  Writes LINES lines at RATE lines a
# second, then ends.  Every line carries a serial number, so that afterwards the lost ones can be counted.
import os
import sys
import time

lines, rate = int(sys.argv[1]), int(sys.argv[2])
started = time.monotonic()
out = os.fdopen(1, "w", buffering=65536)
for serial in range(1, lines + 1):
    # Not compressible, below the size that journald compresses: what is written is what the disk loses.
    out.write(f"retry {serial} of {lines}: connect to mx.example.net: timed out {os.urandom(200).hex()}\n")
    if serial % 200 == 0:
        out.flush()
        ahead = serial / rate - (time.monotonic() - started)
        if ahead > 0:
            time.sleep(ahead)
out.flush()
