import { canonicalJson, isJsonObject, jsonEqual, type Json, type JsonObject } from "../../core/json.ts"
import type { Path } from "./template.ts"

/** Why Prefect's server refuses a value, and where in it. */
export interface Refusal {
  readonly path: Path
  /** What it wants there, as in "must be …". */
  readonly wanted: string
}

/** Schemas that refer to themselves and deep unions take long; beyond this nothing is refused. */
const stepsMax = 20_000
const shownMax = 8

/**
 * Why a value doesn't fit a schema of pydantic's, as Prefect's server finds with `jsonschema`, or null. It refuses at most
 * what the server does: keywords that aren't known here refuse nothing, `required` doesn't count since a run may give the
 * rest, and `null` is taken where one of its two ways to check takes it (`utilities/schema_tools/validation.py`).
 */
export function refusalOf(value: Json, schema: JsonObject): Refusal | null {
  const state: State = { root: schema, steps: 0 }
  const refusal = refuse(value, schema, { path: [], state })
  return state.steps > stepsMax ? null : refusal
}

interface State {
  readonly root: JsonObject
  steps: number
}
interface Place {
  readonly path: Path
  readonly state: State
}

function refuse(value: Json, schema: Json | undefined, place: Place): Refusal | null {
  place.state.steps += 1
  // Blocks may be given by their id, which Prefect puts into the schema itself.
  if (!isJsonObject(schema) || "block_type_slug" in schema || place.state.steps > stepsMax) return null
  for (const [keyword, check] of checks) {
    const given = schema[keyword]
    const refusal = given === undefined ? null : check({ value, given, schema, place })
    if (refusal !== null) return refusal
  }
  return null
}

interface Question {
  readonly value: Json
  /** What the keyword says. */
  readonly given: Json
  readonly schema: JsonObject
  readonly place: Place
}
type Check = (question: Question) => Refusal | null

const checks: readonly (readonly [string, Check])[] = [
  ["$ref", ({ value, given, place }) => refuse(value, referred(given, place.state.root), place)],
  ["type", refuseType],
  ["enum", ({ value, given, place }) => unless(isOneOf(value, given), place, `one of ${shown(given)}`)],
  ["const", ({ value, given, place }) => unless(isOneOf(value, [given]), place, shown([given]))],
  ["anyOf", refuseAll],
  ["oneOf", refuseAll],
  ["allOf", ({ value, given, place }) => first(list(given), (part) => refuse(value, part, place))],
  ["minimum", bound((number, limit) => number >= limit, "at least")],
  ["maximum", bound((number, limit) => number <= limit, "at most")],
  ["exclusiveMinimum", bound((number, limit) => number > limit, "more than")],
  ["exclusiveMaximum", bound((number, limit) => number < limit, "less than")],
  ["minLength", size(lettersOf, (length, limit) => length >= limit, "a text of at least")],
  ["maxLength", size(lettersOf, (length, limit) => length <= limit, "a text of at most")],
  ["minItems", size(itemsOf, (length, limit) => length >= limit, "a list of at least")],
  ["maxItems", size(itemsOf, (length, limit) => length <= limit, "a list of at most")],
  ["prefixItems", refusePlaces],
  ["items", refuseItems],
  ["properties", refuseProperties],
  ["additionalProperties", refuseOthers],
]

const types: Readonly<Record<string, readonly [string, (value: Json) => boolean]>> = {
  null: ["empty", (value) => value === null],
  boolean: ["true or false", (value) => typeof value === "boolean"],
  integer: ["a whole number", (value) => typeof value === "bigint" || Number.isInteger(value)],
  number: ["a number", (value) => typeof value === "bigint" || typeof value === "number"],
  string: ["a text", (value) => typeof value === "string"],
  array: ["a list", (value) => Array.isArray(value)],
  object: ["a mapping", (value) => isJsonObject(value)],
}

function refuseType({ value, given, place }: Question): Refusal | null {
  const wanted = (Array.isArray(given) ? (given as readonly Json[]) : [given]).map((name) =>
    typeof name === "string" ? types[name] : undefined,
  )
  const known = wanted.filter((type) => type !== undefined)
  const fits = known.length < wanted.length || known.some(([, is]) => is(value))
  return unless(fits, place, known.map(([words]) => words).join(" or "))
}

/** `1` is no `true` in JSON, and `1.0` is `1`. */
function isOneOf(value: Json, given: Json): boolean {
  return !Array.isArray(given) || given.some((one: Json) => jsonEqual(one, value))
}

/** Of alternatives one must fit; which refuses it least tells most. */
function refuseAll({ value, given, place }: Question): Refusal | null {
  const parts = list(given)
  const refusals = parts.flatMap((part) => refuse(value, part, place) ?? [])
  if (parts.length === 0 || refusals.length < parts.length) return null
  const deepest = refusals.toSorted((a, b) => b.path.length - a.path.length)[0] as Refusal
  if (deepest.path.length > place.path.length) return deepest
  return { path: place.path, wanted: [...new Set(refusals.map(({ wanted }) => wanted))].join(" or ") }
}

function refusePlaces({ value, given, place }: Question): Refusal | null {
  if (!Array.isArray(value)) return null
  return first(list(given), (part, i) => (i < value.length ? refuse(value[i] as Json, part, below(place, i)) : null))
}

function refuseItems({ value, given, schema, place }: Question): Refusal | null {
  if (!Array.isArray(value) || Array.isArray(given)) return null
  const from = list(schema["prefixItems"] ?? []).length
  if (given === false)
    return unless(value.length <= from, place, `a list of at most ${from} ${from === 1 ? "item" : "items"}`)
  return first(value as readonly Json[], (item, i) => (i < from ? null : refuse(item, given, below(place, i))))
}

function refuseProperties({ value, given, schema, place }: Question): Refusal | null {
  if (!isJsonObject(value) || !isJsonObject(given)) return null
  const required = list(schema["required"] ?? [])
  return first(Object.entries(value), ([key, member]) => {
    // Prefect takes `required` out everywhere, a property of that name included.
    const wanted = key !== "required" && Object.hasOwn(given, key) ? given[key] : undefined
    const optional = isJsonObject(wanted) && wanted["default"] === undefined && !required.includes(key)
    return member === null && optional ? null : refuse(member, wanted, below(place, key))
  })
}

function refuseOthers({ value, given, schema, place }: Question): Refusal | null {
  if (!isJsonObject(value) || schema["patternProperties"] !== undefined) return null
  const known = isJsonObject(schema["properties"]) ? schema["properties"] : {}
  const others = Object.entries(value).filter(([key]) => !Object.hasOwn(known, key))
  return first(others, ([key, member]) =>
    given === false
      ? { path: [...place.path, key], wanted: `one of ${Object.keys(known).slice(0, shownMax).join(", ")}` }
      : refuse(member, given, below(place, key)),
  )
}

function bound(fits: (number: number | bigint, limit: number | bigint) => boolean, words: string): Check {
  return ({ value, given, place }) =>
    isNumber(value) && isNumber(given) ? unless(fits(value, given), place, `${words} ${given}`) : null
}

function size(
  measure: (value: Json) => { readonly length: number; readonly unit: string } | null,
  fits: (length: number, limit: number | bigint) => boolean,
  words: string,
): Check {
  return ({ value, given, place }) => {
    const measured = measure(value)
    if (measured === null || !isNumber(given)) return null
    return unless(fits(measured.length, given), place, `${words} ${given} ${measured.unit}`)
  }
}

/** Python counts characters, not halves of them. */
function lettersOf(value: Json) {
  return typeof value === "string" ? { length: Array.from(value).length, unit: "characters" } : null
}

function itemsOf(value: Json) {
  return Array.isArray(value) ? { length: value.length, unit: "items" } : null
}

function isNumber(value: Json | undefined): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint"
}

/** `#/definitions/Name`; nothing else is looked up. */
function referred(reference: Json, root: JsonObject): Json | undefined {
  const [, part = "", name = ""] =
    /^#\/(definitions|\$defs)\/([^/~%]+)$/.exec(typeof reference === "string" ? reference : "") ?? []
  const definitions = root[part]
  return isJsonObject(definitions) && Object.hasOwn(definitions, name) ? definitions[name] : undefined
}

function unless(fits: boolean, { path }: Place, wanted: string): Refusal | null {
  return fits ? null : { path, wanted }
}

function below({ path, state }: Place, step: string | number): Place {
  return { path: [...path, step], state }
}

function list(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function first<T>(items: readonly T[], check: (item: T, index: number) => Refusal | null): Refusal | null {
  for (const [index, item] of items.entries()) {
    const refusal = check(item, index)
    if (refusal !== null) return refusal
  }
  return null
}

function shown(values: Json): string {
  const texts = list(values).map((value) => canonicalJson(value))
  return texts.slice(0, shownMax).join(", ") + (texts.length > shownMax ? ", …" : "")
}
