import type { Json, JsonObject } from "../../core/json.ts"
import { isJsonObject } from "../../core/json.ts"
import type { Location } from "../../core/model.ts"
import { parseText, readAnnotation, type TypeTools, unresolved } from "./annotation.ts"
import { type Definitions, openDefinitions } from "./schema-definitions.ts"
import { discriminate } from "./discriminator.ts"
import { parameterDescriptions } from "./docstring.ts"
import { encodeDefault } from "./encode.ts"
import { evaluate, evaluateLazy, locateLazy } from "../evaluate/evaluate.ts"
import { type FieldFacts, isField, noField, readField } from "./field.ts"
import { withoutRedundant } from "./model-fields.ts"
import { lookedUpInPrefect } from "./forward.ts"
import { evaluationMode, type EvaluationMode } from "../names/lazy.ts"
import type { Decided, UndecidedParameter } from "../reading.ts"
import { locate, type Session, Undecided, Untyped } from "../names/session.ts"
import type { Parameter } from "../grammar/syntax.ts"
import { anything, toSchema, type Type } from "./type.ts"
import {
  atTheEnd,
  type ClassFact,
  type Environment,
  type FunctionFact,
  type Lazy,
  sameClass,
} from "../names/python-value.ts"

export interface ParameterSchema {
  readonly schema: Decided<JsonObject>
  readonly looseSchema: JsonObject
  readonly undecidedParameters: readonly UndecidedParameter[]
}

/** `parameter_openapi_schema` of a function, as `prefect.utilities.callables.parameter_schema` computes it. */
export function readSchema(
  session: Session,
  fact: FunctionFact,
  use: { readonly environment: Environment; readonly doubt: string | null },
): ParameterSchema {
  const { syntax } = fact
  const context: Context = {
    session,
    environment: use.environment,
    mode: evaluationMode({ session, evaluate }, fact),
    descriptions: parameterDescriptions(syntax.docstring ?? ""),
    doubt: use.doubt ?? (syntax.generic ? "the function has type parameters" : null),
  }
  const properties = syntax.parameters.flatMap((parameter, position) =>
    parameter.name === "self" || parameter.name === "cls" ? [] : [readParameter(context, parameter, position)],
  )
  return combine(refuseNamesakes(properties), locate(fact.scope, syntax.at))
}

interface Context {
  readonly session: Session
  readonly environment: Environment
  readonly mode: EvaluationMode
  readonly descriptions: ReadonlyMap<string, string>
  /** Why nothing about the parameters is sure, or null. */
  readonly doubt: string | null
}

interface Property {
  readonly name: string
  readonly position: number
  readonly required: boolean
  /** What the docstring says of it, which counts unless the default is a `Field` with other words. */
  readonly words: { readonly description?: string }
  readonly outcome: Decided<{ readonly property: JsonObject; readonly definitions: Definitions | null }>
}

function readParameter(context: Context, parameter: Parameter, position: number): Property {
  const { name } = parameter
  const at = locate(context.environment.scope, parameter.at)
  const written = parameter.default?.kind === "call" ? undefined : context.descriptions.get(name)
  const words = written === undefined ? {} : { description: written }
  try {
    if (context.doubt !== null) throw new Undecided(context.doubt, at)
    if (name.startsWith("_") || name === "Config") throw new Undecided(`Prefect refuses a parameter \`${name}\``, at)
    const read = readDecided(context, parameter, { position, at })
    return { name, position, words, required: read.required, outcome: { decided: true, value: read } }
  } catch (error) {
    if (!(error instanceof Undecided)) throw error
    const outcome = { decided: false, reason: error.message, at: error.at } as const
    return { name, position, words, required: parameter.default === null, outcome }
  }
}

function readDecided(
  context: Context,
  parameter: Parameter,
  use: { position: number; at: Location },
): { property: JsonObject; definitions: Definitions | null; required: boolean } {
  const definitions = openDefinitions(context.session)
  const typed = readType(context, parameter, definitions)
  const field = readDefault(context, parameter, definitions)
  // Prefect keeps nothing of a discriminator here, but pydantic wants it to fit.
  if (field.discriminator !== null)
    discriminate(definitions.tools, typed.type, { name: field.discriminator, at: use.at })
  if (field.alias !== null || typed.field.alias !== null)
    throw new Undecided("an aliased parameter isn't followed", use.at)
  if (typed.field.default.kind !== "required")
    throw new Undecided("a default inside `Annotated` isn't followed", use.at)
  // What `Annotated` says about title and description is lost, and so are the constraints of a default `Field`.
  const { title: _title, description: _description, ...described } = typed.field.described ?? {}
  const description = field.described?.["description"] || context.descriptions.get(parameter.name)
  const plain = field.default
  const value = plain.kind === "value" ? encodeDefault(definitions.tools, plain.value, plain.at) : {}
  const whole: JsonObject = {
    ...toSchema(typed.type),
    ...described,
    ...value,
    title: parameter.name,
    ...(description === undefined ? {} : { description }),
    ...typed.field.extra,
    position: use.position,
    ...field.extra,
  }
  const property = withoutRedundant(whole, definitions.schemas, use.at)
  const kept = "$ref" in property || typed.type !== anything ? definitions : null
  return { property, definitions: kept, required: plain.kind !== "value" }
}

function readType(context: Context, parameter: Parameter, definitions: Definitions): { type: Type; field: FieldFacts } {
  const untyped = { type: anything, field: noField }
  if (parameter.annotation === null) return untyped
  const lazy = { expression: parameter.annotation, environment: context.environment }
  try {
    const read = readParameterAnnotation(context, lazy, definitions.tools)
    // A type without schema makes Prefect drop the whole type, so it is tried here.
    toSchema(read.type)
    return read
  } catch (error) {
    if (error instanceof Untyped) return untyped
    throw error
  }
}

function readParameterAnnotation(context: Context, lazy: Lazy, tools: TypeTools): { type: Type; field: FieldFacts } {
  const texts = context.environment.scope.syntax.lazyAnnotations
  const { expression } = lazy
  const text = expression.kind === "string" ? expression.value : null
  if (!texts && text === null) return readAnnotation(tools, lazy)
  // A deployment's schema is made when the whole module has run.
  const environment = atTheEnd(lazy.environment)
  // With lazy annotations a text is a text in a text: evaluated once, it stays a text.
  const once = texts || text === null ? expression : parseText(text, lazy)
  const parsed = { expression: once, environment }
  if (context.mode === "evaluated") return readAnnotation(tools, parsed)
  const elsewhere = lookedUpInPrefect(context.session, once, environment)
  const everywhere = typeof elsewhere === "object" && elsewhere.scope === environment.scope
  if (elsewhere === "unknown" || (context.mode === "doubtful" && !everywhere)) {
    throw new Undecided(
      "another annotation can't be evaluated, so Prefect looks this one up elsewhere",
      locateLazy(lazy),
    )
  }
  if (elsewhere === "absent") return unresolved(tools, parsed)
  return readAnnotation(tools, { expression: once, environment: elsewhere })
}

function readDefault(context: Context, parameter: Parameter, definitions: Definitions): FieldFacts {
  if (parameter.default === null) return noField
  const lazy = { expression: parameter.default, environment: context.environment }
  const value = evaluateLazy(context.session, lazy)
  if (isField(value)) return readField(definitions.tools, value)
  if (value.kind === "ellipsis") return noField
  return { ...noField, default: { kind: "value", value, at: locateLazy(lazy) } }
}

/** Two classes of one name get longer names in the schema, which aren't worked out here. */
function refuseNamesakes(properties: readonly Property[]): readonly Property[] {
  const classes = new Map<string, ClassFact>()
  const doubled = new Set<string>()
  for (const { outcome } of properties) {
    if (!outcome.decided) continue
    for (const [name, fact] of outcome.value.definitions?.classes ?? []) {
      const known = classes.get(name)
      if (known !== undefined && !sameClass(known, fact)) doubled.add(name)
      classes.set(name, fact)
    }
  }
  return properties.map((property) => {
    const { outcome } = property
    const names = outcome.decided ? [...(outcome.value.definitions?.classes ?? [])] : []
    const clash = names.find(([name]) => doubled.has(name))
    if (clash === undefined) return property
    const at = locate(clash[1].scope, clash[1].syntax.at)
    return { ...property, outcome: { decided: false, reason: `two classes are called \`${clash[0]}\``, at } }
  })
}

function combine(properties: readonly Property[], at: Location): ParameterSchema {
  const undecided = properties.flatMap(({ name, outcome }) =>
    outcome.decided ? [] : [{ name, reason: outcome.reason, at: outcome.at }],
  )
  const [first] = undecided
  const schema = assemble(properties)
  return {
    schema:
      first === undefined
        ? { decided: true, value: schema }
        : { decided: false, reason: `parameter \`${first.name}\`: ${first.reason}`, at: first.at ?? at },
    looseSchema: schema,
    undecidedParameters: undecided,
  }
}

function assemble(properties: readonly Property[]): JsonObject {
  const schemas: Record<string, JsonObject> = {}
  const members = properties.map(({ name, position, words, outcome }): [string, JsonObject] => {
    if (!outcome.decided) return [name, { title: name, position, ...words }]
    Object.assign(schemas, outcome.value.definitions?.schemas)
    return [name, outcome.value.property]
  })
  const required = properties.filter((property) => property.required).map((property) => property.name)
  const definitions = reachable(
    members.map(([, property]) => property),
    schemas,
  )
  return {
    title: "Parameters",
    type: "object",
    properties: Object.fromEntries(members),
    ...(required.length === 0 ? {} : { required }),
    ...(Object.keys(definitions).length === 0 ? {} : { definitions }),
  }
}

/** The definitions that are referred to, directly or through others. */
function reachable(properties: readonly JsonObject[], schemas: Readonly<Record<string, JsonObject>>): JsonObject {
  const definitions: Record<string, JsonObject> = {}
  const queue: Json[] = [...properties]
  for (let part = queue.pop(); part !== undefined; part = queue.pop()) {
    if (typeof part !== "object" || part === null) continue
    const target = isJsonObject(part) ? part["$ref"] : undefined
    const name = typeof target === "string" ? target.replace("#/definitions/", "") : ""
    const schema = Object.hasOwn(definitions, name) ? undefined : schemas[name]
    if (schema !== undefined) {
      definitions[name] = schema
      queue.push(schema)
    }
    queue.push(...Object.values(part))
  }
  return definitions
}
