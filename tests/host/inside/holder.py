#!/usr/bin/python3
# holder - a service that knows nothing of us: writes FILE of MEGABYTES, as fast as a log grows on a bad day, deletes it
# and keeps it open
#
#   holder.py FILE MEGABYTES REPORT    REPORT gets a line "still BYTES" a second and "signal N" at each that it is sent
import os
import signal
import sys
import time

path, size, report = sys.argv[1], int(sys.argv[2]) << 20, sys.argv[3]
out = open(report, "a", buffering=1, encoding="ascii")
for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT):
    signal.signal(number, lambda number, _: out.write(f"signal {number}\n"))
file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
block = os.urandom(1 << 20)
while os.fstat(file).st_size < size:
    os.write(file, block)
    time.sleep(0.1)
os.unlink(path)
out.write("deleted\n")
while True:
    whole = all(os.pread(file, 1 << 20, at) == block for at in range(0, size, 32 << 20))
    out.write(f"still {os.fstat(file).st_size if whole else 0}\n")
    time.sleep(1)
