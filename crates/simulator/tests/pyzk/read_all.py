"""Reads everything a terminal holds with pyzk over TCP and prints it as JSON lines.

    read_all.py HOST PORT [COMM_KEY]

One line per user ({"user": number, "name": name}) and per punch ({"punch": number, "time": ..., "state": ..., "verify": ...}).
pyzk takes one read of the socket for one frame, so a busy machine can spoil a read; it is then repeated as a whole.
"""

import json
import sys

from zk import ZK

ATTEMPTS = 3


def read_all(host, port, key):
    terminal = ZK(host, port=port, password=key, timeout=20, ommit_ping=True)
    connection = terminal.connect()
    try:
        connection.disable_device()
        users = connection.get_users()
        punches = connection.get_attendance()
        connection.enable_device()
    finally:
        connection.disconnect()
    return users, punches


def main():
    host, port = sys.argv[1], int(sys.argv[2])
    key = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    for attempt in range(1, ATTEMPTS + 1):
        try:
            users, punches = read_all(host, port, key)
            break
        except Exception as error:  # pyzk raises whatever its unpacking meets
            print(f"attempt {attempt}: {error!r}", file=sys.stderr)
            if attempt == ATTEMPTS:
                raise
    for user in users:
        print(json.dumps({"user": user.user_id, "name": user.name}))
    for punch in punches:
        time = punch.timestamp.strftime("%Y-%m-%d %H:%M:%S")
        print(json.dumps({"punch": punch.user_id, "time": time, "state": punch.punch, "verify": punch.status}))


main()
