import type { Json } from "../../core/json.ts"
import type { Location } from "../../core/model.ts"
import { encode } from "./encode.ts"
import { evaluateLazy, locateLazy } from "./evaluate.ts"
import { describeField, type FieldFacts, noField, readMetadataValue } from "./field.ts"
import { namesIn } from "./lazy.ts"
import { builtins } from "./names.ts"
import { type Session, Undecided, Untyped } from "./session.ts"
import type { Expression } from "./syntax.ts"
import {
  anything,
  arrayOf,
  constrain,
  literalOf,
  mapOf,
  schemaType,
  toSchema,
  tupleOf,
  type Type,
  union,
} from "./type.ts"
import { canonical, type Generic, genericKind, plainType } from "./typing.ts"
import { atTheEnd, type ClassFact, type Lazy, type LazyArgument, type Value } from "./values.ts"

export interface TypeTools {
  readonly session: Session
  /** The schema of a class of the repository, registered among the definitions. */
  readonly define: (fact: ClassFact, at: Location) => Type
  readonly dump: (fact: ClassFact, args: readonly LazyArgument[], at: Location) => Json
  /**
   * Where the names in a text inside an annotation (`List["Foo"]`) are looked up. pydantic does it in the module of
   * the class, but for a flow's parameters in Prefect's own module, where only the builtins are known.
   */
  readonly forward: "module" | "prefect"
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
export function parseText(session: Session, text: string, lazy: Lazy): Expression {
  const expression = session.parser.parseAnnotation(text, lazy.expression.at)
  if (expression === null) throw new Undecided("this text isn't a type", locateLazy(lazy))
  return expression
}

/** Whether only builtins are named; null when a name might be one of Prefect's own module. */
export function resolvesInPrefect(expression: Expression): boolean | null {
  const names = namesIn(expression)
  if (names.some((name) => prefectNames.has(name))) return null
  return names.every((name) => builtins.has(name))
}

function readForward(tools: TypeTools, text: string, lazy: Lazy): AnnotatedType {
  const expression = parseText(tools.session, text, lazy)
  if (tools.forward === "prefect") {
    const resolves = resolvesInPrefect(expression)
    if (resolves === null) throw new Undecided("this text is looked up inside Prefect", locateLazy(lazy))
    if (!resolves) throw new Untyped()
    return readAnnotation(tools, { expression, environment: { ...lazy.environment, hidden: new Set() } })
  }
  return readAnnotation(tools, { expression, environment: atTheEnd(lazy.environment) })
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
    field = mergeFields(field, added)
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
  if (value.kind === "outside") return outsideType(value.path, at)
  if (value.kind === "class") return tools.define(value.class, at)
  if (value.kind === "generic") return genericType(tools, value, at)
  if (value.kind === "union") return unionOf(tools, value.members, at)
  if (value.kind === "call") return newType(tools, value)
  throw new Undecided("it isn't a type", at)
}

function outsideType(path: string, at: Location): Type {
  const type = plainType(path)
  if (type !== null) return type
  const [root, name] = [path.split(".")[0] ?? path, path.split(".").at(-1) ?? path]
  throw new Undecided(`\`${name}\` comes from \`${root}\`, which isn't in this repository`, at)
}

function unionOf(tools: TypeTools, members: readonly Value[], at: Location): Type {
  const types = members.map((member) => {
    if (member.kind === "str") throw new Undecided("a text in a `|` type isn't followed", at)
    return typeOf(tools, member, at)
  })
  return boundedUnion(types, at)
}

/** Comparing the members with each other takes the square of their number. */
const unionMembersMax = 200

function boundedUnion(types: readonly Type[], at: Location): Type {
  const count = types.reduce((sum, type) => sum + (type.kind === "union" ? type.members.length : 1), 0)
  if (count > unionMembersMax) throw new Undecided(`a union of more than ${unionMembersMax} types isn't followed`, at)
  return union(types)
}

/** `UserId = NewType("UserId", int)` is an `int`; `T = TypeVar("T")` anything. */
function newType(tools: TypeTools, value: Extract<Value, { kind: "call" }>): Type {
  const path = value.callee.kind === "outside" ? canonical(value.callee.path) : ""
  const inner = value.args[1]
  // An unbound type variable may be anything.
  if (path === "typing.TypeVar" && value.args.length === 1) return anything
  if (path !== "typing.NewType" || inner === undefined) throw new Undecided("this type is made by a call", value.at)
  return typeOfLazy(tools, inner)
}

function genericType(tools: TypeTools, value: Extract<Value, { kind: "generic" }>, at: Location): Type {
  const { origin, args } = value
  const kind = origin.kind === "outside" ? genericKind(origin.path) : null
  if (kind === null) throw new Undecided("this type with parameters isn't followed", at)
  if (kind === "literal") return literalType(tools, args)
  if (kind === "callable") return { kind: "schemaless" }
  if (kind === "tuple") return tupleType(tools, args, at)
  if (kind === "any") return args.length === 1 ? anything : fail(at)
  if (kind === "annotated") {
    const { type, field } = readAnnotated(tools, args, at)
    return { kind: "sealed", inner: applyField(type, field, at) }
  }
  return containerType(
    kind,
    args.map((arg) => typeOfLazy(tools, arg)),
    at,
  )
}

type Container = Exclude<Generic, "literal" | "callable" | "tuple" | "any" | "annotated">

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
  }
}

function fail(at: Location): never {
  throw new Undecided("the number of type parameters is wrong", at)
}

function single(types: readonly Type[], at: Location): Type {
  const [only] = types
  return only === undefined || types.length !== 1 ? fail(at) : only
}

function mapType(types: readonly Type[], at: Location): Type {
  const [keys, values] = types
  if (keys === undefined || values === undefined || types.length !== 2) return fail(at)
  const type = mapOf(keys, values)
  if (type === null) throw new Undecided("a mapping with such keys isn't followed", at)
  return type
}

function tupleType(tools: TypeTools, args: readonly Lazy[], at: Location): Type {
  const [first, second] = args
  if (first !== undefined && second?.expression.kind === "constant" && second.expression.value === "...") {
    return args.length === 2 ? arrayOf(typeOfLazy(tools, first)) : fail(at)
  }
  if (args.length === 1 && first?.expression.kind === "tuple") return tupleOf([])
  return tupleOf(args.map((arg) => typeOfLazy(tools, arg)))
}

function literalType(tools: TypeTools, args: readonly Lazy[]): Type {
  const values = args.flatMap((arg) => literalValues(tools, arg))
  const distinct = values.filter(
    (value, index) => values.findIndex((other) => other === value && typeof other === typeof value) === index,
  )
  return literalOf(distinct)
}

function literalValues(tools: TypeTools, arg: Lazy): readonly Json[] {
  const at = locateLazy(arg)
  const value = evaluateLazy(tools.session, arg)
  if (["none", "bool", "str", "int", "member"].includes(value.kind)) return [encode(tools, value, at)]
  const literal =
    value.kind === "generic" && value.origin.kind === "outside" && genericKind(value.origin.path) === "literal"
  if (value.kind === "generic" && literal) return value.args.flatMap((inner) => literalValues(tools, inner))
  throw new Undecided("this isn't a literal", at)
}

/** Names bound in the module that makes the schema, `prefect._internal.pydantic.v2_schema`, and in its function. */
const prefectNames = new Set(
  (
    "inspect typing t pydantic V2BaseModel ConfigDict PydanticUndefinedAnnotation create_model PydanticUserError FieldInfo TypeAdapter " +
    "GenerateEmptySchemaForUserClasses is_v2_model is_v2_type has_v2_type_as_param process_v2_params create_v2_schema name_ model_cfg " +
    "model_base model_fields model adapter schema"
  ).split(" "),
)

function readMetadata(tools: TypeTools, lazy: Lazy): FieldFacts {
  const value: Value = evaluateLazy(tools.session, lazy)
  return readMetadataValue(tools, value, locateLazy(lazy))
}
