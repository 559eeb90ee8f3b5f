"""Reads YAML texts (a JSON list on stdin) as `prefect deploy` does: PyYAML's safe loader, then pydantic's JSON form.

Prints a JSON list of {"value"} or {"refused"}; "exotic" names what JSON has no form for and our reader refuses.
"""

import json
import sys
from typing import Any

import yaml
from pydantic import TypeAdapter

anything = TypeAdapter(Any)


def exotic(value, above=()):
    """A type that only explicit tags give, a key that is no number, or None."""
    if isinstance(value, (set, tuple, bytes)):
        return type(value).__name__
    if any(value is outer for outer in above):
        return "loop"
    if isinstance(value, list):
        return next(filter(None, (exotic(item, (*above, value)) for item in value)), None)
    if isinstance(value, dict):
        if any(isinstance(key, (bytes, tuple)) or key != key or key in (float("inf"), float("-inf")) for key in value):
            return "key"
        return next(filter(None, (exotic(item, (*above, value)) for item in value.values())), None)
    return None


def read(text):
    try:
        # A file is opened as text, so each kind of line end has become one.
        value = yaml.safe_load(text.replace("\r\n", "\n").replace("\r", "\n"))
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {str(error)[:200]}"}
    if found := exotic(value):
        return {"exotic": found}
    return {"value": anything.dump_python(value, mode="json")}


print(json.dumps([read(text) for text in json.load(sys.stdin)]))
