"""Asks real Prefect what it would register for flows: name, description and parameter schema.

Reads a JSON list of {"files": {path: text}, "entrypoint": "path.py:object"} from standard input and writes a JSON list
of {"name", "description", "schema"} or {"error"}, in the same order.
"""

import json
import os
import sys
import tempfile
import typing
import warnings

from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

warnings.simplefilter("ignore")


def ask(folder: str, case: dict) -> dict:
    for path, text in case["files"].items():
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    os.chdir(folder)
    try:
        flow = load_flow_from_entrypoint(case["entrypoint"], use_placeholder_flow=False)
        # As prefect deploy does: `RunnerDeployment._create` sends `model_dump(exclude_unset=True)`.
        schema = parameter_schema(flow).model_dump(exclude_unset=True)
        return {"name": flow.name, "description": flow.description, "schema": json.loads(json.dumps(schema, allow_nan=False))}
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {str(error)[:300]}"}


def forget(modules: set, path: list) -> None:
    """Each case starts like a fresh process: typing remembers `List[Union[...]]` of others in their order."""
    for name in set(sys.modules) - modules:
        where = getattr(sys.modules[name], "__file__", None) or ""
        if "/lockstep-oracle-" in where or not where:
            del sys.modules[name]
    sys.path[:] = path
    for clean in getattr(typing, "_cleanups", []):
        clean()


def main() -> None:
    answers = []
    for case in json.load(sys.stdin):
        modules, path = set(sys.modules), list(sys.path)
        with tempfile.TemporaryDirectory(prefix="lockstep-oracle-") as folder:
            answers.append(ask(folder, case))
            os.chdir("/")
        forget(modules, path)
    # Flow files may print; the answer is the last line.
    print("\n" + json.dumps(answers))


main()
