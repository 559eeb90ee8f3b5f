import type { Json, JsonObject } from "../../core/json.ts"
import type { Location } from "../../core/model.ts"
import type { TypeTools } from "./annotation.ts"
import { encode } from "./encode.ts"
import { evaluateLazy, locateLazy } from "../evaluate/evaluate.ts"
import type { ClassField } from "./model-fields.ts"
import { Undecided } from "../names/session.ts"
import type { Type } from "./type.ts"
import type { ClassFact, LazyArgument, Value } from "../names/python-value.ts"

/**
 * An instance made by a call with plain arguments, as pydantic dumps it. Validation may convert what it is given, so
 * every value must already be what its field wants.
 */
export function dumpInstance(
  tools: TypeTools,
  fields: readonly ClassField[],
  use: { readonly fact: ClassFact; readonly args: readonly LazyArgument[]; readonly at: Location },
): JsonObject {
  refuseCode(use.fact, use.at)
  const given = new Map(use.args.map((argument) => [argument.name, argument]))
  const names = new Set(fields.map((field) => field.name))
  if (use.args.some((argument) => argument.name === null || argument.star !== "" || !names.has(argument.name))) {
    throw new Undecided("the arguments of this default aren't followed", use.at)
  }
  const members = fields.map((field): [string, Json] => [field.name, fieldValue(tools, field, given.get(field.name))])
  return Object.fromEntries(members)
}

/** Methods may be validators or serializers, and `__init__` or `__post_init__` may set anything. */
function refuseCode(fact: ClassFact, at: Location): void {
  const code = fact.syntax.body.some((statement) => statement.kind === "function" && statement.decorators.length > 0)
  const special = fact.syntax.body.some((statement) => statement.kind === "function" && statement.name.startsWith("__"))
  if (code || special) throw new Undecided(`code of \`${fact.syntax.name}\` may change its values`, at)
}

function fieldValue(tools: TypeTools, field: ClassField, argument: LazyArgument | undefined): Json {
  if (field.key !== field.name || field.field.hidden)
    throw new Undecided("a default with an aliased field isn't followed", field.at)
  if (argument !== undefined) {
    const value = evaluateLazy(tools.session, argument)
    const at = locateLazy(argument)
    if (!fits(value, field.type)) throw new Undecided("this value may be converted when the class is made", at)
    return encode(tools, value, at)
  }
  const { default: fallback } = field.field
  if (fallback.kind === "factory" && fallback.empty !== null) return fallback.empty === "list" ? [] : {}
  if (fallback.kind === "value" && fits(fallback.value, field.type)) return encode(tools, fallback.value, fallback.at)
  throw new Undecided(`the value of \`${field.name}\` is only known when it runs`, field.at)
}

function fits(value: Value, type: Type): boolean {
  switch (type.kind) {
    case "null":
      return value.kind === "none"
    case "union":
      return type.members.some((member) => fits(value, member))
    case "sealed":
      return fits(value, type.inner)
    case "schemaless":
      return false
    case "schema":
      return fitsSchema(value, type)
  }
}

function fitsSchema(value: Value, type: Extract<Type, { kind: "schema" }>): boolean {
  const { schema } = type
  const target = schema["$ref"]
  if (typeof target === "string") return refersTo(value, target)
  if (Array.isArray(schema["enum"]) || "const" in schema) return literalFits(value, schema)
  if (value.kind === "list" || value.kind === "dict") return plainContainer(value, schema)
  const wanted = wantedTypes[value.kind] ?? []
  return wanted.includes(schema["type"] ?? null) && !("format" in schema)
}

/** JSON schema types whose fields take a value of a kind as it is. */
const wantedTypes: Readonly<Partial<Record<Value["kind"], readonly Json[]>>> = {
  str: ["string"],
  int: ["integer", "number"],
  float: ["number"],
  bool: ["boolean"],
}

type PlainContainer =
  | Extract<Value, { kind: "dict" }>
  | { readonly kind: "list" | "tuple" | "set" | "frozenset"; readonly items: readonly Value[] }

/** Only empty ones and those of plain texts and numbers in an untyped container. */
function plainContainer(value: PlainContainer, schema: JsonObject): boolean {
  if (value.kind !== "dict" && (schema["type"] !== "array" || schema["uniqueItems"] === true)) return false
  if (value.kind === "dict" && schema["type"] !== "object") return false
  const inner = value.kind !== "dict" ? value.items : value.entries.map((entry) => entry.value)
  const wanted = value.kind !== "dict" ? schema["items"] : schema["additionalProperties"]
  if (inner.length === 0) return true
  const kind = typeof wanted === "object" && wanted !== null ? (wanted as JsonObject)["type"] : null
  const kinds: Readonly<Record<string, string>> = { str: "string", int: "integer", bool: "boolean", float: "number" }
  return inner.every((item) => kinds[item.kind] !== undefined && kinds[item.kind] === kind)
}

function literalFits(value: Value, schema: JsonObject): boolean {
  const allowed = Array.isArray(schema["enum"]) ? (schema["enum"] as readonly Json[]) : [schema["const"]]
  return value.kind === "str" && allowed.includes(value.value)
}

function refersTo(value: Value, target: string): boolean {
  const name = target.split("/").at(-1)
  if (value.kind === "member") return value.class.syntax.name === name
  return value.kind === "call" && value.callee.kind === "class" && value.callee.class.syntax.name === name
}
