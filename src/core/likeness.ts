import { fields } from "./fields.ts"
import { jsonEqual } from "./json.ts"
import type { DesiredDeployment, LiveDeployment } from "./model.ts"

/** 0 = another thing: only the same entrypoint makes two deployments candidates for one. */
export function likeness(orphan: LiveDeployment, desired: DesiredDeployment): number {
  const { entrypoint, schedules, parameters } = desired.fields
  if (!("value" in entrypoint) || entrypoint.value !== orphan.fields.entrypoint) return 0
  const sameSchedules = "value" in schedules && fields.schedules.equal(schedules.value, orphan.fields.schedules)
  const sameParameters = "value" in parameters && jsonEqual(parameters.value ?? null, orphan.fields.parameters)
  return 1 + (sameSchedules ? 2 : 0) + (sameParameters ? 1 : 0)
}
