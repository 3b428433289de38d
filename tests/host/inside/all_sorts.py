#!/usr/bin/python3
# all_sorts - hand the relay mail of all sorts: by smtp-source, by sendmail and by SMTP with every oddity it takes
#
#   all_sorts PORT...
#
# flow.test is taken for a domain that delivers, so that some messages are done in part.
import smtplib
import subprocess
import sys

ODD_RECIPIENTS = (
    "UPPER@Mixed.Case.EXAMPLE", "bare", "root", '"quoted local"@quoted.example', '"at@sign"@quoted.example',
    "someone@[192.0.2.99]", "user%percent.example@relay.lab.test", "a@single", "a+b@very.long." + "label" * 11 + ".example",
    "a@" + "sub." * 20 + "deep.example",
)
ODD_SENDERS = ("", "bare-sender", "Sender@UPPER.EXAMPLE", '"odd sender"@[192.0.2.98]', "MAILER-DAEMON@relay.lab.test")


def source(port, count, sender, recipient, recipients, length):
    command = ["smtp-source", "-s", "4", "-m", str(count), "-f", sender, "-t", recipient, "-r", str(recipients), "-l", str(length)]
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True)


def submit(text, *arguments):
    subprocess.run(["sendmail", *arguments], input=text.encode(), check=True)


def by_smtp_source(port):
    source(port, 30, "many@source.example", "to@first.example", 1, 500)
    source(port, 10, "crowd@source.example", "to@second.example", 7, 20000)
    source(port, 10, "", "victim@forged.example", 1, 1000)


def by_sendmail():
    head = "Subject: x\n\nbody\n"
    for number in range(8):
        submit(head, "-f", f"cron@host{number}.machines.example", f"a{number}@machines.example")
    submit(head, "-f", "", "bounced@forged.example")
    submit(f"To: to@header.example\nCc: cc@header.example\nBcc: bcc@hidden.example\n{head}", "-t")
    submit(head, "-F", "A Full Name", "-f", "full@name.example", "-N", "success,delay", "-R", "hdrs", "dsn@notify.example")
    submit(head, "-f", "list@source.example", *[f"member{n}@list{n % 9}.example" for n in range(1200)])
    submit("Subject: long\n\n" + "x" * 900 * 100 + "\n", "unwanted@first.example", "wanted@first.example")
    submit(head, "-f", "odd@source.example", "a@dots..in..it.example", "b@trailing.dot.", "c@@twice.example")


def by_smtp(port):
    with smtplib.SMTP("127.0.0.1", int(port)) as relay:
        relay.ehlo("all.sorts.example")

        def send(sender, recipients, mail=(), rcpt=()):
            relay.mail(sender, mail)
            taken = [relay.rcpt(one, rcpt)[0] // 100 == 2 for one in recipients]
            if any(taken):
                relay.data("Subject: x\r\n\r\nbody\r\n")
            else:
                relay.rset()

        for sender in ODD_SENDERS:
            send(sender, ["one@odd.example"])
        for recipient in ODD_RECIPIENTS:
            send("odd@source.example", [recipient])
        send("odd@source.example", [*ODD_RECIPIENTS, "unwanted@first.example"])
        # Partly delivered: flow.test takes its mail.
        for number in range(6):
            send("part@source.example", [f"r{number}@flow.test", "s@flow.test", f"t{number}@waiting.example"])
        for _ in range(4):
            send("held@source.example", ["kept@hold.example", "other@waiting.example"])
        send("dsn@source.example", ["n@notify.example"], mail=["RET=HDRS", "ENVID=abc"],
             rcpt=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;somebody@original.example"])
        send("big@source.example", [f"u{n}@domain{n % 50}.example" for n in range(900)] + ["unwanted2@first.example"])
        send("müller@bücher.example", ["jörg@straße.example"], mail=["SMTPUTF8"])


for port in sys.argv[1:]:
    by_smtp_source(port)
    by_smtp(port)
by_sendmail()
