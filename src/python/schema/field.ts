import type { Json, JsonObject } from "../../core/json.ts"
import { isJsonObject } from "../../core/json.ts"
import type { Location } from "../../core/model.ts"
import { encode, type EncodeTools } from "./encode.ts"
import { evaluateLazy, locateLazy } from "../evaluate/evaluate.ts"
import { Undecided } from "../names/session.ts"
import type { Constraints } from "./type.ts"
import { calledPath } from "../names/outside.ts"
import type { LazyArgument, Value } from "../names/python-value.ts"

/** What `Field(...)` or other metadata of an annotation says. */
export interface FieldFacts {
  readonly default: FieldDefault
  readonly alias: string | null
  /** `title`, `description`, `examples`, `deprecated`: null when nothing at all is said. */
  readonly described: JsonObject | null
  readonly extra: JsonObject
  readonly constraints: Constraints
  /** Written under another name, or not at all. */
  readonly hidden: boolean
  /** The field that tells the members of a union of classes from each other. */
  readonly discriminator: string | null
}
export type FieldDefault =
  | { readonly kind: "required" }
  /** `empty`: what the factory makes, where it is one of the two usual ones. */
  | { readonly kind: "factory"; readonly empty: "list" | "dict" | null }
  | { readonly kind: "value"; readonly value: Value; readonly at: Location }

export const noField: FieldFacts = {
  default: { kind: "required" },
  alias: null,
  described: null,
  extra: {},
  constraints: new Map(),
  hidden: false,
  discriminator: null,
}

/** What the field adds to a schema, `json_schema_extra` last. */
export function describeField(field: FieldFacts): JsonObject {
  return { ...field.described, ...field.extra }
}

/** Whether a value is a call of pydantic's `Field`. */
export function isField(value: Value): value is Extract<Value, { kind: "call" }> {
  return calledPath(value) === "pydantic.Field"
}

/** What one piece of metadata in `Annotated[...]` says; texts and validators that keep the schema say nothing. */
export function readMetadataValue(tools: EncodeTools, value: Value, at: Location): FieldFacts {
  if (["str", "int", "bool", "none", "float"].includes(value.kind)) return noField
  const path = calledPath(value)
  if (value.kind !== "call" || path === null) throw new Undecided("this metadata isn't followed", at)
  if (path === "pydantic.Field" || path === "pydantic.StringConstraints") return readField(tools, value)
  if (path === "annotated_types.Len") return { ...noField, constraints: lengthLimits(tools, value.args) }
  const limit = limitOf(tools, path, value.args)
  if (limit !== null) return { ...noField, constraints: limit }
  const quiet = quietMetadata.has(path) && value.args.every((argument) => argument.name === null)
  if (!quiet) throw new Undecided(`what \`${path}\` does to the schema isn't known`, at)
  return noField
}

/** `Ge(1)` and its like; null when it is none of them. */
function limitOf(tools: EncodeTools, path: string, [only, ...more]: readonly LazyArgument[]): Constraints | null {
  const limit = limits.get(path)
  if (limit === undefined || only === undefined || more.length > 0 || only.star !== "") return null
  return new Map([[limit, encodeArgument(tools, only)]])
}

/** `Len(min_length, max_length)`, by place or by name. @throws `Undecided` for anything else. */
function lengthLimits(tools: EncodeTools, args: readonly LazyArgument[]): Constraints {
  const names = ["min_length", "max_length"]
  const limits = args.map((argument, index) => [argument.name ?? names[index] ?? "", argument] as const)
  return new Map(
    limits.flatMap(([name, argument]) => {
      const json = encodeArgument(tools, argument)
      if (!names.includes(name) || argument.star !== "")
        throw new Undecided("these arguments aren't followed", locateLazy(argument))
      return json === null || (name === "min_length" && json === 0) ? [] : [[name, json] as const]
    }),
  )
}

/** The arguments of `Field(...)`. @throws `Undecided` at an argument whose effect isn't known. */
export function readField(tools: EncodeTools, call: Extract<Value, { kind: "call" }>): FieldFacts {
  const doubled = call.args.find((argument, index) =>
    call.args.slice(0, index).some((other) => other.name !== null && other.name === argument.name),
  )
  if (doubled !== undefined) throw new Undecided(`\`${doubled.name}\` stands twice in this call`, locateLazy(doubled))
  const field: Draft = {
    default: { kind: "required" },
    alias: null,
    described: {},
    extra: {},
    constraints: new Map(),
    hidden: false,
    discriminator: null,
  }
  for (const [index, argument] of call.args.entries()) {
    const name = argument.name ?? (index === 0 ? "default" : null)
    if (name === null || argument.star !== "")
      throw new Undecided("these arguments aren't followed", locateLazy(argument))
    readArgument(tools, field, { name, argument })
  }
  return field
}

/** `default_factory=list` and the like; others are never called, so nothing is known of their result. */
export function factoryOf(argument: LazyArgument): FieldDefault {
  const { expression } = argument
  const name = expression.kind === "name" ? expression.name : ""
  const own = argument.environment.scope.bindings.has(name)
  return { kind: "factory", empty: !own && (name === "list" || name === "dict") ? name : null }
}

interface Draft {
  default: FieldDefault
  alias: string | null
  described: Record<string, Json>
  extra: JsonObject
  constraints: Map<string, Json>
  hidden: boolean
  discriminator: string | null
}

const limits: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "annotated_types.Ge": "ge",
    "annotated_types.Gt": "gt",
    "annotated_types.Le": "le",
    "annotated_types.Lt": "lt",
    "annotated_types.MultipleOf": "multiple_of",
    "annotated_types.MinLen": "min_length",
    "annotated_types.MaxLen": "max_length",
  }),
)
const quietMetadata = new Set([
  "pydantic.AfterValidator",
  "pydantic.BeforeValidator",
  "pydantic.WrapValidator",
  "pydantic.PlainSerializer",
  "pydantic.WrapSerializer",
  "pydantic.Strict",
  "typing.Doc",
])
const constraintNames = new Set(["ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern"])
const hidingNames = new Set(["exclude", "serialization_alias"])
const quietNames = new Set(
  (
    "frozen repr init kw_only validate_default strict union_mode allow_inf_nan coerce_numbers_to_str " +
    "strip_whitespace to_lower to_upper"
  ).split(" "),
)

function readArgument(tools: EncodeTools, field: Draft, use: { name: string; argument: LazyArgument }): void {
  const { name, argument } = use
  const at = locateLazy(argument)
  if (hidingNames.has(name)) field.hidden = true
  if (quietNames.has(name) || hidingNames.has(name)) return
  if (name === "default_factory") {
    field.default = factoryOf(argument)
    return
  }
  const value = evaluateLazy(tools.session, argument)
  if (name === "default") {
    field.default = value.kind === "ellipsis" ? { kind: "required" } : { kind: "value", value, at }
  } else if (value.kind === "none") {
    return
  } else if (name === "discriminator" && value.kind === "str") {
    field.discriminator = value.value
  } else if (constraintNames.has(name)) {
    field.constraints.set(name, encode(tools, value, at))
  } else {
    describe(tools, field, { name, value, at })
  }
}

function describe(tools: EncodeTools, field: Draft, use: { name: string; value: Value; at: Location }): void {
  const { name, value, at } = use
  const json = encode(tools, value, at)
  const said = describedBy(name, json)
  if (said !== null) Object.assign(field.described, said)
  else if (name === "json_schema_extra" && isJsonObject(json)) field.extra = json
  else if (aliases.has(name) && typeof json === "string" && (field.alias ?? json) === json) field.alias = json
  else throw new Undecided(`what \`${name}\` does here isn't followed`, at)
}

const aliases = new Set(["alias", "validation_alias"])

function describedBy(name: string, json: Json): JsonObject | null {
  if (name === "examples" || ((name === "title" || name === "description") && typeof json === "string")) {
    return { [name]: json }
  }
  if (name !== "deprecated") return null
  return json === false ? {} : { deprecated: true }
}

function encodeArgument(tools: EncodeTools, argument: LazyArgument): Json {
  return encode(tools, evaluateLazy(tools.session, argument), locateLazy(argument))
}
