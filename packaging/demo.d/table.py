#!/usr/bin/python3
# table - what happened, from the bus, statvfs, the log file and the pager; judges how the night ended
#
# Exit status: 0 healed; 1 not healed; 2 (--break only) not healed and not told in the way it must be.
import os
import sys

from bus import objects
from serials import serials

night, lines = sys.argv[1], int(sys.argv[2])
incidents = [properties for _, properties in objects("Incident")]
actions = [action for incident in incidents for action in incident["Actions"]]
vacuums = [action for action in actions if action["verb"] == "journal.vacuum" and action["status"] not in ("denied", "nothing")]
playbooks = {properties["Name"]: properties for _, properties in objects("Playbook")}
levels = [p for _, p in objects("Condition") if p["Name"].startswith("disk-space-high") and p["Labels"].get("path") == "/var/log"]
fs = os.statvfs("/var/log")
used = (fs.f_blocks - fs.f_bfree) / (fs.f_blocks - fs.f_bfree + fs.f_bavail)
pages = open("/root/pages", encoding="utf-8").read().splitlines() if os.path.exists("/root/pages") else []
lost = lines - len(serials("/var/log/syslog"))
escalated = [incident for incident in incidents if incident.get("Escalated")]


def seconds(first, last):
    return f"{(last - first) / 1e6:.1f} s" if first and last else "-"


print()
for incident in incidents:
    print(f"  incident                {incident['Title']}")
    print(f"    diagnosis             {incident['Diagnosis']}")
    print(f"    conditions            {', '.join(incident['Conditions'])}")
    acted = [a["started_usec"] for a in incident["Actions"] if a["status"] == "done"]
    print(f"    to the first action   {seconds(incident['SinceUSec'], min(acted, default=0))}")
    print(f"    lasted                {seconds(incident['SinceUSec'], incident['ClosedUSec'])}")
    for action in incident["Actions"]:
        freed = f"{action['freed_bytes'] / 1048576:.1f} MB" if action["freed_bytes"] else "-"
        print(f"    {action['verb']:<21} {action['status']:<10} {freed:>9}  {action['text']}")
print(f"  freed                   {sum(a['freed_bytes'] for a in actions) / 1048576:.1f} MB by {sum(a['status'] == 'done' for a in actions)} actions")
print(f"  /var/log now            {used:.1%} used, {fs.f_bavail * fs.f_frsize >> 20} MB left")
print(f"  lines logged, lost      {lines}, {lost}")
print(f"  playbook runs           " + ", ".join(f"{name} {p['Runs']}" for name, p in sorted(playbooks.items()) if p["Runs"]))
print(f"  escalations, pages      {len(escalated)}, {len(pages)}")
for page in pages:
    print(f"    {page[:150]}")

clear = levels[0]["ClearLevel"] if levels else 0.0
healed = (
    bool(incidents)
    and all(incident["ClosedUSec"] for incident in incidents)
    and not escalated
    and used < clear
    and sum(a["freed_bytes"] for a in actions) > 0
    and lost == 0
)
if healed:
    print("  result                  healed")
    sys.exit(0)
if night == "break":
    # The shipped budget of vacuum-journal: four runs a day.
    as_it_must = len(escalated) == 1 and len(pages) == 1 and 1 <= len(vacuums) <= 4
    print("  result                  not healed, " + ("and said so: one escalation, one page, within the budget" if as_it_must else "and NOT told as it must be"))
    sys.exit(1 if as_it_must else 2)
print("  result                  NOT healed")
sys.exit(1)
