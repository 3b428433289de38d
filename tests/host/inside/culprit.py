#!/usr/bin/python3
# culprit - who is to blame, by the words of a diagnosis
#
#   culprit.py < TEXT      one word for what the text names: "nothing" when there is none, "unknown" when it names
#                          nobody that we know, several joined by "+"
#   culprit.py recorded    the same for every diagnosis in the record, each once
import re
import sys

from record import select

KINDS = [
    ("link", r"\blink \S+ is down"),
    ("name-server", r"name server \S+ does not answer"),
    ("name-server-slow", r"name server \S+ (is slow|takes|answers slowly|answers late)"),
    ("filter", r"\bfilter\b"),
    ("relay-dead", r"no address of \S+ speaks SMTP"),
    ("relay-refuses", r"\brefuses\b"),
    ("relay-degraded", r"\b\d of \d addresses of \S+"),
]


def culprit(text):
    found = [kind for kind, words in KINDS if re.search(words, text)]
    return "+".join(found) if found else "unknown" if text.strip() else "nothing"


if sys.argv[1:] == ["recorded"]:
    print(*sorted({culprit(note["text"]) for note in select(["incident-note", "kind=diagnosis"])}), sep="\n")
else:
    print(culprit(sys.stdin.read()))
