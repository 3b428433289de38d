#!/usr/bin/python3
# record - the recorder file, read without any of the product's own tools
#
#   record.py list [EVENT [FIELD=VALUE...]]           one JSON object a line, in the order of their numbers
#   record.py count EVENT [FIELD=VALUE...]
#   record.py wait SECONDS EVENT [FIELD=VALUE...]     exit 1 when there is none after that time
#   record.py decisions                               runs begun and actions meant, without numbers and times
#   record.py check                                   "GOOD BAD"; exit 1 when a slot is bad
#
# FIELD~VALUE: the field contains the value.  RECORD=FILE in the environment names another file.
import json
import os
import re
import sys
import time
import zlib

SLOT = 1024
SLOTS = 4096
PATHS = [os.environ["RECORD"]] if "RECORD" in os.environ else ["/var/lib/spoolguard/recorder", "/run/spoolguard/recorder"]
FIELD = re.compile(r' ([a-z_]+)="((?:[^"\\]|\\.)*)"')
ESCAPE = re.compile(r'\\(n|"|\\|x[0-9a-f]{2})')


def unescape(match):
    what = match.group(1)
    return "\n" if what == "n" else chr(int(what[1:], 16)) if what[0] == "x" else what


def parse(slot):
    """A record as a dict, None for a slot never written, ValueError for a bad one."""
    if not slot.strip(b"\0 \n"):
        return None
    head = re.match(rb"SG1 (\d{20}) ([0-9a-f]{8}) ", slot)
    if not head or len(slot) != SLOT or slot[-1:] != b"\n":
        raise ValueError("no slot")
    body = slot[head.end():-1].rstrip(b" ")
    if zlib.crc32(body, zlib.crc32(head.group(1))) != int(head.group(2), 16):
        raise ValueError("checksum")
    text = body.decode()
    start = re.match(r"time=(\d+) event=([a-z-]+)", text)
    found = {"number": int(head.group(1)), "time": int(start.group(1)), "event": start.group(2)}
    for name, value in FIELD.findall(text, start.end()):
        found[name] = ESCAPE.sub(unescape, value)
    return found


def read(path):
    """(records in order, how many slots are bad)"""
    good, bad = [], 0
    with open(path, "rb") as file:
        for place in range(SLOTS):
            slot = file.read(SLOT)
            if not slot:
                break
            try:
                record = parse(slot)
                if record and (record["number"] - 1) % SLOTS != place:
                    raise ValueError("another slot's place")
            except (ValueError, AttributeError):
                bad += 1
                continue
            if record:
                good.append(record)
    return sorted(good, key=lambda record: record["number"]), bad


def records():
    """Of the file that knows more: on a full copy-on-write file system that is the mirror in /run."""
    found = [read(path)[0] for path in PATHS if os.path.exists(path)]
    return max(found, key=lambda part: part[-1]["time"] if part else 0, default=[])


def select(wanted, found=None):
    event, *fields = wanted or [""]
    selected = []
    for record in records() if found is None else found:
        if event and record["event"] != event:
            continue
        for field in fields:
            name, how, value = re.match(r"([a-z_]+)([=~])(.*)", field, re.S).groups()
            if (record.get(name, "") != value) if how == "=" else (value not in record.get(name, "")):
                break
        else:
            selected.append(record)
    return selected


def decisions(found=None):
    lines = []
    for record in records() if found is None else found:
        if record["event"] == "run-begun":
            lines.append(f"run {record['playbook']}")
        elif record["event"] in ("action-intent", "action-would-have"):
            lines.append(f"action {record['verb']} {record['args']}")
        elif record["event"] == "action-denied":
            lines.append(f"denied {record['verb']} {record['status']}")
    return lines


def main():
    command, *arguments = sys.argv[1:]
    if command == "list":
        for record in select(arguments):
            print(json.dumps(record))
    elif command == "count":
        print(len(select(arguments)))
    elif command == "wait":
        end = time.monotonic() + float(arguments[0])
        while not select(arguments[1:]):
            if time.monotonic() > end:
                print("not in the record:", *arguments[1:])
                for record in records()[-12:]:
                    print("   ", json.dumps(record))
                sys.exit(1)
            time.sleep(0.1)
    elif command == "decisions":
        print("\n".join(decisions()))
    elif command == "check":
        good, bad = read(next(path for path in PATHS if os.path.exists(path)))
        print(len(good), bad)
        sys.exit(1 if bad else 0)


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads has seen enough: head, grep -q.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
