"""Reads YAML texts (a JSON list on stdin) as PyYAML's safe loader does; prints their values as JSON, or null."""

import datetime
import json
import math
import sys

import yaml


def plain(value):
    if isinstance(value, dict):
        return {key_text(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, (set, tuple, bytes)):
        raise TypeError("not JSON")
    return value


def key_text(key):
    if isinstance(key, str):
        return key
    return json.dumps(plain(key))


def read(text):
    try:
        return {"value": plain(yaml.safe_load(text))}
    except Exception:
        return {"refused": True}


print(json.dumps([read(text) for text in json.load(sys.stdin)]))
