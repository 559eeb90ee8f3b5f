"""Loads flow files as Prefect does, each in a process of its own, and says which files of its repository each imported.

Reads one job a line: {"root", "base", "file"}; writes one line each, a list of paths relative to the root. What an import
raises ends that file, as it ends a run; what was imported until then counts.
"""

import json
import os
import sys
from pathlib import Path

from prefect.utilities.importtools import load_script_as_module


def imported(job: dict) -> list:
    root = Path(job["root"]).resolve()
    os.chdir(root / job["base"])
    # As the worker sets it before it starts a run.
    sys.path.insert(0, os.getcwd())
    try:
        load_script_as_module(str(root / job["file"])).touch()
    except BaseException:
        pass
    files = [Path(path).resolve() for module in list(sys.modules.values()) if (path := getattr(module, "__file__", None))]
    return sorted({str(path.relative_to(root)) for path in files if path.is_relative_to(root)})


for line in sys.stdin:
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        sys.dont_write_bytecode = True
        os.write(writing, json.dumps(imported(json.loads(line))).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.wait()
    print(said.decode() or "[]", flush=True)
