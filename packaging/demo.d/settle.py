#!/usr/bin/python3
# settle - wait for a turn of the night
#
#   settle deferred COUNT    that many messages are deferred
#   settle paused            a lease of postfix.postpone is in force, or people were called
#   settle over              no incident, no lease, and nothing left to deliver but what is held
import subprocess
import sys
import time

from bus import manager, objects
from spool import files


def deferred():
    return len(files("deferred")) >= int(sys.argv[2])


def paused():
    return manager("State") == "escalated" or any(lease["Verb"] == "postfix.postpone" for _, lease in objects("Lease"))


def over():
    if any(not incident["ClosedUSec"] for _, incident in objects("Incident")) or objects("Lease"):
        return False
    return not any(files(queue) for queue in ("maildrop", "incoming", "active", "deferred"))


def true_now(turn):
    try:
        return turn()
    except subprocess.CalledProcessError:  # nobody answers at this moment
        return False


turn = {"deferred": deferred, "paused": paused, "over": over}[sys.argv[1]]
while not true_now(turn):
    time.sleep(0.5)
