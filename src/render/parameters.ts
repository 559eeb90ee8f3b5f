import { isJsonObject, type Json, type JsonObject } from "../core/json.ts"
import type { DesiredFields, Location, Problem, Value } from "../core/model.ts"
import { nearest } from "../core/nearest.ts"
import type { IndexedEntry } from "./index.ts"
import { refusalOf } from "./manifest/json-schema.ts"
import { laxBoolean } from "./manifest/lax.ts"
import { isOpen } from "./manifest/placeholders.ts"
import type { EntryReader } from "./manifest/reader.ts"
import { problem } from "./manifest/rules.ts"
import type { Path } from "./manifest/template.ts"
import type { FlowFacts } from "../python/reading.ts"
import { toJson } from "../yaml/dialect.ts"

type Fields = Pick<DesiredFields, "parameters" | "parameterSchema" | "enforceParameterSchema" | "schedules">

/** The schema that was read, or why it wasn't. */
export function schemaFields(
  entry: IndexedEntry,
  reader: EntryReader,
): Pick<DesiredFields, "parameterSchema" | "enforceParameterSchema"> {
  const enforce = reader.boolean("enforce_parameter_schema")
  const given: Value<JsonObject> = reader.object("parameter_openapi_schema", "plain")
  if (given.kind === "declared" || !entry.flow) return { parameterSchema: given, enforceParameterSchema: enforce }
  const { schema, looseSchema, undecidedParameters } = entry.flow
  if (schema.decided)
    return { parameterSchema: { kind: "derived", value: schema.value }, enforceParameterSchema: enforce }
  for (const { name, reason, at } of undecidedParameters)
    reader.problems.push(schemaUndecided(`of parameter \`${name}\``, reason, at))
  if (undecidedParameters.length === 0)
    reader.problems.push(schemaUndecided("of the parameters", schema.reason, schema.at))
  return {
    parameterSchema: { kind: "undecided", reason: schema.reason, create: looseSchema },
    enforceParameterSchema:
      enforce.kind === "absent" ? { kind: "undecided", reason: schema.reason, create: false } : enforce,
  }
}

function schemaUndecided(what: string, reason: string, at: Location): Problem {
  const message = `the schema ${what} can't be known without running the flow: ${reason}; the live schema stays (give parameter_openapi_schema to set it)`
  return problem("schema-undecided", message, at)
}

/**
 * `parameters` against the flow. Prefect's server refuses values that don't fit the schema where that is enforced; what
 * it takes and no run can begin with is a warning: names that the flow hasn't, and such values elsewhere.
 */
export function checkParameters({ flow }: IndexedEntry, reader: EntryReader, fields: Fields): void {
  const names = flow && namesOf(flow)
  const schema = enforcedSchema(fields)
  for (const { path, parameters } of given(reader, fields)) {
    const check: Check = { reader, path, names, schema: path.length === 1 ? schema : null }
    for (const [name, value] of Object.entries(parameters).slice(0, parametersMax))
      if (isKnown(name, check) && !isHidden(value)) checkValue(check, name, value)
  }
}

function checkValue(check: Check, name: string, value: Json): void {
  const refusal = check.schema && refusalOf({ [name]: value }, check.schema)
  if (refusal) refuse(check, refusal.path, refusal.wanted)
  else warnOfType(check, name, value)
}

/** The parameters with what is known of each; null of a flow of which nothing is, so that it may have others. */
function namesOf({ schema, looseSchema, undecidedParameters }: FlowFacts): JsonObject | null {
  const names = propertiesOf(schema.decided ? schema.value : looseSchema)
  return schema.decided || undecidedParameters.length < Object.keys(names).length ? names : null
}

/** What the server holds the values against. */
function enforcedSchema({ enforceParameterSchema: enforce, parameterSchema: schema }: Fields): JsonObject | null {
  const enforced = enforce.kind === "absent" || ("value" in enforce && enforce.value)
  return enforced && "value" in schema ? schema.value : null
}

/** As many as a flow may have; looking for what the others meant would take the square of their number. */
const parametersMax = 500

interface Check {
  readonly reader: EntryReader
  /** Where the parameters stand in the entry. */
  readonly path: Path
  readonly names: JsonObject | null
  /** Where the server checks them. */
  readonly schema: JsonObject | null
}

/** The entry's own parameters, those of its schedules, and, by their names, those that its triggers give. */
function given(
  reader: EntryReader,
  { parameters, schedules }: Fields,
): readonly { path: Path; parameters: JsonObject }[] {
  const own = "value" in parameters ? [{ path: ["parameters"], parameters: parameters.value }] : []
  const list = "value" in schedules ? schedules.value : []
  const several = reader.node("schedules")?.kind === "list"
  const ofSchedules = list.map((schedule, i) => ({
    path: [...(several ? ["schedules", i] : ["schedule"]), "parameters"],
    parameters: schedule.parameters ?? {},
  }))
  const triggers = reader.node("triggers")
  const items = triggers?.kind === "list" ? triggers.items : []
  const ofTriggers = items.flatMap((item, i) => {
    const node = item.kind === "map" ? item.entries.get("parameters")?.value : undefined
    const written = node ? toJson(node) : null
    return isJsonObject(written) ? [{ path: ["triggers", i, "parameters"], parameters: onlyNames(written) }] : []
  })
  return [...own, ...ofSchedules, ...ofTriggers]
}

/** What a trigger's values will be is known when it fires. */
function onlyNames(parameters: JsonObject): JsonObject {
  return Object.fromEntries(Object.keys(parameters).map((name) => [name, "{{ x }}"]))
}

function isKnown(name: string, { reader, path, names }: Check): boolean {
  if (names === null || Object.hasOwn(names, name)) return true
  const guess = nearest(name, Object.keys(names))
  const list = Object.keys(names).slice(0, namesMax).join(", ")
  const hint = guess ? `did you mean \`${guess}\`?` : list === "" ? "it has none" : `it has ${list}`
  reader.warn("parameter-unknown", `the flow has no parameter \`${name}\`, so none of its runs could begin: ${hint}`, [
    ...path,
    name,
  ])
  return false
}

const namesMax = 8

function refuse({ reader, path }: Check, [name = "", ...rest]: Path, wanted: string): void {
  const place = [...path, name, ...rest]
  const inside = rest.length > 0 ? ` (at ${rest.join(".")})` : ""
  const message = `parameter \`${name}\`${inside} must be ${wanted}, not ${reader.written(place)}`
  reader.findIn("parameter-invalid", message, place)
}

/** Python's own types take texts for numbers, too; only what none of them takes is told. */
function warnOfType({ reader, path, names }: Check, name: string, value: Json): void {
  const property = names?.[name]
  const type = plain.find((one) => isJsonObject(property) && property["type"] === one.type)
  if (!type || value === null || type.fits(value)) return
  const place = [...path, name]
  const message = `parameter \`${name}\` must be ${type.words}, not ${reader.written(place)}: Prefect takes it, and no run could begin`
  reader.warn("parameter-invalid", message, place)
}

const plain = [
  { type: "integer", words: "a whole number", fits: looksLikeNumber },
  { type: "number", words: "a number", fits: looksLikeNumber },
  { type: "boolean", words: "true or false", fits: (value: Json) => laxBoolean(value) !== null },
]

function looksLikeNumber(value: Json): boolean {
  if (typeof value !== "string") return typeof value !== "object"
  return /\d|^\s*[-+]?(?:inf|infinity|nan)\s*$/i.test(value)
}

/** Placeholders without a value, and objects that the server fills in by itself. */
function isHidden(value: Json): boolean {
  return isOpen(value) || hasKind(value)
}

function hasKind(value: Json): boolean {
  if (Array.isArray(value)) return value.some((item: Json) => hasKind(item))
  return isJsonObject(value) && ("__prefect_kind" in value || Object.values(value).some((member) => hasKind(member)))
}

function propertiesOf(schema: JsonObject): JsonObject {
  const { properties } = schema
  return isJsonObject(properties) ? properties : {}
}
