"""What Prefect makes of entries of `triggers:` (a JSON list of mappings on stdin).

Prints a list: the trigger of the automation as JSON, or null where `prefect deploy` refuses the entry.
"""

import json
import sys
import warnings
from uuid import uuid4

from prefect.events import DeploymentTriggerTypes
from pydantic import TypeAdapter

warnings.simplefilter("ignore")
adapter = TypeAdapter(DeploymentTriggerTypes)


def trigger(spec):
    try:
        made = adapter.validate_python(spec)
        made.set_deployment_id(uuid4())
        return made.as_automation().trigger.model_dump(mode="json")
    except Exception:
        return None


print(json.dumps([trigger(spec) for spec in json.load(sys.stdin)]))
