"""What Prefect takes of cron texts, recurrence rules, time zones and durations (a JSON object of lists on stdin).

Prints an object of lists: whether it takes each; of durations the seconds, or null; of anchors the instant, or null.
"""

import json
import sys
import warnings
from datetime import timedelta

from prefect.client.schemas.schedules import CronSchedule, RRuleSchedule
from prefect.types._datetime import parse_datetime
from pydantic import TypeAdapter

warnings.simplefilter("ignore")
duration = TypeAdapter(timedelta)


def takes(make):
    try:
        return make() or True
    except Exception:
        return None


given = json.load(sys.stdin)
print(
    json.dumps(
        {
            "cron": [takes(lambda: CronSchedule(cron=text)) is not None for text in given["cron"]],
            "rrule": [takes(lambda: RRuleSchedule(rrule=text)) is not None for text in given["rrule"]],
            "timezone": [takes(lambda: CronSchedule(cron="@daily", timezone=text)) is not None for text in given["timezone"]],
            "duration": [takes(lambda: duration.validate_python(value).total_seconds()) for value in given["duration"]],
            "anchor": [takes(lambda: parse_datetime(text).isoformat()) for text in given["anchor"]],
        }
    )
)
