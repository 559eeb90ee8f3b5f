import { automationsEqual, automationsJson } from "./automation.ts"
import { canonicalJson, isJsonObject, jsonEqual, type Json, type JsonObject } from "./json.ts"
import type {
  ConcurrencyOptions,
  DeploymentFields,
  FieldName,
  LiveAutomation,
  LiveSchedule,
  Schedule,
} from "./model.ts"
import { planSchedules, schedulesJson } from "./schedule.ts"

/**
 * What drift, plan and apply know about each field of a deployment: a table, not branches. Fields of one couple travel
 * together, because Prefect reads one without the others wrongly: a queue without its pool moves the deployment to
 * `default-agent-pool`, a schema without the parameters is checked against the old ones.
 */
export interface Field<F extends FieldName> {
  readonly name: F
  /** As Prefect and its users write it. */
  readonly title: string
  /** Stands for the field in the mark; never changes meaning once released. */
  readonly letter: string
  /** What a field that Git no longer declares is reset to, once; undefined = left as it is. */
  readonly reset: DeploymentFields[F] | undefined
  readonly couple: "infrastructure" | "parameters" | null
  /** The one form in which two values are compared and shown. */
  readonly canonical: (value: DeploymentFields[F]) => Json
  readonly equal: (desired: DeploymentFields[F], live: DeploymentFields[F]) => boolean
}

type Table = { readonly [F in FieldName]: Field<F> }

export const fields: Table = {
  description: field("description", "d", {
    reset: null,
    canonical: (text) => text || null,
    // `prefect deploy` stores the text "None" at creation when there is no description anywhere.
    equal: (desired, live) => (desired || null) === (live || null) || (!desired && live === "None"),
  }),
  version: field("version", "v", { reset: null }),
  tags: field("tags", "t", { reset: [], canonical: (tags) => [...new Set(tags)].toSorted() }),
  paused: field("paused", "p", { reset: false }),
  entrypoint: field("entrypoint", "e", {}),
  parameters: field("parameters", "a", { reset: {}, couple: "parameters" }),
  parameterSchema: field("parameterSchema", "s", {
    title: "parameter_openapi_schema",
    couple: "parameters",
    canonical: projectSchema,
  }),
  enforceParameterSchema: field("enforceParameterSchema", "n", {
    title: "enforce_parameter_schema",
    reset: true,
    couple: "parameters",
  }),
  pullSteps: field("pullSteps", "l", { title: "pull_steps", reset: [] }),
  workPool: field("workPool", "w", { title: "work_pool_name", couple: "infrastructure" }),
  workQueue: field("workQueue", "q", { title: "work_queue_name", reset: null, couple: "infrastructure" }),
  jobVariables: field("jobVariables", "j", {
    title: "job_variables",
    reset: {},
    couple: "infrastructure",
    // Servers before 3.8 can't empty them, so there `{"env": {}}` stands for "none".
    canonical: (variables) => (jsonEqual(variables, { env: {} }) ? {} : variables),
  }),
  concurrencyLimit: field("concurrencyLimit", "c", { title: "concurrency_limit", reset: null }),
  concurrencyOptions: field("concurrencyOptions", "o", {
    title: "concurrency_options",
    reset: null,
    canonical: optionsJson,
  }),
  schedules: field("schedules", "h", {
    reset: [],
    canonical: schedulesJson,
    equal: (desired, live) => schedulesEqual(desired, live as readonly LiveSchedule[]),
  }),
  automations: field("automations", "g", {
    title: "triggers",
    reset: [],
    canonical: automationsJson,
    equal: (desired, live) => automationsEqual(desired, live as readonly LiveAutomation[]),
  }),
}

export const fieldNames = Object.keys(fields) as readonly FieldName[]

/** The field's name as Prefect writes it. */
export function fieldTitle(name: FieldName): string {
  return fields[name].title
}

/** The entry of the table for a name that is only known at run time. */
export function fieldOf<F extends FieldName>(name: F): Field<F> {
  return fields[name]
}

interface Options<F extends FieldName> {
  title?: string
  reset?: DeploymentFields[F]
  couple?: Field<F>["couple"]
  canonical?: Field<F>["canonical"]
  equal?: Field<F>["equal"]
}

function field<F extends FieldName>(name: F, letter: string, options: Options<F>): Field<F> {
  const canonical = options.canonical ?? ((value: DeploymentFields[F]) => value as Json)
  return {
    name,
    title: options.title ?? name,
    letter,
    reset: options.reset,
    couple: options.couple ?? null,
    canonical,
    equal: options.equal ?? ((desired, live) => jsonEqual(canonical(desired), canonical(live))),
  }
}

function schedulesEqual(desired: readonly Schedule[], live: readonly LiveSchedule[]): boolean {
  const { patch, remove } = planSchedules(desired, live)
  return patch.length + remove.length === 0
}

function optionsJson(options: ConcurrencyOptions | null): Json {
  if (!options) return null
  const { collisionStrategy, gracePeriodSeconds } = options
  return { collisionStrategy, ...(gracePeriodSeconds !== null && { gracePeriodSeconds }) }
}

/** Words of JSON Schema that carry meaning for a run; the others vary with the pydantic that wrote the schema. */
const meaningful = new Set(
  "type enum const required default $ref anyOf allOf oneOf items prefixItems additionalProperties properties definitions position description format".split(
    " ",
  ),
)

/** A schema reduced to what matters: names, types, enums, required, defaults, references, order, descriptions. */
function projectSchema(schema: JsonObject): Json {
  const projected = projectNode(schema)
  const properties = projected["properties"]
  const empty = properties === undefined || (isJsonObject(properties) && Object.keys(properties).length === 0)
  return empty ? {} : projected
}

function projectNode(node: JsonObject): JsonObject {
  const kept = Object.entries(node).filter(([word, value]) => meaningful.has(word) && !isEmptyList(word, value))
  return Object.fromEntries(kept.map(([word, value]) => [word, projectWord(word, value)]))
}

function projectWord(word: string, value: Json): Json {
  if (word === "default" || word === "enum" || word === "const") return value
  if (word === "required" && Array.isArray(value)) return value.map(String).toSorted()
  if (word === "properties" || word === "definitions") return isJsonObject(value) ? mapValues(value) : value
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => (isJsonObject(item) ? projectNode(item) : item))
    // Python's typing remembers a union by its members: the order may be that of another place in the program.
    return word === "anyOf" ? items.toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)) : items
  }
  return isJsonObject(value) ? projectNode(value) : value
}

function mapValues(members: JsonObject): JsonObject {
  const projected = Object.entries(members).map(([name, node]) => [name, isJsonObject(node) ? projectNode(node) : node])
  return Object.fromEntries(projected) as JsonObject
}

function isEmptyList(word: string, value: Json): boolean {
  if (word === "required") return Array.isArray(value) && value.length === 0
  return word === "definitions" && isJsonObject(value) && Object.keys(value).length === 0
}
