# serials - which of the flood's serial numbers reached a file, the journal's copy by rsyslog included
import re


def serials(path):
    found = set()
    pattern = re.compile(rb" retry (\d+) of \d+: ")
    with open(path, "rb") as log:
        for line in log:
            match = pattern.search(line)
            if match:
                found.add(int(match.group(1)))
    return found
