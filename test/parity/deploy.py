"""Runs the real `prefect deploy` for single entries of manifests, in isolation, and says what became of each.

Reads one job a line: {"repository", "manifest", "entry" (its index), "folders" (where it may be run, best first),
"env"}; writes one line each: {"id"} or {"error"}. The API is that of PREFECT_API_URL. Each entry has a process of its
own, forked after the imports. Build and push steps don't run: they give the outputs that follow from the commit. What a
flow file imports and isn't installed is a permissive stand-in, so that Prefect reads the flow itself.
"""

import asyncio
import contextlib
import functools
import importlib.abc
import importlib.machinery
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import types
import typing
import warnings
from pathlib import Path

import yaml
from prefect.cli.deploy import _core
from prefect.cli.deploy._config import _load_deploy_configs_and_actions, _pick_deploy_configs
from prefect.utilities.templating import apply_values, resolve_block_document_references, resolve_variables
from pydantic import ValidationError
from pydantic_settings import BaseSettings
from rich.console import Console

entry_seconds_max = 60
warnings.simplefilter("ignore")


class StandInType(type):
    """A class out of a package that isn't there: any attribute, any call, any base class."""

    def __getattr__(cls, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(name)

    def __or__(cls, other):
        return typing.Union[cls, other]

    def __ror__(cls, other):
        return typing.Union[other, cls]

    def __class_getitem__(cls, _):
        return cls

    def __iter__(cls):
        return iter(())


class StandIn(metaclass=StandInType):
    def __init__(self, *_, **__):
        pass

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(name)

    def __call__(self, *args, **kwargs):
        decorates = len(args) == 1 and not kwargs and callable(args[0]) and not isinstance(args[0], (StandIn, StandInText))
        return args[0] if decorates else StandInText("{}")

    def __class_getitem__(cls, _):
        return cls

    def __getitem__(self, _):
        return StandInText("{}")

    def __setitem__(self, _, __):
        pass

    def __int__(self):
        return 1

    def __float__(self):
        return 1.0

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __bool__(self):
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def __or__(self, _):
        return self

    __add__ = __radd__ = __sub__ = __mul__ = __truediv__ = __mod__ = __rtruediv__ = __ror__ = __or__


class StandInText(str):
    """A value out of a package that isn't there: good for a text, JSON, a pattern, and all that a class is good for."""


for name, member in vars(StandIn).items():
    if callable(member) and name not in ("__init__", "__iter__", "__len__"):
        setattr(StandInText, name, member)


def stand_in(name: str):
    return StandInType(name, (StandIn,), {}) if name[:1].isupper() else StandInText("{}")


class StandInModule(types.ModuleType):
    __all__: list = []
    __path__: list = []
    __version__ = "1.0.0"

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(name)


class StandInFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Asked last, so only for what is neither installed nor in the repository."""

    def find_spec(self, name, path=None, target=None):
        top = sys.modules.get(name.partition(".")[0])
        if top is not None and not isinstance(top, StandInModule):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return StandInModule(spec.name)

    def exec_module(self, module):
        pass


def permit_environment(repository: str) -> None:
    """`os.environ["X"]` in a flow file finds something, whatever X is."""
    real = os.environ.__class__.__getitem__

    def read(self, name):
        try:
            return real(self, name)
        except KeyError:
            if sys._getframe(1).f_code.co_filename.startswith(repository):
                return "1"
            raise

    os.environ.__class__.__getitem__ = read


def permit_settings() -> None:
    """A settings class that a flow file makes gets what it misses."""
    real = BaseSettings.__init__

    def init(self, **values):
        for guess in ("1", "http://127.0.0.1/1", "postgresql://user:word@127.0.0.1/data", {}, []):
            try:
                return real(self, **values)
            except ValidationError as error:
                values |= {str(each["loc"][0]): guess for each in error.errors() if each["loc"]}
        return real(self, **values)

    BaseSettings.__init__ = init


async def known_outputs(steps, outputs, print_function=None):
    """In place of `run_steps`: what docker's and git's steps give out, by Prefect's own rules for names."""
    outputs = dict(outputs)
    for step in steps:
        name, inputs = next(iter(step.items()))
        inputs = apply_values(dict(inputs or {}), outputs, remove_notset=False)
        inputs = await resolve_variables(await resolve_block_document_references(inputs))
        inputs = apply_values(inputs, os.environ, remove_notset=False)
        found = outputs_of(name.rpartition(".")[2], inputs)
        if inputs.get("id"):
            outputs[inputs["id"]] = found
        outputs.update(found)
    return outputs


def outputs_of(action: str, inputs: dict) -> dict:
    if action in ("build_docker_image", "push_docker_image"):
        image, tag = inputs.get("image_name"), inputs.get("tag")
        found = {"image_name": image, "tag": tag, "image": f"{image}:{tag}"} if tag else {"image_name": image}
        return found
    script = str(inputs.get("script") or "").strip()
    if action == "run_shell_script" and script.startswith("git ") and "\n" not in script:
        run = subprocess.run(script.split(), capture_output=True, text=True, check=False)
        return {"stdout": run.stdout.strip(), "stderr": run.stderr.strip()}
    return {}


def folder_of(job: dict, entrypoint: str, steps: list) -> str:
    """Where a person would have run it: the first folder in which the entrypoint's file, or module, is."""
    file = entrypoint.rpartition(":")[0].replace("\\", "/")
    file = file if file.endswith(".py") else file.replace(".", "/") + ".py"
    folders = [*job["folders"], *working_folders(steps)]
    there = [folder for folder in folders if os.path.isfile(os.path.join(job["repository"], folder, file))]
    return os.path.join(job["repository"], (there or job["folders"][-1:])[0])


def working_folders(steps: list) -> list:
    """Where below a clone the worker will stand: who writes that runs `prefect deploy` there, too."""
    inputs = [value for step in steps if isinstance(step, dict) for value in step.values() if isinstance(value, dict)]
    matches = [re.match(r"\{\{ *[\w-]+\.directory *\}\}/(.+)", str(each.get("directory"))) for each in inputs]
    return [match[1] for match in matches if match]


def local_packages(repository: str) -> list:
    """Folders that would be installed: those with a pyproject.toml or setup.py, and their `src`."""
    projects = [str(path.parent) for pattern in ("pyproject.toml", "setup.py") for path in Path(repository).rglob(pattern)]
    return [repository, *projects, *[f"{folder}/src" for folder in [repository, *projects]]]


@functools.cache
def read_manifest(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


async def deploy(job: dict) -> dict:
    raw = read_manifest(Path(job["repository"], job["manifest"]))
    entry = raw["deployments"][job["entry"]]
    written = Console(file=io.StringIO(), width=1000)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False, encoding="utf-8") as file:
        yaml.safe_dump({**raw, "deployments": [entry]}, file, allow_unicode=True)
    configs, actions = _load_deploy_configs_and_actions(prefect_file=Path(file.name), console=written)
    os.unlink(file.name)
    if not configs:
        return {"error": f"invalid: {written.file.getvalue().strip()}"}
    (config,) = _pick_deploy_configs(configs, [], True, console=written, is_interactive=lambda: False)
    entrypoint = apply_values(str(config.get("entrypoint") or ""), os.environ, remove_notset=False)
    os.chdir(folder_of(job, entrypoint, entry.get("pull") or raw.get("pull") or []))
    # As PYTHONPATH of a CI job where the repository's own packages are installed.
    sys.path += [os.getcwd(), *local_packages(job["repository"])]
    await _core._run_single_deploy(
        config, actions, {}, prefect_file=Path("prefect.yaml"), console=written, is_interactive=lambda: False
    )
    said = " ".join(written.file.getvalue().replace("│", " ").split())
    return {"id": said.partition("successfully created with id '")[2].partition("'")[0]}


def answer(job: dict) -> dict:
    os.environ.update(job["env"])
    permit_environment(job["repository"])
    permit_settings()
    sys.meta_path.append(StandInFinder())
    _core.run_steps = known_outputs
    try:
        return asyncio.run(deploy(job))
    except BaseException as error:
        cause = error.__cause__ or error.__context__
        return {"error": f"{type(error).__name__}: {str(error)[:500]}" + (f" <- {type(cause).__name__}: {str(cause)[:200]}" if cause else "")}


def in_a_process(job: dict) -> dict:
    # Once for all entries, since forks share it; what is wrong with it is for the entry to tell.
    with contextlib.suppress(Exception):
        read_manifest(Path(job["repository"], job["manifest"]))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(entry_seconds_max)
        # Flow files may print, or write to standard error, or end the process.
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        os.write(writing, json.dumps(answer(job)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else {"error": f"it ended without a word within {entry_seconds_max} s"}


for line in sys.stdin:
    print(json.dumps(in_a_process(json.loads(line))), flush=True)
