"""Takes the sends for a server, forks a helper that has the connection too, and waits. The helper ends with the connection."""

import json
import os
import socket
import sys

core = socket.socket(socket.AF_UNIX)
core.connect(sys.argv[1])
hello = {"version_min": 1, "version_max": 1, "server": sys.argv[2], "takes_sends": True}
core.sendall(json.dumps({"hello": hello}).encode() + b"\n")
lines = core.makefile("rb")
lines.readline()
if os.fork() == 0:
    print("forked", flush=True)
    last = [json.loads(line) for line in lines][-1]
    print("ended", last["failure"]["code"], flush=True)
else:
    os.wait()
