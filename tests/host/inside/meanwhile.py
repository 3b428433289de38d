#!/usr/bin/python3
# meanwhile - mail is delivered and held between the moment it was chosen to be postponed and the deed
#
# The executor is stopped over the moment of a renewal: the watcher's choice lies before it. Meanwhile Postfix gets
# through to the old address for some seconds, which spoolguard does not, and the admin holds some of the chosen and
# some of the postponed messages.  Their serial numbers are added to /root/held.list.
#
# Exit 1 when the renewal did not meet a message that had gone, or did not end right.
import os
import signal
import subprocess
import sys
import time

from bus import NAME, objects
from spool import SPOOL, files, serials

OLD = "192.0.2.66"
SLICE = 900


def run(command, **more):
    return subprocess.run(command, shell=True, check=True, capture_output=True, text=True, **more).stdout


def lease():
    (_, properties), = objects("Lease")
    return properties


def renewed(since, patience):
    """The lease, once it was renewed after `since`."""
    until = time.monotonic() + patience
    while (found := lease())["ExpiresUSec"] <= since:
        if time.monotonic() > until:
            sys.exit(f"not renewed within {patience} s: {found}")
        time.sleep(0.2)
    return found


def deferred():
    """Deferred messages: name -> is it postponed. Marks are fractions of a second; Postfix sets whole ones."""
    found = {}
    for path in files("deferred"):
        try:
            found[os.path.basename(path)] = os.stat(path).st_mtime_ns % 10**9 != 0
        except FileNotFoundError:
            pass
    return found


def let_through():
    """Three of the messages that are to be postponed are delivered, and perhaps some more."""
    run(f"nft insert rule ip night out ip daddr {OLD} tcp sport 25 accept")
    run(f"nft insert rule ip night out ip daddr {OLD} meta skuid postfix accept")
    chosen = [name for name, postponed in deferred().items() if not postponed][:3]
    for name in chosen:
        run(f"postqueue -i {name}")
    until = time.monotonic() + 8
    while any(name in deferred() or os.path.exists(f"{SPOOL}/active/{name}") for name in chosen) and time.monotonic() < until:
        time.sleep(0.1)
    run(f"nft flush chain ip night out; nft add rule ip night out ip daddr {OLD} counter name lost drop")


def hold():
    """Three that are postponed and three that are to be."""
    now = deferred()
    some = [name for name in now if now[name]][:3] + [name for name in now if not now[name]][:3]
    run("postsuper -h - deferred", input="\n".join(some) + "\n")


def main():
    executor = int(run("systemctl show -p MainPID --value spoolguard"))
    before = renewed(lease()["ExpiresUSec"], 150)["ExpiresUSec"]
    # The next one is due after 30 to 60 s, and systemd shall not take that long a stop for a hang.
    run("systemctl service-watchdogs no")
    time.sleep(max(0.0, before / 1e6 - SLICE + 29 - time.time()))
    os.kill(executor, signal.SIGSTOP)
    try:
        time.sleep(32)
        hold()
        let_through()
    finally:
        os.kill(executor, signal.SIGCONT)
    after = renewed(before, 15)
    print(after["Text"])
    held = serials("hold")
    with open("/root/held.list", "w", encoding="ascii") as out:
        out.writelines(f"- {serial}\n" for serial in held)
    marked = sum(deferred().values())
    print(f"the lease has {after['Count']} messages, {marked} are marked, {len(held)} are held")
    sys.exit("left the deferred queue" not in after["Text"] or after["Count"] != marked or len(held) != 6)


main()
