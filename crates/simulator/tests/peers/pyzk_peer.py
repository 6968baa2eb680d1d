"""pyzk 0.9 as a client of the tests: a request per line on standard input, an answer per line on standard output, both JSON.

A request names what to do ("do") and where ("host", "port", "key", "udp"); see the functions below. An answer is {"ok": ...} or
{"error": ...}. pyzk takes one read of the socket for one frame, so a busy machine can spoil a read over TCP; such a read is repeated
as a whole.
"""

import json
import sys
from datetime import datetime

from zk import ZK

ATTEMPTS = 3


def connect(request):
    terminal = ZK(
        request["host"],
        port=request["port"],
        password=request.get("key", 0),
        timeout=20,
        force_udp=request.get("udp", False),
        ommit_ping=True,
    )
    return terminal.connect()


def read(connection, request):
    """All users and punches."""
    connection.disable_device()
    users = [
        {
            "user": user.user_id,
            "name": user.name,
            "slot": user.uid,
            "card": user.card,
            "privilege": user.privilege,
            "password": user.password,
        }
        for user in connection.get_users()
    ]
    punches = [
        {"user": punch.user_id, "time": str(punch.timestamp), "state": punch.punch, "verify": punch.status}
        for punch in connection.get_attendance()
    ]
    connection.enable_device()
    return {"users": users, "punches": punches}


def count(connection, request):
    """How many punches are read: for timing."""
    return len(connection.get_attendance())


def time(connection, request):
    """The clock, set first when "set" is given."""
    if "set" in request:
        connection.set_time(datetime.fromisoformat(request["set"]))
    return str(connection.get_time())


def write_user(connection, request):
    connection.set_user(uid=request["slot"], name=request["name"], user_id=request["user"], card=request["card"])
    return True


def delete_user(connection, request):
    connection.delete_user(uid=request["slot"])
    return True


def live(connection, request):
    """The first real-time punch."""
    for event in connection.live_capture(new_timeout=20):
        if event is not None:
            connection.end_live_capture = True
            return {"user": event.user_id, "time": str(event.timestamp)}
    return None


DO = {"read": read, "count": count, "time": time, "write_user": write_user, "delete_user": delete_user, "live": live}


def answer(request):
    for attempt in range(1, ATTEMPTS + 1):
        try:
            connection = connect(request)
            try:
                return {"ok": DO[request["do"]](connection, request)}
            finally:
                connection.disconnect()
        except Exception as error:  # pyzk raises whatever its unpacking meets
            if attempt == request.get("attempts", ATTEMPTS):
                return {"error": repr(error)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
