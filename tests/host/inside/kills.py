#!/usr/bin/python3
# kills - kill -9 of watcher, executor or both at a random moment of an incident, again and again; judges each end
#
#   kills.py ROUNDS SEED
#
# Each round: an empty record, a full disk, one kill after 0 to 8 s (every second one in the first 0.2 s,
# where the actions are).  A clean end within 60 s is: both processes alive, the state ok with the incident closed, or
# escalated; not one bad slot; no intent for a verb of an incident in which its outcome was unknown; never two
# successful vacuums.  Prints a line per round and the figures; exit 1 when a round was not clean.
import collections
import os
import random
import re
import signal
import subprocess
import sys
import time

import record


def shell(command):
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True).stdout.strip()


def executor():
    return int(shell("systemctl show -p MainPID --value spoolguard") or 0)


def watcher():
    return int(shell(f"pgrep -P {executor()} -f role=watcher") or 0)


def state():
    match = re.search(r'"(.*)"', shell("busctl get-property org.spoolguard1 /org/spoolguard1 org.spoolguard1.Manager State"))
    return match.group(1) if match else ""


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def start():
    shell("systemctl stop spoolguard; rm -rf /var/lib/spoolguard/* /run/spoolguard/recorder /var/log/filler;"
          "journalctl -q --vacuum-size=1M; systemctl start spoolguard")
    return wait_for(lambda: state() == "ok", 10)


def kill(victims):
    for pid in [executor() if name == "executor" else watcher() for name in victims]:
        if pid > 0:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def ended():
    if not executor() or not watcher():
        return False
    if state() == "escalated":
        return True
    opened, closed = record.select(["incident-opened"]), record.select(["incident-closed"])
    return state() == "ok" and len(opened) > 0 and len(opened) == len(closed)


def judge():
    """What is wrong with this round's record."""
    found, bad = record.read(record.PATHS[0])
    wrong = [f"{bad} bad slots"] if bad else []
    unknown = set()
    open_intents = {}
    for r in found:
        key = (r.get("incident"), r.get("verb"))
        if r["event"] == "action-intent":
            # What only looks may look again.
            if key in unknown and r.get("risk") != "probe":
                wrong.append(f"{key[1]} was repeated after an unknown outcome")
            open_intents[r["action"]] = key
        elif r["event"] == "action-unknown":
            unknown.add(key)
        if r["event"] in ("action-outcome", "action-unknown"):
            open_intents.pop(r["action"], None)
    if open_intents:
        wrong.append(f"an intent without an end: {open_intents}")
    vacuums = [r for r in found if r["event"] == "action-outcome" and r["verb"] == "journal.vacuum" and r["status"] == "done"]
    if len(vacuums) > 1:
        wrong.append(f"{len(vacuums)} vacuums")
    if len(record.select(["incident-opened"], found)) > 1:
        wrong.append(f"{len(record.select(['incident-opened'], found))} incidents")
    return wrong, bool(unknown)


def main(rounds, seed):
    random.seed(seed)
    ends = collections.Counter()
    slowest = 0.0
    for number in range(1, rounds + 1):
        victims = random.choice((["watcher"], ["executor"], ["executor", "watcher"]))
        delay = random.uniform(0, 0.2) if number % 2 else random.uniform(0, 8)
        if not start():
            print(f"round {number}: did not start")
            ends["not clean"] += 1
            continue
        filling = subprocess.Popen(["/root/host/fill"])
        time.sleep(delay)
        kill(victims)
        killed = time.monotonic()
        filling.wait()
        clean = wait_for(ended, 60)
        took = time.monotonic() - killed
        slowest = max(slowest, took)
        wrong, unknown = judge()
        if not clean:
            wrong.append(f"no end in 60 s: state {state()}, executor {executor()}, watcher {watcher()}")
        ends["not clean" if wrong else "closed" if state() == "ok" else "escalated, outcome unknown" if unknown else "escalated"] += 1
        print(f"round {number}: {'+'.join(victims)} after {delay:.2f} s: {state()} {took:.1f} s later {'; '.join(wrong)}", flush=True)
        if wrong:
            for r in record.records():
                print("   ", r)
    print(f"FIGURE {rounds} kills (seed {seed}): " + ", ".join(f"{n} {end}" for end, n in sorted(ends.items())) +
          f"; slowest end {slowest:.1f} s after the kill")
    return 1 if ends["not clean"] else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
