import type { Json, JsonObject } from "../../core/json.ts"
import { jsonEqual } from "../../core/json.ts"
import { Untyped } from "../names/session.ts"

/** Which constraints apply to a type, and whether it brings its own title (`reference`). */
export type Family = "number" | "text" | "array" | "object" | "reference" | "instance" | "other"

/** A Python type as far as its JSON schema goes. */
export type Type =
  | { readonly kind: "schema"; readonly schema: JsonObject; readonly family: Family }
  | { readonly kind: "null" }
  | { readonly kind: "union"; readonly members: readonly Type[] }
  /** Written with `Annotated[...]`: a union around it doesn't take it apart. */
  | { readonly kind: "sealed"; readonly inner: Type }
  /** No JSON schema exists (`Callable`): left out of a union, else the whole parameter becomes untyped. */
  | { readonly kind: "schemaless" }

export const anything: Type = { kind: "schema", schema: {}, family: "other" }

/** An instance of a class that pydantic doesn't know: anything as a parameter, but refused in a class of fields. */
export const instance: Type = { kind: "schema", schema: {}, family: "instance" }

export function schemaType(schema: JsonObject, family: Family = "other"): Type {
  return { kind: "schema", schema, family }
}

export function reference(name: string): Type {
  return { kind: "schema", schema: { $ref: `#/definitions/${name}` }, family: "reference" }
}

/** `Union[...]` as Python makes it: nested ones are flattened, a single one is itself. */
export function union(members: readonly Type[]): Type {
  const flat = members.flatMap((member) => (member.kind === "union" ? member.members : [member]))
  const distinct = flat.filter((member, index) => flat.findIndex((other) => sameType(other, member)) === index)
  const only = distinct[0]
  return distinct.length === 1 && only !== undefined ? only : { kind: "union", members: distinct }
}

/**
 * The JSON schema of a type as pydantic writes it: null comes last in a union, nested `anyOf` are flattened, equal
 * members are written once. @throws `Untyped` when it has none.
 */
export function toSchema(type: Type): JsonObject {
  switch (type.kind) {
    case "schema":
      return type.schema
    case "null":
      return { type: "null" }
    case "schemaless":
      throw new Untyped()
    case "sealed":
      return toSchema(type.inner)
    case "union":
      return unionSchema(type.members)
  }
}

/** Whether pydantic gives a field of this type a title made from its name. */
export function isTitled(type: Type): boolean {
  if (type.kind === "sealed") return isTitled(type.inner)
  if (type.kind !== "union") return !(type.kind === "schema" && type.family === "reference")
  const others = type.members.filter((member) => member.kind !== "null")
  const only = others[0]
  return others.length === 1 && only !== undefined ? isTitled(only) : true
}

/** Whether two members of a union are one; only where it changes the schema (null, and the titles of classes). */
function sameType(a: Type, b: Type): boolean {
  if (a.kind === "null" || b.kind === "null") return a.kind === b.kind
  const classes = a.kind === "schema" && b.kind === "schema" && a.family === "reference" && b.family === "reference"
  return a === b || (classes && a.schema["$ref"] === b.schema["$ref"])
}

/** Whether a type has no JSON schema; one inside a container takes the container's with it. */
function isSchemaless(type: Type): boolean {
  if (type.kind === "sealed") return isSchemaless(type.inner)
  if (type.kind !== "union") return type.kind === "schemaless"
  const others = type.members.filter((member) => member.kind !== "null")
  return others.length === 1 && others.every(isSchemaless)
}

/** pydantic's names of constraints; `strict` and the like change no schema. */
export type Constraints = ReadonlyMap<string, Json>

/** The type with constraints; null when it isn't known what they do to it. */
export function constrain(type: Type, constraints: Constraints): Type | null {
  if (constraints.size === 0) return type
  if (type.kind === "sealed") {
    const inner = constrain(type.inner, constraints)
    return inner === null ? null : { kind: "sealed", inner }
  }
  if (type.kind === "union") {
    const others = type.members.filter((member) => member.kind !== "null")
    const only = others[0]
    if (others.length !== 1 || only === undefined) return null
    const inner = constrain(only, constraints)
    return inner === null ? null : union([inner, { kind: "null" }])
  }
  if (type.kind !== "schema") return null
  const keys = constraintKeys[type.family]
  const schema: Record<string, Json> = { ...type.schema }
  for (const [name, value] of constraints) {
    const key = keys?.[name]
    if (key === undefined) return null
    schema[key] = value
  }
  return { ...type, schema }
}

const constraintKeys: Readonly<Partial<Record<Family, Readonly<Record<string, string>>>>> = {
  number: {
    ge: "minimum",
    gt: "exclusiveMinimum",
    le: "maximum",
    lt: "exclusiveMaximum",
    multiple_of: "multipleOf",
  },
  text: { min_length: "minLength", max_length: "maxLength", pattern: "pattern" },
  array: { min_length: "minItems", max_length: "maxItems" },
  object: { min_length: "minProperties", max_length: "maxProperties" },
}

export function arrayOf(items: Type, unique = false): Type {
  if (isSchemaless(items)) return { kind: "schemaless" }
  const schema = { items: toSchema(items), type: "array" }
  return schemaType(unique ? { ...schema, uniqueItems: true } : schema, "array")
}

export function tupleOf(items: readonly Type[]): Type {
  if (items.some(isSchemaless)) return { kind: "schemaless" }
  const schema = { maxItems: items.length, minItems: items.length, type: "array" }
  return schemaType(items.length === 0 ? schema : { ...schema, prefixItems: items.map(toSchema) })
}

/** A mapping; text keys with a form of their own become `propertyNames`. */
export function mapOf(keys: Type, values: Type): Type | null {
  if (isSchemaless(keys) || isSchemaless(values)) return { kind: "schemaless" }
  const key = toSchema(keys)
  if ("pattern" in key || "anyOf" in key) return null
  // pydantic takes the title away, but not the rest of what `Annotated` says.
  const { title: _title, ...value } = toSchema(values)
  const base = { additionalProperties: Object.keys(value).length === 0 ? true : value, type: "object" }
  const { type, title: _, ...rest } = key
  const named = (type === "string" && Object.keys(key).length > 1) || "$ref" in key
  return schemaType(named ? { ...base, propertyNames: rest } : base, "object")
}

/** `Literal[...]` of values that are already JSON. */
export function literalOf(values: readonly Json[]): Type {
  const kinds = new Set(values.map((value) => literalKind(value)))
  const [only] = kinds
  const schema = values.length === 1 ? { const: values[0] ?? null } : { enum: values }
  return schemaType(kinds.size === 1 && only !== undefined && only !== "float" ? { ...schema, type: only } : schema)
}

/** The JSON schema `type` of a value in a `Literal` or an enum. */
export function literalKind(value: Json): string {
  if (value === null) return "null"
  if (typeof value === "string") return "string"
  if (typeof value === "boolean") return "boolean"
  if (typeof value === "object") return "array"
  return typeof value === "bigint" || Number.isInteger(value) ? "integer" : "float"
}

function unionSchema(members: readonly Type[]): JsonObject {
  const others = members.filter((member) => member.kind !== "null")
  const nullable = others.length < members.length
  const only = others[0]
  if (others.length === 1 && only !== undefined) return anyOf([toSchema(only), { type: "null" }])
  // All of several left out is an empty union for pydantic.
  const schemas = others.filter((member) => !isSchemaless(member)).map((member) => toSchema(member))
  return anyOf(nullable ? [anyOf(schemas), { type: "null" }] : schemas)
}

function anyOf(schemas: readonly JsonObject[]): JsonObject {
  const flat = schemas.flatMap((schema) => {
    const inner = Object.keys(schema).length === 1 ? schema["anyOf"] : undefined
    return Array.isArray(inner) ? (inner as readonly JsonObject[]) : [schema]
  })
  const distinct = flat.filter((schema, index) => flat.findIndex((other) => jsonEqual(other, schema)) === index)
  const only = distinct[0]
  return distinct.length === 1 && only !== undefined ? only : { anyOf: distinct }
}
