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
    """To root, too, as which rsyslog writes: its reserve goes last."""
    fs = os.statvfs("/var/log")
    return fs.f_bfree * fs.f_frsize


def lost():
    with open("/root/sink.list", encoding="ascii") as sink:
        taken = sum(" F" in line for line in sink)
    with open("/var/log/mail.log", "rb") as log:
        logged = sum(1 for line in log if re.search(rb"to=<[^>]*@flow\.test>.* status=sent", line))
    return taken, taken - logged


until = time.monotonic() + float(sys.argv[1])
while left() > 0 and time.monotonic() < until:
    time.sleep(1)
full_since = time.monotonic()
while left() < 1 << 20 and lost()[1] < 20 and time.monotonic() < full_since + 90:
    time.sleep(1)

fs = os.statvfs("/var/log")
taken, missing = lost()
full = left() < 1 << 20
print(f"""
  /var/log                {fs.f_blocks * fs.f_frsize >> 20} MB, {left() >> 10} KB left, root's reserve included
  delivered, by the sink  {taken} of flow.test
  not in the mail log     {missing}
  result                  the file system is {'full' if full else 'NOT full'}, {missing} lines of the log are lost""")
sys.exit(0 if full and missing > 0 else 1)
