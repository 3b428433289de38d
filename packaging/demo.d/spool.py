# spool - what is in Postfix's queue, by find: nothing of spoolguard is asked
import os

SPOOL = "/var/spool/postfix"
QUEUES = ("maildrop", "incoming", "active", "deferred", "hold", "corrupt")


def files(queue):
    """Paths of the messages of a queue, hashed or not."""
    found = []
    for directory, _, names in os.walk(f"{SPOOL}/{queue}"):
        found += [f"{directory}/{name}" for name in names if name.isalnum()]
    return found


def serials(queue):
    """Serial numbers of the messages of a queue; a file that is gone by now is in another one."""
    found = []
    for path in files(queue):
        try:
            with open(path, "rb") as message:
                content = message.read()
        except FileNotFoundError:
            continue
        _, _, rest = content.partition(b"X-Serial: ")
        found.append(rest[:7].decode("ascii", "replace"))
    return found
