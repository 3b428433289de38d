#!/usr/bin/python3
# settle - wait until spoolguard has an incident behind it: closed, or escalated
import time

from bus import manager, objects

while True:
    incidents = objects("Incident")
    if incidents and manager("State") in ("ok", "escalated"):
        break
    time.sleep(0.5)
