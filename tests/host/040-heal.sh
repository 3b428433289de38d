# a flooded journal heals: the record is in order, its freed bytes are what statvfs saw
# shellcheck shell=bash
#
# A real service floods the real journal.  A sampler of its own reads statvfs every 5 ms, so how long the disk was
# critical before the first action, and what the vacuum brought, does not come from spoolguard.

inside systemd-run -q --unit=samples python3 /root/host/samples.py /root/samples
flood
healed 40 || fail "the incident did not close"
inside systemctl stop samples
events
judge <<'PYTHON'
import record

found = record.records()
def only(event, **fields):
    hits = [r for r in found if r["event"] == event and all(r.get(k) == v for k, v in fields.items())]
    assert hits, f"no {event} {fields}"
    return hits[0]

samples = [line.split() for line in open("/root/samples")]
samples = [(int(at), int(free), float(used)) for at, free, used in samples]
opened, closed = only("incident-opened"), only("incident-closed")
ballast, vacuum = only("run-begun", playbook="free-ballast"), only("run-begun", playbook="vacuum-journal")
tried = [r for r in found if r.get("verb") == "disk.free_ballast"]
assert tried and ballast["number"] < tried[0]["number"] < vacuum["number"], "the ballast had no turn before the vacuum"
intent, outcome = only("action-intent", verb="journal.vacuum"), only("action-outcome", verb="journal.vacuum")
manifest = [r for r in found if r["event"] == "manifest" and r["action"] == intent["action"]]
assert manifest and all(opened["number"] < m["number"] < intent["number"] for m in manifest), "no manifest before the intent"
assert intent["number"] < outcome["number"] < closed["number"], "intent, outcome, end: not in this order"
assert outcome["status"] == "done", outcome

freed = int(outcome["freed"])
before = [free for at, free, used in samples if at <= intent["time"]][-1]
after = [free for at, free, used in samples if at >= outcome["time"]][0]
# The flood goes on meanwhile and journald allocates in steps of 8 MiB.
assert abs((after - before) - freed) <= 8 << 20, f"freed {freed}, statvfs says {after - before}"
critical = next(at for at, free, used in samples if used >= 0.95)
manifest_files = sum(m["text"].count("\n") + 1 for m in manifest)
assert int(outcome["count"]) <= manifest_files, "more files went than the manifest names"
print(f"FIGURE flood: {(intent['time'] - critical) / 1e3:.0f} ms from a critical disk to the vacuum's intent, "
      f"{freed / 2**20:.1f} MiB freed (statvfs {(after - before) / 2**20:.1f}), "
      f"closed after {(closed['time'] - opened['time']) / 1e6:.1f} s")
PYTHON
[ "$(property '' Manager State)" = ok ] || fail "closed, but the state is $(state)"

# How soon: again and again, each with an empty record, for budgets and cool-downs would end it.
rounds=20
for ((round = 0; round < rounds; round++)); do
	stop
	inside sh -c 'rm -rf /var/log/filler /var/lib/spoolguard/* /run/spoolguard/recorder; journalctl -q --vacuum-size=1M 2>/dev/null'
	start
	inside sh -c '/root/host/fill; date +%s%6N >>/root/filled'
	wait_event 10 action-intent verb=journal.vacuum || fail "round $round"
	inside sh -c '/root/host/record.py list incident-opened; /root/host/record.py list action-intent verb=journal.vacuum' |
		inside tee -a /root/soon >/dev/null
	wait_event 10 action-outcome verb=journal.vacuum
done
judge <<'PYTHON'
import json

filled = [int(line) for line in open("/root/filled")]
soon = [json.loads(line) for line in open("/root/soon")]
opened = [r["time"] for r in soon if r["event"] == "incident-opened"]
meant = [r["time"] for r in soon if r["event"] == "action-intent"]
assert len(filled) == len(opened) == len(meant)
def spread(values):
    values = sorted(values)
    return f"median {values[len(values) // 2] / 1e3:.1f} ms, p99 {values[min(len(values) - 1, int(len(values) * 0.99))] / 1e3:.1f} ms"
# A file system that is full before `date` has said so is one that was seen at once.
print(f"FIGURE {len(meant)} incidents: condition to first action: {spread([m - o for o, m in zip(opened, meant)])}; "
      f"full disk to first action: {spread([max(0, m - f) for f, m in zip(filled, meant)])}")
assert max(m - f for f, m in zip(filled, meant)) < 5_000_000
PYTHON
inside rm -f /root/filled /root/soon /root/samples
