#!/usr/bin/python3
# order - whether the steps against a filling disk came in their order: none left out, none when it was over
#
#   order.py SAMPLES    what samples.py wrote of /var/log meanwhile; prints the steps, exit 1 when one is wrong
#
# A step is the run of a playbook.  It may begin only when each gentler one, whose condition was there, has had its turn
# in this incident (or was refused one: its budget is spent, it cools down), and while statvfs says that the disk is
# above the level at which the condition that it is for is clear.
import bisect
import json
import sys

from record import records

LADDER = ["reopen-deleted-logs", "free-ballast", "compress-logs", "rotate-logs", "vacuum-journal", "drop-rotated-logs", "trim-logs"]
# Those that wait for the worst.
CRITICAL_ONLY = ("free-ballast", "trim-logs")
HIGH, CRITICAL = "disk-space-high_/var/log", "disk-space-critical_/var/log"
CLEAR = {HIGH: 0.80, CRITICAL: 0.90}
# The rate at which both sides look.
SLACK = 0.005

samples = [line.split() for line in open(sys.argv[1], encoding="ascii")]
times = [int(at) for at, _, _ in samples]
used = [float(ratio) for _, _, ratio in samples]


def used_at(when):
    return used[max(0, bisect.bisect_right(times, when) - 1)]


def steps_of(incident, found):
    """(when, playbook, did it run) of what was tried, and when each condition of the disk joined"""
    tried, joined = [], {}
    for r in found:
        if r.get("incident") != incident:
            continue
        if r["event"] == "incident-opened":
            joined[r["condition"]] = r["time"]
        elif r["event"] == "incident-note" and r["kind"] == "condition":
            joined.setdefault(r["text"], r["time"])
        elif r["event"] in ("run-begun", "run-refused") and r.get("playbook") in LADDER:
            tried.append((r["time"], r["playbook"], r["event"] == "run-begun"))
    return tried, joined


def main():
    found, wrong = records(), []
    for opened in (r for r in found if r["event"] == "incident-opened"):
        tried, joined = steps_of(opened["incident"], found)
        if HIGH not in joined and CRITICAL not in joined:
            continue
        critical = joined.get(CRITICAL, float("inf"))
        first = min(when for name, when in joined.items() if name in (HIGH, CRITICAL))
        if used_at(first) > 0.999 and opened["incident"] == "1":
            wrong.append("the condition tripped on a full disk only")
        had = set()
        for when, playbook, ran in tried:
            if ran:
                for gentler in LADDER[:LADDER.index(playbook)]:
                    # One that begins in the same moment is decided in the same moment.
                    if gentler not in had and not (gentler in CRITICAL_ONLY and critical > when - 1_000_000):
                        wrong.append(f"{playbook} before {gentler} had its turn, incident {opened['incident']}")
                clear = CLEAR[CRITICAL] if playbook in CRITICAL_ONLY else CLEAR[HIGH]
                if used_at(when) < clear - SLACK:
                    wrong.append(f"{playbook} at {used_at(when):.1%}, when it was over")
                print(f"incident {opened['incident']}: {(when - first) / 1e6:7.1f} s  {used_at(when):6.1%}  {playbook}")
            had.add(playbook)
    full = sum(later - at for at, later, ratio in zip(times, times[1:], used) if ratio > 0.999)
    print(json.dumps({"full_seconds": full / 1e6, "highest": max(used), "wrong": wrong}))
    sys.exit(bool(wrong))


main()
