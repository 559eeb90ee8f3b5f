"""Asks real Prefect what it would register for flows: name, description and parameter schema.

Reads lines of {"together": count, "cases": [{"files": {path: text}, "entrypoint": "path.py:object", "installed": [folder],
"environment": {name: value}}]}
from standard input and writes for each a line with a JSON list of {"name", "description", "schema"} or {"error"}, in the
same order. Prefect is imported once; a fresh copy of this process (fork) starts from there for every `together` cases, so
that nothing that a case leaves behind lasts.
"""

import gc
import json
import os
import shutil
import sys
import tempfile
import traceback
import typing
import warnings

from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

warnings.simplefilter("ignore")
processes = 2


def ask(folder: str, case: dict) -> dict:
    for path, text in case["files"].items():
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    os.chdir(folder)
    sys.path.extend(os.path.join(folder, path) for path in case.get("installed", []))
    os.environ.update(case.get("environment", {}))
    try:
        flow = load_flow_from_entrypoint(case["entrypoint"], use_placeholder_flow=False)
        # As prefect deploy does: `RunnerDeployment._create` sends `model_dump(exclude_unset=True)`.
        schema = parameter_schema(flow).model_dump(exclude_unset=True)
        return {"name": flow.name, "description": flow.description, "schema": json.loads(json.dumps(schema, allow_nan=False))}
    except BaseException as error:
        causes = [error, *(cause for cause in (getattr(error, "user_exc", None), error.__cause__) if cause)]
        return {"error": " / ".join(f"{type(each).__name__}: {str(each)[:300]}" for each in causes)}


def forget(modules: set, path: list) -> None:
    """Each case starts like a fresh process: typing remembers `List[Union[...]]` of others in their order."""
    for name in set(sys.modules) - modules:
        where = getattr(sys.modules[name], "__file__", None) or ""
        if "/lockstep-oracle-" in where or not where:
            del sys.modules[name]
    sys.path[:] = path
    sys.path_importer_cache.clear()
    for clean in getattr(typing, "_cleanups", []):
        clean()


def answer(cases: list) -> list:
    answers = []
    for case in cases:
        modules, path, environment = set(sys.modules), list(sys.path), dict(os.environ)
        folder = tempfile.mkdtemp(prefix="lockstep-oracle-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        try:
            answers.append(ask(folder, case))
        finally:
            os.chdir("/")
            shutil.rmtree(folder)
            os.environ.clear()
            os.environ.update(environment)
        forget(modules, path)
    return answers


def start(cases: list, out: str) -> int:
    process = os.fork()
    if process != 0:
        return process
    try:
        gc.disable()
        sys.stdout = open(os.devnull, "w")
        with open(out, "w", encoding="utf-8") as file:
            json.dump(answer(cases), file)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    # What is there now stays for good; collecting it again and again would copy its pages in every fork.
    sys.dont_write_bytecode = True
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(answer_all(question["cases"], question["together"])), flush=True)


def answer_all(cases: list, together: int) -> list:
    chunks = [cases[first : first + together] for first in range(0, len(cases), together)]
    with tempfile.TemporaryDirectory(prefix="lockstep-answers-") as folder:
        outs = [os.path.join(folder, str(index)) for index in range(len(chunks))]
        running: set = set()
        for chunk, out in zip(chunks, outs):
            if len(running) >= processes:
                wait(running)
            running.add(start(chunk, out))
        while running:
            wait(running)
        return [each for out in outs for each in json.load(open(out, encoding="utf-8"))]


def wait(running: set) -> None:
    process, status = os.wait()
    running.discard(process)
    if status != 0:
        raise SystemExit("a part of the oracle failed")


main()
