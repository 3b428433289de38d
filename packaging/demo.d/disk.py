#!/usr/bin/python3
# disk - how full /var/log is, by statvfs, whenever it moved by five points
import os
import time

last = -1.0
while True:
    fs = os.statvfs("/var/log")
    used = (fs.f_blocks - fs.f_bfree) / (fs.f_blocks - fs.f_bfree + fs.f_bavail)
    if abs(used - last) >= 0.05 or (used > 0.999 and last <= 0.999):
        print(time.strftime("%T"), f" /var/log {used:6.1%} used, {fs.f_bavail * fs.f_frsize >> 20} MB left", flush=True)
        last = used
    time.sleep(0.2)
