#!/usr/bin/python3
# number - lines with serial numbers for a log, and whether those of the parts that are kept are all there
#
#   number.py write REPORT TARGET RATE:SECONDS...   TARGET is a socket of syslog, `append:FILE` or `own:FILE` (no O_APPEND);
#                                                   RATE in bytes a second, SECONDS 0: until stopped.  REPORT gets what
#                                                   was written and the longest time that one line took, REPORT.times
#                                                   when each serial number was
#   number.py check LOG [REPORT SAMPLES]            reads LOG and all that was rotated from it; JSON, exit 1 when a line is
#                                                   missing that nobody owns up to
#
# Nobody misses what a marker of spoolguard's stands for, or a hole of NULs.  rsyslog throws away what a full disk does
# not take, and tears a line: with REPORT and what samples.py saw, lines may be missing or torn that were written then,
# or were in its queue, and none besides.  Lines that are younger than the newest kept one are no gap.
import bisect
import gzip
import json
import lzma
import os
import re
import signal
import socket
import subprocess
import sys
import time

LINE = re.compile(rb"numbered: (\d{12}) [x]*end$")
MARKER = b"spoolguard cut "
# ext4 keeps 4096 blocks for itself (s_resv_clusters): with no more than that left even root gets ENOSPC.
FULL_BYTES = (16 << 20) + 65536
# What rsyslog may have taken but not yet written when the disk becomes full: its main queue.  It is behind by 20 ms, or
# by seconds on a machine that is busy.
QUEUED_LINES = 50_000
# How long it leaves a failed file alone: 40 ms were seen.
SUSPENDED_USEC = 1_000_000


class Target:
    def __init__(self, name):
        kind, _, path = name.rpartition(":")
        self.socket = None
        if kind:
            flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if kind == "append" else 0)
            self.fd = os.open(path, flags, 0o640)
            if kind == "own":
                os.lseek(self.fd, 0, os.SEEK_END)
        else:
            self.path = path
            self.connect()

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.connect(self.path)

    def write(self, text):
        if self.socket is None:
            os.write(self.fd, text + b"\n")
            return
        while True:
            try:
                self.socket.send(b"<22>Dec 24 23:00:00 " + text)
                return
            except (ConnectionRefusedError, ConnectionResetError, FileNotFoundError, BrokenPipeError):
                # rsyslog is being restarted.
                time.sleep(0.05)
                try:
                    self.connect()
                except OSError:
                    pass


def write(report, target, *plan):
    out = Target(target)
    times = open(report + ".times", "w", encoding="ascii")
    serial, phases, worst, stopping = 0, [], 0.0, []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))

    def tell():
        times.flush()
        with open(report + ".new", "w", encoding="ascii") as file:
            json.dump({"lines": serial, "longest_wait": worst, "phases": phases}, file)
        os.rename(report + ".new", report)

    for step in plan:
        rate, seconds = (int(part) for part in step.split(":"))
        # A fast writer of short lines would measure the interpreter.
        padding = b"x" * (160 if rate <= 10_000_000 else 3960)
        size = len(padding) + 40
        began, done, told = time.monotonic(), 0, 0.0
        phases.append(None)
        while not stopping and (not seconds or time.monotonic() - began < seconds):
            print(time.time_ns() // 1000, serial + 1, file=times)
            for _ in range(max(1, rate // size // 100)):
                serial += 1
                before = time.monotonic()
                out.write(b"numbered: %012d %send" % (serial, padding))
                worst = max(worst, time.monotonic() - before)
                done += size
            now = time.monotonic() - began
            if done / rate > now:
                time.sleep(done / rate - now)
            if now > told + 0.5:
                told = now
                phases[-1] = {"wanted": rate, "rate": int(done / now), "seconds": round(now, 1)}
                tell()
        now = time.monotonic() - began
        phases[-1] = {"wanted": rate, "rate": int(done / now) if now else 0, "seconds": round(now, 1)}
    tell()


def opened(path):
    if path.endswith(".gz"):
        return gzip.open(path, "rb")
    if path.endswith(".xz"):
        return lzma.open(path, "rb")
    if path.endswith(".zst"):
        return subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE).stdout
    return open(path, "rb")


class FullDisk:
    """When the disk took nothing, in serial numbers: [first, last] each."""

    def __init__(self, report, samples):
        written = [[int(field) for field in line.split()] for line in open(report + ".times", encoding="ascii")]
        self.times, self.serials = zip(*written)
        spans = []
        for line in open(samples, encoding="ascii"):
            at, free = (int(field) for field in line.split()[:2])
            if free > FULL_BYTES:
                continue
            if not spans or at > spans[-1][1]:
                spans.append([at, 0])
            spans[-1][1] = at + SUSPENDED_USEC
        self.spans = [(self.serial_before(begin), self.serial_after(end)) for begin, end in spans]

    def serial_before(self, when):
        return self.serials[max(0, bisect.bisect_right(self.times, when) - 1)]

    def serial_after(self, when):
        return self.serials[min(len(self.serials) - 1, bisect.bisect_left(self.times, when))]

    def explains(self, first, last):
        return any(begin - QUEUED_LINES <= first and last <= end for begin, end in self.spans)

    def lag(self, first):
        """By how many lines rsyslog was behind when a gap began."""
        return max((begin - first for begin, end in self.spans if begin - QUEUED_LINES <= first <= end), default=0)


def parts(log):
    """Of every file of the log: (first serial, last serial, gaps that are owned up to, lines lost, what is wrong)."""
    directory, base = os.path.split(log)
    for name in sorted(os.listdir(directory)):
        if name != base and not re.fullmatch(re.escape(base) + r"[-.][-0-9.]+(\.(gz|xz|zst))?", name):
            continue
        part = {"name": name, "first": 0, "last": 0, "lines": 0, "markers": 0, "nul_bytes": 0, "tail_bytes": 0, "gaps": [], "torn": [], "wrong": []}
        excused = False
        with opened(f"{directory}/{name}") as file:
            for line in file:
                nul = line.count(b"\0")
                if nul:
                    part["nul_bytes"] += nul
                    excused = True
                    line = line.lstrip(b"\0")
                if MARKER in line:
                    part["markers"] += 1
                    claimed = re.search(rb"(\d+) lines", line)
                    part["marker_lines"] = int(claimed[1]) if claimed else None
                    part["marker"] = line.strip().decode("ascii", "backslashreplace")[:300]
                    excused = True
                    continue
                found = LINE.search(line.rstrip(b"\n"))
                if not found:
                    # What Postfix says is welcome, a piece of ours is not.
                    if b"numbered: " in line or re.match(rb"\d*[ x]*xend$", line):
                        part["torn"].append((part["last"] + 1, f"torn: {line[:80]!r}"))
                    continue
                serial = int(found[1])
                if part["lines"] == 0:
                    part["first"] = serial
                elif serial <= part["last"]:
                    part["wrong"].append(f"{serial} after {part['last']}")
                elif serial != part["last"] + 1 and excused:
                    part["cut_lines"] = serial - part["last"] - 1
                    part["tail_bytes"] = 0
                elif serial != part["last"] + 1:
                    part["gaps"].append((part["last"] + 1, serial - 1))
                excused = False
                part["lines"] += 1
                part["tail_bytes"] += len(line)
                part["last"] = max(part["last"], serial)
        yield part


def check(log, report=None, samples=None):
    full = FullDisk(report, samples) if report else None
    found = sorted((part for part in parts(log) if part["lines"]), key=lambda part: part["first"])
    wrong = [f"{part['name']}: {what}" for part in found for what in part["wrong"][:3]]
    gaps = [gap for part in found for gap in part["gaps"]]
    for older, newer in zip(found, found[1:]):
        if newer["first"] <= older["last"]:
            wrong.append(f"{newer['name']} begins with {newer['first']}, {older['name']} ends with {older['last']}")
        elif newer["first"] > older["last"] + 1:
            gaps.append((older["last"] + 1, newer["first"] - 1))
    if not found:
        wrong.append("there is no numbered line at all")
    for first, last in gaps:
        if not full or not full.explains(first, last):
            wrong.append(f"the lines {first} to {last} are missing")
    for part in found:
        for serial, what in part["torn"]:
            if not full or not full.explains(serial, serial):
                wrong.append(f"{part['name']}: at {serial} {what}")
        part["torn"] = len(part["torn"])
        part["gaps"] = len(part["gaps"])
        del part["wrong"]
    lost = sum(last - first + 1 for first, last in gaps)
    spans, lag = (full.spans, max((full.lag(first) for first, _ in gaps), default=0)) if full else ([], 0)
    told = {"log": log, "lost": lost, "gaps": len(gaps), "full": spans, "behind": lag, "parts": found, "wrong": wrong[:20]}
    print(json.dumps(told))
    sys.exit(bool(wrong))


{"write": write, "check": check}[sys.argv[1]](*sys.argv[2:])
