import type { Json } from "../../core/json.ts"
import type { Location } from "../../core/model.ts"
import { evaluateLazy, locateLazy } from "../evaluate/evaluate.ts"
import { isKnown, lookedUpInPrefect } from "./forward.ts"
import { describeField, type FieldFacts, noField, readMetadataValue } from "./field.ts"
import { discriminate, type Tags } from "./discriminator.ts"
import { literalType } from "./literal-types.ts"
import { boundedUnion, failOver, madeType } from "./type-factories.ts"
import { parseAnnotation } from "../grammar/parse.ts"
import { Foreign, type Session, Undecided, Unresolved, Untyped } from "../names/session.ts"
import type { Expression } from "../grammar/syntax.ts"
import {
  anything,
  arrayOf,
  constrain,
  instance,
  mapOf,
  schemaType,
  toSchema,
  tupleOf,
  type Type,
  union,
} from "./type.ts"
import { type Generic, genericKind, plainType } from "./typing.ts"
import { atTheEnd, type ClassFact, type Lazy, type LazyArgument, type Value } from "../names/python-value.ts"

export interface TypeTools {
  readonly session: Session
  /** The schema of a class of the repository, registered among the definitions. */
  readonly define: (fact: ClassFact, at: Location) => Type
  /** How a class of the repository, by its name in the schema, is told from others by a field. */
  readonly tags: (target: string, field: string, at: Location) => Tags
  readonly dump: (fact: ClassFact, args: readonly LazyArgument[], at: Location) => Json
  /**
   * Where the names in a text inside an annotation (`List["Foo"]`) are looked up. pydantic does it in the module of
   * the class, but for a flow's parameters in Prefect's own module, where only the builtins are known.
   */
  readonly forward: "module" | "prefect"
  /** Whether classes that pydantic doesn't know are allowed: as parameters, and in models that say so. */
  readonly arbitrary: boolean
  /** Whether the model around it has settings that a class without own ones would take. */
  readonly configured: boolean
  /** What a class of the repository is to pydantic. */
  readonly kindOf: (fact: ClassFact) => string
}

/** A type with what `Annotated[...]` says about it. */
export interface AnnotatedType {
  readonly type: Type
  readonly field: FieldFacts
  /** Written with `Annotated[...]`: then a union around it doesn't take it apart. */
  readonly sealed: boolean
}

/** The type that an annotation means, with what an outermost `Annotated` adds. */
export function readAnnotation(tools: TypeTools, lazy: Lazy): AnnotatedType {
  const value = evaluateLazy(tools.session, lazy)
  const at = locateLazy(lazy)
  if (value.kind === "generic" && value.origin.kind === "outside" && genericKind(value.origin.path) === "annotated") {
    return readAnnotated(tools, value.args, at)
  }
  if (value.kind === "str") return readForward(tools, value.value, lazy)
  return { type: typeOf(tools, value, at), field: noField, sealed: false }
}

/** The expression in a text, to be looked at where the text stands. */
export function parseText(text: string, lazy: Lazy): Expression {
  const expression = parseAnnotation(text, lazy.expression.at)
  if (expression === null) throw new Undecided("this text isn't a type", locateLazy(lazy))
  return expression
}

function readForward(tools: TypeTools, text: string, lazy: Lazy): AnnotatedType {
  const expression = parseText(text, lazy)
  const module = { expression, environment: atTheEnd(lazy.environment) }
  if (tools.forward === "module") return readAnnotation(tools, module)
  const environment = lookedUpInPrefect(tools.session, expression, lazy.environment)
  if (environment === "unknown") throw new Undecided("this text is looked up inside Prefect", locateLazy(lazy))
  if (environment === "absent") return unresolved(tools, module)
  return readAnnotation(tools, { expression, environment })
}

/**
 * Prefect takes the parameter as untyped. But a class of the repository that can't be made at all breaks the import of
 * the file, so what the text names must be known as well.
 */
export function unresolved(tools: TypeTools, lazy: Lazy): never {
  const { scope } = lazy.environment
  const bound = isKnown(lazy.expression, scope)
  if (!bound) throw new Unresolved()
  try {
    readAnnotation({ ...tools, forward: "module" }, lazy)
  } catch (error) {
    if (!(error instanceof Foreign || error instanceof Untyped)) throw error
  }
  throw new Unresolved()
}

function typeOfLazy(tools: TypeTools, lazy: Lazy): Type {
  return tools.session.within(locateLazy(lazy), null, () => {
    const { type, field, sealed } = readAnnotation(tools, lazy)
    const applied = applyField(type, field, locateLazy(lazy))
    return sealed ? { kind: "sealed", inner: applied } : applied
  })
}

/** A type inside another one: here title and description of an `Annotated` stay. */
function applyField(type: Type, field: FieldFacts, at: Location): Type {
  const constrained = constrainOrFail(type, field, at)
  const described = describeField(field)
  if (Object.keys(described).length === 0) return constrained
  const schema = toSchema(constrained)
  if ("$ref" in schema) throw new Undecided("a described class inside another type isn't followed", at)
  return schemaType({ ...schema, ...described })
}

export function constrainOrFail(type: Type, field: FieldFacts, at: Location): Type {
  const constrained = constrain(type, field.constraints)
  if (constrained === null) throw new Undecided("what this constraint does to the type isn't known", at)
  return constrained
}

function readAnnotated(tools: TypeTools, args: readonly Lazy[], at: Location): AnnotatedType {
  const [first, ...metadata] = args
  if (first === undefined) throw new Undecided("`Annotated` needs a type", at)
  const inner = readAnnotation(tools, first)
  let { type } = inner
  let field = inner.field
  for (const each of metadata) {
    const added = tools.session.within(locateLazy(each), null, () => readMetadata(tools, each))
    type = constrainOrFail(type, added, locateLazy(each))
    const { discriminator: name } = added
    if (name !== null) type = discriminate(tools, type, { name, at: locateLazy(each) })
    field = mergeFields(field, { ...added, discriminator: null })
  }
  return { type: constrainOrFail(type, inner.field, at), field: { ...field, constraints: new Map() }, sealed: true }
}

function mergeFields(first: FieldFacts, second: FieldFacts): FieldFacts {
  if (first === noField) return second
  if (second === noField || second.described === null) return first
  return { ...first, described: { ...first.described, ...second.described } }
}

function typeOf(tools: TypeTools, value: Value, at: Location): Type {
  if (value.kind === "none") return { kind: "null" }
  if (value.kind === "outside") return allowed(tools, outsideType(value.path, at), at)
  if (value.kind === "class") return classType(tools, value.class, at)
  if (value.kind === "generic") return genericType(tools, value, at)
  if (value.kind === "union") return unionOf(tools, value.members, at)
  if (value.kind === "call") return madeType({ ...tools, typeOf: (lazy) => typeOfLazy(tools, lazy) }, value)
  throw new Undecided("it isn't a type", at)
}

/** pydantic refuses a class that it doesn't know where a class of fields names it. */
function allowed(tools: TypeTools, type: Type, at: Location): Type {
  if (tools.arbitrary || type.kind !== "schema" || type.family !== "instance") return type
  throw new Undecided("pydantic has no schema for this class, so the class around it can't be made", at)
}

/** A class that has no settings of its own takes those of the model around it. */
function classType(tools: TypeTools, fact: ClassFact, at: Location): Type {
  const type = tools.define(fact, at)
  if (tools.configured && ["typed-dict", "dataclass"].includes(tools.kindOf(fact))) {
    throw new Undecided("the settings of the model around it change this class", at)
  }
  return allowed(tools, type, at)
}

function outsideType(path: string, at: Location): Type {
  const type = plainType(path)
  if (type !== null) return type
  const [root, name] = [path.split(".")[0] ?? path, path.split(".").at(-1) ?? path]
  throw new Foreign(`\`${name}\` comes from \`${root}\`, which isn't in this repository`, at)
}

function unionOf(tools: TypeTools, members: readonly Value[], at: Location): Type {
  const types = members.map((member) => {
    if (member.kind === "str") throw new Undecided("a text in a `|` type isn't followed", at)
    return orSchemaless(() => typeOf(tools, member, at))
  })
  return boundedUnion(types, at)
}

/** A member of a union: one without schema is left out. */
function memberOf(tools: TypeTools, lazy: Lazy): Type {
  return orSchemaless(() => typeOfLazy(tools, lazy))
}

function orSchemaless(read: () => Type): Type {
  try {
    return read()
  } catch (error) {
    if (error instanceof Untyped && !(error instanceof Unresolved)) return { kind: "schemaless" }
    throw error
  }
}

function genericType(tools: TypeTools, value: Extract<Value, { kind: "generic" }>, at: Location): Type {
  const { origin, args } = value
  const kind = origin.kind === "outside" ? genericKind(origin.path) : null
  if (kind === null) throw new Undecided("this type with parameters isn't followed", at)
  if (kind === "literal") return literalType(tools, args)
  if (kind === "callable") return { kind: "schemaless" }
  if (kind === "tuple") return tupleType(tools, args, at)
  if (kind === "any") return args.length === 1 ? anything : failOver(at)
  if (kind === "instance") return allowed(tools, instance, at)
  if (kind === "annotated") {
    const { type, field } = readAnnotated(tools, args, at)
    return { kind: "sealed", inner: applyField(type, field, at) }
  }
  const read = kind === "union" ? memberOf : typeOfLazy
  return containerType(
    kind,
    args.map((arg) => read(tools, arg)),
    at,
  )
}

type Container = Exclude<Generic, "literal" | "callable" | "tuple" | "any" | "instance" | "annotated">

function containerType(kind: Container, types: readonly Type[], at: Location): Type {
  switch (kind) {
    case "array":
      return arrayOf(single(types, at))
    case "set":
      return arrayOf(single(types, at), true)
    case "map":
      return mapType(types, at)
    case "counter":
      return schemaType({ additionalProperties: { type: "integer" }, type: "object" })
    case "union":
      return boundedUnion(types, at)
    case "optional":
      return union([single(types, at), { kind: "null" }])
    case "inner":
      return single(types, at)
    case "default-map":
      return defaultMap(types, at)
    case "json":
      return schemaType({
        contentMediaType: "application/json",
        contentSchema: toSchema(single(types, at)),
        type: "string",
      })
    case "path":
      return schemaType({ format: "path", type: "string" })
    case "regex":
      return schemaType({ format: "regex", type: "string" })
  }
}

function single(types: readonly Type[], at: Location): Type {
  const [only] = types
  return only === undefined || types.length !== 1 ? failOver(at) : only
}

function mapType(types: readonly Type[], at: Location): Type {
  const [keys, values] = types
  if (keys === undefined || values === undefined || types.length !== 2) return failOver(at)
  const type = mapOf(keys, values)
  if (type === null) throw new Undecided("a mapping with such keys isn't followed", at)
  return type
}

/** pydantic makes a `defaultdict` only where it knows how to make a missing value. */
function defaultMap(types: readonly Type[], at: Location): Type {
  const [, values] = types
  const { type, ...more } = values === undefined ? {} : toSchema(values)
  const plain =
    typeof type === "string" &&
    ["string", "integer", "number", "boolean"].includes(type) &&
    Object.keys(more).length === 0
  const container = type === "array" || type === "object"
  if (!(plain || container) || more["prefixItems"] !== undefined) return failOver(at)
  // A limit on its length is written in another way than that of a `dict`.
  const map = mapType(types, at)
  return map.kind === "schema" ? schemaType(map.schema) : map
}

function tupleType(tools: TypeTools, args: readonly Lazy[], at: Location): Type {
  const [first, second] = args
  if (first !== undefined && second?.expression.kind === "constant" && second.expression.value === "...") {
    return args.length === 2 ? arrayOf(typeOfLazy(tools, first)) : failOver(at)
  }
  if (args.length === 1 && first?.expression.kind === "tuple") return tupleOf([])
  return tupleOf(args.map((arg) => typeOfLazy(tools, arg)))
}

function readMetadata(tools: TypeTools, lazy: Lazy): FieldFacts {
  const value: Value = evaluateLazy(tools.session, lazy)
  return readMetadataValue(tools, value, locateLazy(lazy))
}
