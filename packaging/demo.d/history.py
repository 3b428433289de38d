#!/usr/bin/python3
# history - the rotated logs of a relay that was in order until ten days ago, so that /var/log is four fifths full
#
# Lines as Postfix writes them, different in every field that a real log differs in; not compressed, as
# delaycompress and a forgotten cron job leave them.
import os
import random
import time

FILL = 0.76
random.seed(2412)
fs = os.statvfs("/var/log")
size = fs.f_blocks * fs.f_frsize
want = int(FILL * size) - (fs.f_blocks - fs.f_bfree) * fs.f_frsize


def write(path, wanted, days):
    when = time.time() - days * 86400
    with open(path, "w", encoding="ascii") as log:
        while log.tell() < wanted:
            ident = f"{random.randrange(16**11):011X}"
            for text in (f"smtpd[{random.randrange(30000)}]: {ident}: client=unknown[192.0.2.{random.randrange(250)}]",
                         f"cleanup[{random.randrange(30000)}]: {ident}: message-id=<{random.randrange(10**20)}@example.test>",
                         f"qmgr[811]: {ident}: from=<cron@relay.lab.test>, size={random.randrange(9000)}, nrcpt=1 (queue active)",
                         f"smtp[{random.randrange(30000)}]: {ident}: to=<user{random.randrange(99)}@example.test>, relay=mx.example.test[192.0.2.66]:25, "
                         f"delay={random.random():.2f}, delays=0.1/0/{random.random():.2f}/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {random.randrange(16**9):09X})"):
                log.write(f"{time.strftime('%FT%T', time.gmtime(when))}.{random.randrange(10**6):06d}+00:00 relay postfix/{text}\n")
            when += 0.2
    os.utime(path, (when, when))
    os.chmod(path, 0o640)


write("/var/log/mail.log.1", want * 45 // 100, 3)
write("/var/log/syslog.1", want * 45 // 100, 3)
write("/var/log/mail.log.2", want * 10 // 100, 10)
