#!/usr/bin/python3
# samples - free space of /var/log by statvfs every 5 ms, a line each: microseconds since 1970, free bytes, used ratio
import os
import sys
import time

with open(sys.argv[1], "w", buffering=1, encoding="ascii") as out:
    while True:
        fs = os.statvfs("/var/log")
        used = (fs.f_blocks - fs.f_bfree) / (fs.f_blocks - fs.f_bfree + fs.f_bavail)
        out.write(f"{time.time_ns() // 1000} {fs.f_bfree * fs.f_frsize} {used:.5f}\n")
        time.sleep(0.005)
