import type { Json, JsonObject } from "../../src/core/json.ts"
import { isJsonObject, jsonEqual } from "../../src/core/json.ts"
import { isControlTag } from "../../src/core/mark.ts"
import type { DesiredDeployment, FieldName } from "../../src/core/model.ts"
import { fieldNames, fieldOf, fieldTitle } from "../../src/core/fields.ts"
import { placeIn, type Code } from "./place.ts"

/** A deployment as `POST /deployments/filter` gives it. */
export type Live = JsonObject & { readonly id: string; readonly name: string; readonly flow_id: string }

export interface Difference {
  readonly field: string
  readonly prefect: Json
  readonly lockstep: Json
  /** The documented rule that explains it; null = nothing does, so something is wrong. */
  readonly rule: string | null
}

interface Case {
  readonly code: Code
  readonly prefect: Json
  readonly lockstep: Json
  readonly wanted: DesiredDeployment
}

interface Rule {
  readonly field: string
  /** What is documented, and where. */
  readonly says: string
  readonly explains: (one: Case) => boolean
}

/** Every difference that is meant. Nothing else may differ. */
const rules: readonly Rule[] = [
  {
    field: "pull_steps",
    says: "without `pull` the repository is cloned, to the folder that prefect deploy notes of its checkout (README)",
    explains: ({ prefect, lockstep, wanted, code }) =>
      wanted.fields.pullSteps.kind === "derived" &&
      placeIn(prefect, code) !== null &&
      placeIn(prefect, code) === placeIn(lockstep, code),
  },
  {
    field: "version",
    says: "an undeclared version isn't managed, where prefect deploy notes the commit (core/fields.ts)",
    explains: ({ wanted }) => wanted.fields.version.kind === "absent",
  },
  {
    field: "description",
    says: 'no description anywhere: prefect deploy stores the text "None" (core/fields.ts)',
    explains: ({ prefect, lockstep }) => prefect === "None" && lockstep === null,
  },
  {
    field: "parameter_openapi_schema",
    says: "schema-undecided: an unknown parameter is left open, and that is reported",
    explains: ({ wanted }) => wanted.fields.parameterSchema.kind === "undecided",
  },
  {
    field: "enforce_parameter_schema",
    says: "schema-undecided: an open schema isn't enforced",
    explains: ({ wanted }) => wanted.fields.enforceParameterSchema.kind === "undecided",
  },
  {
    field: "description",
    says: "a description that only running the flow gives is left alone",
    explains: ({ wanted }) => wanted.fields.description.kind === "undecided",
  },
  {
    field: "job_variables",
    says: "block placeholders stay for the worker, where prefect deploy writes the secret's text",
    explains: ({ prefect, lockstep }) => jsonEqual(withoutBlocks(lockstep, prefect), prefect),
  },
  {
    field: "schedules",
    says: "an interval without anchor, or a rule without start, begins at the moment of its creation",
    explains: ({ prefect, lockstep }) => jsonEqual(withoutStarts(prefect), withoutStarts(lockstep)),
  },
]

/** All fields of both servers that differ, each with the rule that explains it. */
export function compare(prefect: Live, lockstep: Live, wanted: DesiredDeployment, code: Code): readonly Difference[] {
  const [here, there] = [stored(prefect), stored(lockstep)]
  return Object.keys(here).flatMap((field) => {
    const one = { prefect: here[field] ?? null, lockstep: there[field] ?? null, wanted, code }
    if (jsonEqual(one.prefect, one.lockstep)) return []
    const rule = rules.find((each) => each.field === field && each.explains(one))
    return [{ field, prefect: one.prefect, lockstep: one.lockstep, rule: rule?.says ?? null }]
  })
}

/** What counts of a stored deployment: all that prefect deploy sends, in one order. */
function stored(live: Live): JsonObject {
  const fields = Object.fromEntries(fieldNames.map((name) => [fieldTitle(name), live[fieldTitle(name)] ?? null]))
  const limit = live["global_concurrency_limit"]
  return {
    ...fields,
    name: live["name"] ?? null,
    path: live["path"] ?? null,
    pull_steps: listOf(live["pull_steps"]),
    // Prefect stores one that is given twice twice.
    tags: [...new Set(textsOf(live["tags"]))].filter((tag) => !isControlTag(tag)).toSorted(),
    concurrency_limit: isJsonObject(limit ?? null) ? ((limit as JsonObject)["limit"] ?? null) : null,
    parameter_openapi_schema: canonical("parameterSchema", live["parameter_openapi_schema"]),
    triggers: live["automations"] ?? null,
    schedules: listOf(live["schedules"])
      .map((each) => scheduleOf(each as JsonObject))
      .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  }
}

function canonical(name: FieldName, value: Json | undefined): Json {
  return fieldOf(name).canonical((value ?? {}) as never)
}

function scheduleOf({ schedule, active, slug, parameters, max_scheduled_runs: runs }: JsonObject): JsonObject {
  return {
    schedule: schedule ?? null,
    active: active ?? null,
    slug: slug ?? null,
    parameters: parameters ?? {},
    runs: runs ?? null,
  }
}

/** Secrets that the worker resolves, replaced by what prefect deploy stored in their place. */
function withoutBlocks(lockstep: Json, prefect: Json): Json {
  if (typeof lockstep === "string" && lockstep.includes("{{ prefect.blocks.")) return prefect
  if (!isJsonObject(lockstep) || !isJsonObject(prefect)) return lockstep
  return Object.fromEntries(
    Object.entries(lockstep).map(([key, value]) => [key, withoutBlocks(value, prefect[key] ?? null)]),
  )
}

function withoutStarts(schedules: Json): Json {
  return listOf(schedules).map((each) => {
    const { anchor_date: anchor, rrule, ...rest } = (each as JsonObject)["schedule"] as JsonObject
    const start = typeof anchor === "string" && Date.now() - Date.parse(anchor) < 3_600_000 ? null : (anchor ?? null)
    const rule = typeof rrule === "string" ? rrule.replace(/^DTSTART:\S+\s+/, "") : null
    return { ...(each as JsonObject), schedule: { ...rest, start, rule } }
  })
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function textsOf(value: Json | undefined): readonly string[] {
  return listOf(value).map(String)
}
