"""Deploys many manifests with the real code of `prefect deploy`, in one process, each entry on its own.

Reads {"folders": [each with a prefect.yaml], "secret": {"name", "value"} of a block to make} as JSON from standard input;
writes a JSON list of {"deployed": [name]} or {"error": text}, in the order of the folders. PREFECT_API_URL says where to.
"""

import asyncio
import functools
import io
import json
import logging
import os
import ssl
import sys
import warnings
from pathlib import Path

from prefect.blocks.system import Secret
from prefect.cli.deploy._config import _load_deploy_configs_and_actions, _pick_deploy_configs
from prefect.cli.deploy._core import _run_single_deploy
from rich.console import Console

# Each of Prefect's many clients loads all certificates anew, which takes most of the time; the servers here speak plain HTTP.
ssl.create_default_context = functools.cache(ssl.create_default_context)

search_path = sys.path[1:]
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


async def deploy(folder: str) -> dict:
    enter(folder)
    told = io.StringIO()
    console = Console(file=told, width=200)
    settled = {"console": console, "is_interactive": lambda: False}
    try:
        configs, actions = _load_deploy_configs_and_actions(Path("prefect.yaml"), console=console)
        if not configs:
            return {"error": f"no entry: {told.getvalue()[:600]}"}
        deployed = []
        for config in _pick_deploy_configs(configs, [], True, **settled):
            await _run_single_deploy(config, actions, {"names": []}, **settled)
            deployed.append(str(config.get("name")))
        return {"deployed": deployed}
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {str(error)[:600]}"}


def enter(folder: str) -> None:
    """Modules are those of this folder, as in a process of its own."""
    os.chdir(folder)
    sys.path[:] = [folder, *search_path]
    own = {path.stem for path in Path(folder).iterdir() if path.is_dir() or path.suffix == ".py"}
    for name in [name for name in sys.modules if name.split(".")[0] in own]:
        del sys.modules[name]


async def main() -> None:
    given = json.load(sys.stdin)
    await Secret(value=given["secret"]["value"]).save(given["secret"]["name"])
    answers = []
    for folder in given["folders"]:
        answers.append(await deploy(folder))
    # Steps and flow files may print; the answer is the last line.
    print("\n" + json.dumps(answers))


asyncio.run(main())
