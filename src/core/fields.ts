import { automationsEqual, automationsJson, diffAutomations, openAutomations } from "./automation.ts"
import { field, type Field } from "./field.ts"
import { canonicalJson, isJsonObject, jsonEqual, type Json, type JsonObject } from "./json.ts"
import { overlayAll } from "./overlay.ts"
import type { Automation, ConcurrencyOptions, LiveAutomation, LiveSchedule, Schedule } from "./parts.ts"
import { diffSchedules, openSchedules, planSchedules, schedulesJson } from "./schedule.ts"
import { reaches } from "./version.ts"

/**
 * The fields of a deployment that Lockstep can manage: a table, not branches. A queue travels with its pool, because without
 * it Prefect moves the deployment to `default-agent-pool`; a schema with the parameters, because it is checked against the
 * old ones otherwise.
 */
const table = {
  description: field<string | null>({
    wire: "description",
    type: "text",
    letter: "d",
    default: null,
    reset: null,
    canonical: (text) => text || null,
    // `prefect deploy` stores the text "None" at creation when there is no description anywhere.
    equal: (desired, live) => (desired || null) === (live || null) || (!desired && live === "None"),
  }),
  version: field<string | null>({ wire: "version", type: "text", letter: "v", default: null, reset: null, told: 11 }),
  /** Without the control tags (`core/mark.ts`). */
  tags: field<readonly string[]>({
    wire: "tags",
    letter: "t",
    default: [],
    reset: [],
    place: "own-place",
    canonical: (tags) => [...new Set(tags)].toSorted(),
    shown: "set",
    told: 10,
    concealed: "list",
  }),
  paused: field<boolean>({ wire: "paused", letter: "p", default: false, reset: false, type: "boolean", told: 4 }),
  entrypoint: field<string | null>({
    wire: "entrypoint",
    letter: "e",
    default: null,
    type: "text",
    needed: true,
    told: 1,
  }),
  parameters: field<JsonObject>({
    wire: "parameters",
    letter: "a",
    default: {},
    reset: {},
    couple: "parameters",
    type: "object",
    told: 8,
    concealed: "live-only",
  }),
  parameterSchema: field<JsonObject>({
    wire: "parameter_openapi_schema",
    type: "object",
    key: null,
    letter: "s",
    default: {},
    couple: "parameters",
    canonical: projectSchema,
    shown: "schema",
    concealed: "schema",
  }),
  enforceParameterSchema: field<boolean>({
    wire: "enforce_parameter_schema",
    type: "boolean",
    letter: "n",
    default: true,
    reset: true,
    couple: "parameters",
  }),
  pullSteps: field<readonly Json[]>({
    wire: "pull_steps",
    type: "list",
    key: null,
    needed: true,
    letter: "l",
    default: [],
    reset: [],
    // What a run pulls is what runs; only the commit moves with Git.
    reviewed: (path) => !path.endsWith(".commit_sha"),
    concealed: "live-only",
  }),
  workPool: field<string | null>({
    wire: "work_pool_name",
    type: "text",
    key: "work_pool.name",
    needed: true,
    letter: "w",
    default: null,
    couple: "infrastructure",
    mate: (live) => live,
    told: 2,
  }),
  /** null = the pool's default queue. */
  workQueue: field<string | null>({
    wire: "work_queue_name",
    type: "text",
    key: "work_pool.work_queue_name",
    letter: "q",
    default: null,
    reset: null,
    couple: "infrastructure",
    // A queue belongs to its pool, so after a change of the pool only the new pool's default is known to exist.
    mate: (live, moved) => (moved("work_pool_name") ? null : live),
    // A pool without a queue means its default one; an explicit null is refused by old servers.
    send: (queue) => queue ?? undefined,
    told: 3,
  }),
  jobVariables: field<JsonObject>({
    wire: "job_variables",
    type: "object",
    key: "work_pool.job_variables",
    letter: "j",
    default: {},
    reset: {},
    couple: "infrastructure",
    // Servers before 3.8 ignore an empty object, so there `{"env": {}}` stands for "none".
    send: (variables, { server }) =>
      Object.keys(variables).length === 0 && !reaches(server, [3, 8, 0]) ? { env: {} } : variables,
    canonical: (variables) => (jsonEqual(variables, { env: {} }) ? {} : variables),
    told: 9,
    concealed: "live-only",
  }),
  concurrencyLimit: field<number | null>({
    wire: "concurrency_limit",
    letter: "c",
    default: null,
    reset: null,
    send: (limit, { creating }) => (creating && limit === null ? undefined : limit),
    told: 5,
  }),
  concurrencyOptions: field<ConcurrencyOptions | null>({
    wire: "concurrency_options",
    key: "concurrency_limit",
    letter: "o",
    default: null,
    reset: null,
    since: {
      version: [3, 6, 6],
      code: "grace-period-not-managed",
      message: "this server is older than 3.6.6 and keeps no grace_period_seconds, so it isn't written",
      concerns: (options) => (options?.gracePeriodSeconds ?? null) !== null,
      without: (options) => options && { ...options, gracePeriodSeconds: null },
    },
    send: optionsBody,
    canonical: optionsJson,
    open: (options, live, paths) => overlayAll(options as Json, live, paths.map(ourNames)) as ConcurrencyOptions | null,
  }),
  schedules: field<readonly Schedule[]>({
    wire: "schedules",
    letter: "h",
    default: [],
    reset: [],
    place: "own-place",
    canonical: schedulesJson,
    equal: (desired, live) => schedulesEqual(desired, live as readonly LiveSchedule[]),
    diff: (desired, live) => diffSchedules(desired, live as readonly LiveSchedule[]),
    open: (schedules, _live, paths) => openSchedules(schedules, paths),
    shown: "schedules",
    told: 6,
    concealed: "live-parameters",
  }),
  automations: field<readonly Automation[]>({
    wire: "triggers",
    letter: "g",
    default: [],
    reset: [],
    place: "own-routes",
    since: {
      version: [3, 4, 7],
      code: "triggers-not-managed",
      message: "this server's automations can't be marked as ours (it is older than 3.4.7), so triggers are left alone",
      concerns: (automations) => automations.length > 0,
      without: () => undefined,
    },
    canonical: automationsJson,
    equal: (desired, live) => automationsEqual(desired, live as readonly LiveAutomation[]),
    diff: (desired, live) => diffAutomations(desired, live as readonly LiveAutomation[]),
    open: (automations, _live, paths) => openAutomations(automations, paths),
    shown: "triggers",
    told: 7,
    concealed: "live-actions",
  }),
}

type Table = typeof table
export type FieldName = keyof Table
/** The fields with their values, as Git and Prefect both have them. */
export type DeploymentFields = { readonly [F in FieldName]: Table[F] extends Field<infer T> ? T : never }

export const fields: { readonly [F in FieldName]: Field<DeploymentFields[F]> } = table
export const fieldNames = Object.keys(fields) as readonly FieldName[]

/** The field's name as Prefect writes it. */
export function fieldTitle(name: FieldName): string {
  return fields[name].wire
}

/** The entry of the table for a name that is only known at run time. */
export function fieldOf<F extends FieldName>(name: F): Field<DeploymentFields[F]> {
  return fields[name]
}

/** The entry of the table whose field Prefect calls so, if there is one. */
export function fieldCalled(wire: string): Field<never> | undefined {
  return byWire.get(wire)
}

const byWire = new Map(fieldNames.map((name) => [fields[name].wire, fields[name] as unknown as Field<never>]))

function schedulesEqual(desired: readonly Schedule[], live: readonly LiveSchedule[]): boolean {
  const { patch, remove } = planSchedules(desired, live)
  return patch.length + remove.length === 0
}

function optionsBody(options: ConcurrencyOptions | null): Json {
  if (!options) return null
  const { collisionStrategy, gracePeriodSeconds } = options
  return {
    collision_strategy: collisionStrategy,
    ...(gracePeriodSeconds !== null && { grace_period_seconds: gracePeriodSeconds }),
  }
}

/** A path with names as people and Prefect write them, in the model's. */
function ourNames(path: readonly string[]): readonly string[] {
  return path.map((part) => part.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()))
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
