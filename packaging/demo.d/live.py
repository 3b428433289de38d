#!/usr/bin/python3
# live - one line per signal of spoolguard, as busctl monitor sees it
import json
import subprocess
import time

from bus import NAME, plain

SHOWN = ("verb", "playbook", "args", "status", "freed_bytes", "text")

match = f"type='signal',sender='{NAME}',interface='{NAME}.Manager'"
monitor = subprocess.Popen(
    ["busctl", "--system", "--json=short", f"--match={match}", "monitor"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

for line in monitor.stdout:
    try:
        signal = json.loads(line)
    except ValueError:
        continue
    # The loss of the bus, at the end of the lab, comes as a signal of another interface.
    if signal.get("type") != "signal" or not signal.get("interface", "").startswith(NAME):
        continue
    body = plain(signal["payload"]["data"])
    words = []
    for part in body:
        if isinstance(part, dict):
            # What a person wants of an action; the rest is for machines.
            shown = {key: value for key, value in part.items() if key in SHOWN and value not in ("", 0)}
            words += [f"{key}={shown[key]}" for key in SHOWN if key in shown]
        elif not isinstance(part, int):
            words.append(str(part))
    print(time.strftime("%T"), "", signal["member"], " ".join(words), flush=True)
