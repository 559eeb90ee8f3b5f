"""Asks Prefect's own checks what they make of parameters.

Reads a JSON list of {"schema": …, "values": [{…}, …]} from standard input and writes for each a list of
[refused at creation, refused at an update], as the server's `DeploymentCreate` and `PATCH /deployments/{id}` ask them.
"""

import json
import sys

from prefect._internal.schemas.validators import validate_values_conform_to_schema
from prefect.utilities.schema_tools.validation import validate


def refusal(check) -> str | None:
    try:
        check()
    except Exception as error:
        return str(error)[:200]
    return None


def judge(schema: dict, values: dict) -> list:
    return [
        refusal(lambda: validate_values_conform_to_schema(values, schema, ignore_required=True)),
        refusal(lambda: validate(values, schema, raise_on_error=True, ignore_required=True)),
    ]


json.dump([[judge(case["schema"], values) for values in case["values"]] for case in json.load(sys.stdin)], sys.stdout)
