#!/usr/bin/python3
# damage - what the night does to a relay without spoolguard: waits until it is done, then tells
#
#   damage PATIENCE    seconds to wait for the full disk
#
# Lines are counted by the mail of flow.test: every delivery that the sink wrote down must have its line
# 'status=sent' in the mail log.  Exit 0 when the damage shows, else 1.
import os
import re
import sys
import time


def left():
    """For others than root.  rsyslog is root and goes on for some megabytes more, the reserve of the file system."""
    fs = os.statvfs("/var/log")
    return fs.f_bavail * fs.f_frsize


def lost():
    with open("/root/sink.list", encoding="ascii") as sink:
        taken = sum(" F" in line for line in sink)
    with open("/var/log/mail.log", "rb") as log:
        logged = sum(1 for line in log if re.search(rb"to=<[^>]*@flow\.test>.* status=sent", line))
    return taken, taken - logged


until = time.monotonic() + float(sys.argv[1])
while (left() > 0 or lost()[1] < 20) and time.monotonic() < until:
    time.sleep(2)

fs = os.statvfs("/var/log")
taken, missing = lost()
full = left() == 0
print(f"""
  /var/log                {fs.f_blocks * fs.f_frsize >> 20} MB, {left()} bytes left for others than root
  delivered, by the sink  {taken} of flow.test
  not in the mail log     {missing}
  result                  the file system is {'full' if full else 'NOT full'}, {missing} lines of the log are lost""")
sys.exit(0 if full and missing > 0 else 1)
