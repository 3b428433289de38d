#!/usr/bin/python3
# table - what became of the night, from the sink's list, Postfix's log, the spool and the bus
#
#   table NIGHT HELD    NIGHT: normal, lose, double, strand; HELD: how many messages the admin holds
#
# Raw data are in /root: mail.list, held.list, flow.list (what the relay took), sink.list (what arrived),
# managed.json (all objects of the bus), pages.
# Exit status: 0 healed and every message delivered once; 1 not so; 2 (a break only) not so in another way than it
# had to be.
import json
import os
import re
import sys
import time
from collections import Counter
from datetime import datetime

from bus import NAME, ROOT, call, objects
from spool import QUEUES, files, serials

night, held = sys.argv[1], int(sys.argv[2])


def taken(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="ascii") as lines:
        return {serial: float(when) for when, serial in (line.split() for line in lines)}


def duration(first, last):
    return f"{(last - first) / 1e6:.1f} s" if first and last else "-"


mail, admins, flow = (taken(f"/root/{name}.list") for name in ("mail", "held", "flow"))
with open("/root/sink.list", encoding="ascii") as lines:
    arrivals = [(float(when), serial) for when, _, serial in (line.split() for line in lines)]
times = Counter(serial for _, serial in arrivals)
in_spool = {queue: serials(queue) for queue in QUEUES}
waiting = {serial for queue in QUEUES for serial in in_spool[queue]}

doubled = [serial for serial, n in times.items() if n > 1]
stranded = [serial for serial in mail if serial not in times and serial in waiting]
lost = [serial for serial in mail if serial not in times and serial not in waiting]
still_held = [serial for serial in admins if serial in in_spool["hold"]]
flow_missing = [serial for serial in flow if serial not in times]

incidents = [properties for _, properties in objects("Incident")]
actions = sorted((action for incident in incidents for action in incident["Actions"]), key=lambda action: action["started_usec"])
done = [action for action in actions if action["status"] == "done"]
postpones = [action for action in done if action["verb"] == "postfix.postpone"]
retries = [action for action in done if action["verb"] == "postfix.retry"]
paused_usec = min((action["finished_usec"] for action in postpones), default=0)
brought_usec = min((action["started_usec"] for action in retries), default=0)

# Before the pause the retries crowd the active queue, which other mail has to go through as well.
crowded_until = max((action["finished_usec"] for action in postpones), default=0) / 1e6
delays = [(flow[serial], when - flow[serial]) for when, serial in arrivals if serial in flow]
late_before = max((delay for sent, delay in delays if sent <= crowded_until), default=0.0)
late = max((delay for sent, delay in delays if sent > crowded_until), default=0.0)

# One line for each connection that Postfix tried in vain; suspended mail is not tried and has none.
attempts = []
with open("/var/log/mail.log", "rb") as log:
    for line in log:
        if re.search(rb"postfix/smtp\[\d+\]: connect to mx\.example\.test\[192\.0\.2\.66\]:25: Connection timed out", line):
            attempts.append(datetime.fromisoformat(line.split()[0].decode()).timestamp() * 1e6)
after = [when for when in attempts if paused_usec and when > paused_usec + 1e6]

fs = os.statvfs("/var/log")
used = (fs.f_blocks - fs.f_bfree) / (fs.f_blocks - fs.f_bfree + fs.f_bavail)
pages = open("/root/pages", encoding="utf-8").read().splitlines() if os.path.exists("/root/pages") else []
escalated = [incident for incident in incidents if incident.get("Escalated")]


def counts_agree():
    """What spoolguard counts is at most a second old: it must be equal within a few."""
    for _ in range(10):
        rows = {r[1]["queue"]: r[2] for r in call(ROOT, f"{NAME}.Manager", "GetReadings")[0] if r[0] == "queue_messages"}
        if all(rows.get(queue) == len(files(queue)) for queue in QUEUES):
            return True
        time.sleep(0.5)
    return False


equal = counts_agree()
with open("/root/managed.json", "w", encoding="utf-8") as out:
    json.dump(call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"), out, indent=1)

print()
for incident in incidents:
    acted = [action["started_usec"] for action in incident["Actions"] if action["status"] == "done"]
    print(f"  incident                 {incident['Title']}")
    print(f"    diagnosis              {incident['Diagnosis']}")
    print(f"    conditions             {', '.join(incident['Conditions'])}")
    print(f"    to the first action    {duration(incident['SinceUSec'], min(acted, default=0))}")
    print(f"    lasted                 {duration(incident['SinceUSec'], incident['ClosedUSec'])}")
shown = [action for action in actions if action["verb"] != "postfix.retry"] + retries[:3]
for action in sorted(shown, key=lambda action: action["started_usec"]):
    freed = f"{action['freed_bytes'] / 1048576:.1f} MB" if action["freed_bytes"] else ""
    print(f"    {action['verb']:<22} {action['status']:<8} {freed:>9}  {action['text']}")
if len(retries) > 3:
    print(f"    postfix.retry          and {len(retries) - 3} more batches, the largest of {max(action['count'] for action in retries):,}")
print(f"""
  injected                 {len(mail)} for example.test, {len(flow)} for flow.test
  delivered                {sum(serial in times for serial in mail)} and {len(flow) - len(flow_missing)}
  doubled, lost, stranded  {len(doubled)}, {len(lost)}, {len(stranded)}
  the admin's holds        {len(still_held)} of {len(admins)} still held
  bytes freed              {sum(action['freed_bytes'] for action in done) / 1048576:.1f} MB
  postponed, retried       {max((action['count'] for action in postpones), default=0)} at once, {sum(action['count'] for action in retries)} in {len(retries)} batches
  paused for               {duration(paused_usec, brought_usec)}
  attempts into the dead   {len(attempts)}, of them {len(after)} after the pause{f', the last {(max(after) - paused_usec) / 1e6:.0f} s after it' if after else ''}
  flow.test's worst delay  {late_before:.1f} s until all was paused, {late:.1f} s from then on
  /var/log now             {used:.1%} used, {fs.f_bavail * fs.f_frsize >> 20} MB left
  counts of the queues     {'equal' if equal else 'DIFFERENT FROM'} what find says
  escalations, pages       {len(escalated)}, {len(pages)}""")
for page in pages:
    print(f"    {page[:150]}")

# A slice of the lease; what was on its way when it began may still time out.
quiet = bool(postpones) and (not after or max(after) - paused_usec <= 900e6)
healed = bool(incidents) and all(incident["ClosedUSec"] for incident in incidents) and not escalated and bool(retries)
unharmed = not (doubled or lost or stranded or flow_missing) and len(still_held) == len(admins) == held
if healed and quiet and unharmed and equal and used < 0.9 and late < 30:
    print("  result                   healed, every message delivered exactly once")
    sys.exit(0)
print("  result                   NOT healed" if not healed else "  result                   NOT all mail is where it must be")
if night != "normal":
    harm = {"lose": lost, "double": doubled, "strand": stranded}
    as_it_must = len(harm[night]) == 3 and not any(harm[other] for other in harm if other != night)
    print(f"  the sabotage             {'shows' if as_it_must else 'does NOT show'} in the table")
    sys.exit(1 if as_it_must else 2)
sys.exit(1)
