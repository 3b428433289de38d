#!/usr/bin/python3
# damage - what the night did to a relay without spoolguard; exit 0 when it did what the story says
import os
import sys

from serials import serials

lines = int(sys.argv[1])
fs = os.statvfs("/var/log")
left = fs.f_bavail * fs.f_frsize
lost = lines - len(serials("/var/log/syslog"))
print(f"""
  /var/log                {fs.f_blocks * fs.f_frsize >> 20} MB, {left} bytes left for others than root
  lines logged            {lines}
  lines lost              {lost}""")
full = left < 1 << 20
print("  result                  " + ("the file system is full" if full else "the file system is NOT full") +
      (f", {lost} lines of the log are lost: this is the night without spoolguard" if lost else ""))
sys.exit(0 if full and lost > 0 else 1)
