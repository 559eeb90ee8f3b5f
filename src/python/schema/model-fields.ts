import type { Json, JsonObject } from "../../core/json.ts"
import { jsonEqual } from "../../core/json.ts"
import type { Location } from "../../core/model.ts"
import { constrainOrFail, readAnnotation, type TypeTools } from "./annotation.ts"
import { encodeDefault } from "./encode.ts"
import { evaluateLazy, locateLazy } from "../evaluate/evaluate.ts"
import { describeField, factoryOf, type FieldDefault, type FieldFacts, isField, noField, readField } from "./field.ts"
import { isClassVariable } from "../evaluate/dataclass.ts"
import { toCamel, toPascal, toTitle } from "./aliases.ts"
import { classKind, isQuietMethod, type ModelConfig } from "./class-kinds.ts"
import { discriminate } from "./discriminator.ts"
import { locate, Undecided } from "../names/session.ts"
import type { Argument, Statement } from "../grammar/syntax.ts"
import { calledPath } from "../names/outside.ts"
import { isTitled, toSchema, type Type } from "./type.ts"
import { atTheEnd, type ClassFact, type Environment, inClass, type Lazy } from "../names/python-value.ts"

/** One field of a model, dataclass or TypedDict. */
export interface ClassField {
  readonly name: string
  /** Its name in JSON: the alias if there is one. */
  readonly key: string
  readonly type: Type
  readonly field: FieldFacts
  readonly required: boolean
  readonly at: Location
}

/** The fields of a pydantic model, inherited ones first. */
export function modelFields(tools: TypeTools, fact: ClassFact): readonly ClassField[] {
  const kind = classKind(tools.session, fact)
  const aliases = kind.kind === "model" ? kind.config.aliases : null
  const fields = collect(tools, fact, (statement) => {
    if (statement.kind === "annotated") return modelField(tools, fact, statement)
    const quiet =
      (statement.kind === "function" &&
        isQuietMethod(tools.session, fact, statement) &&
        !replacesDecorated(tools, fact, statement.name)) ||
      (statement.kind === "class" && statement.name === "Config") ||
      (statement.kind === "assign" && statement.names.every((name) => name.startsWith("_") || name === "model_config"))
    if (quiet) return null
    throw new Undecided(`a part of \`${fact.syntax.name}\` may change its fields`, locate(fact.scope, statement.at))
  })
  return fields.map((field) => ({ ...field, key: field.field.alias ?? generatedAlias(field.name, aliases) }))
}

function generatedAlias(name: string, aliases: ModelConfig["aliases"]): string {
  if (aliases === null) return name
  return aliases === "to_camel" ? toCamel(name) : toPascal(name)
}

/** The fields of a dataclass, inherited ones first. */
export function dataclassFields(tools: TypeTools, fact: ClassFact): readonly ClassField[] {
  const fields = collect(tools, fact, (statement) =>
    statement.kind === "annotated" ? dataclassField(tools, fact, statement) : null,
  )
  const defaulted = fields.findIndex(({ required }) => !required)
  const late = defaulted === -1 ? undefined : fields.slice(defaulted).find(({ required }) => required)
  if (late !== undefined && !hasKeywordOnly(tools, fact)) {
    throw new Undecided(`Python refuses \`${late.name}\`, a field without default after one with`, late.at)
  }
  return fields
}

function hasKeywordOnly(tools: TypeTools, fact: ClassFact): boolean {
  const { decorators, text } = fact.syntax
  const said = decorators.some((decorator) => decorator.kind === "call" && decorator.args.some(isKeywordOnly))
  return (
    said ||
    text.includes("kw_only") ||
    classKind(tools.session, fact).parents.some((parent) => hasKeywordOnly(tools, parent))
  )
}

function isKeywordOnly({ name }: Argument): boolean {
  return name === "kw_only"
}

/** The keys of a TypedDict, inherited ones first. */
export function typedDictFields(tools: TypeTools, fact: ClassFact, total: boolean): readonly ClassField[] {
  return collect(tools, fact, (statement) => {
    if (statement.kind !== "annotated") return null
    const lazy = annotationOf(fact, statement)
    const marker = lazy.expression.kind === "subscript" ? lazy.expression.object : null
    const marked = marker === null ? "" : marker.kind === "name" || marker.kind === "attribute" ? marker.name : ""
    const required = marked === "Required" || (total && marked !== "NotRequired")
    return newField(tools, lazy, { name: statement.name, own: noField, required })
  })
}

/** The JSON schema of a field as a property. */
export function fieldSchema(
  draft: { readonly tools: TypeTools; readonly schemas: Readonly<Record<string, JsonObject>> },
  classField: ClassField,
): JsonObject {
  const { field, type, at } = classField
  const plain = field.default
  const value = plain.kind === "value" ? encodeDefault(draft.tools, plain.value, plain.at) : {}
  const schema: JsonObject = { ...toSchema(constrainOrFail(type, field, at)), ...value, ...describeField(field) }
  const titled =
    "title" in schema || !isTitled(type)
      ? schema
      : { ...schema, title: toTitle(classField.key).replaceAll("_", " ").trim() }
  return withoutRedundant(titled, draft.schemas, at)
}

/** pydantic drops what stands beside a `$ref` when the definition says the same. */
export function withoutRedundant(
  schema: JsonObject,
  schemas: Readonly<Record<string, JsonObject>>,
  at: Location,
): JsonObject {
  const target = schema["$ref"]
  if (typeof target !== "string") return schema
  const definition = schemas[target.split("/").at(-1) ?? ""] ?? {}
  // A class that refers to itself isn't complete yet, so what it says isn't known.
  if (Object.keys(definition).length === 0 && Object.keys(schema).length > 1) {
    throw new Undecided("a class that refers to itself with more than its name isn't followed", at)
  }
  const kept = Object.entries(schema).filter(([key, value]) => {
    const said: Json | undefined = definition[key]
    return said === undefined || !jsonEqual(said, value)
  })
  return Object.fromEntries(kept)
}

type Annotated = Extract<Statement, { kind: "annotated" }>

function collect(
  tools: TypeTools,
  fact: ClassFact,
  read: (statement: Statement) => ClassField | null,
): readonly ClassField[] {
  const kind = classKind(tools.session, fact)
  const fields = new Map<string, ClassField>()
  for (const parent of kind.parents) {
    for (const field of parentFields(tools, parent)) fields.set(field.name, field)
  }
  for (const statement of fact.syntax.body) {
    const field = read(statement)
    // A field that a subclass declares again keeps its place.
    if (field !== null)
      fields.set(field.name, kind.kind === "dataclass" ? keepDefault(field, fields.get(field.name)) : field)
  }
  return [...fields.values()]
}

/** The default of a dataclass field is an attribute of its class, which a subclass inherits. */
function keepDefault(field: ClassField, above: ClassField | undefined): ClassField {
  if (above === undefined || field.field.default.kind !== "required" || above.field.default.kind !== "value")
    return field
  return { ...field, field: { ...field.field, default: above.field.default }, required: false }
}

/** A validator or serializer of a base class under the same name: pydantic then calls this one in its way. */
function replacesDecorated(tools: TypeTools, fact: ClassFact, name: string): boolean {
  return classKind(tools.session, fact).parents.some(
    (parent) =>
      parent.syntax.body.some(
        (other) => other.kind === "function" && other.name === name && other.decorators.length > 0,
      ) || replacesDecorated(tools, parent, name),
  )
}

function parentFields(tools: TypeTools, fact: ClassFact): readonly ClassField[] {
  const kind = classKind(tools.session, fact)
  switch (kind.kind) {
    case "model":
      return modelFields(tools, fact)
    case "dataclass":
      return dataclassFields(tools, fact)
    case "typed-dict":
      return typedDictFields(tools, fact, kind.total)
    case "plain":
      throw new Undecided(`\`${fact.syntax.name}\` is a plain base class`, locate(fact.scope, fact.syntax.at))
  }
}

function modelField(tools: TypeTools, fact: ClassFact, statement: Annotated): ClassField | null {
  if (statement.name.startsWith("_") || statement.name === "model_config") return null
  if (isClassVariable(statement)) return null
  const own =
    statement.value === null ? noField : fieldOf(tools, { expression: statement.value, environment: inClass(fact) })
  return newField(tools, annotationOf(fact, statement), { name: statement.name, own, required: null })
}

function dataclassField(tools: TypeTools, fact: ClassFact, statement: Annotated): ClassField | null {
  if (isClassVariable(statement)) return null
  const own =
    statement.value === null
      ? noField
      : dataclassDefault(tools, { expression: statement.value, environment: inClass(fact) })
  return newField(tools, annotationOf(fact, statement), { name: statement.name, own, required: null })
}

function newField(
  tools: TypeTools,
  lazy: Lazy,
  use: { name: string; own: FieldFacts; required: boolean | null },
): ClassField {
  const { type, field } = readAnnotation(tools, lazy)
  const { own } = use
  const at = locateLazy(lazy)
  const merged: FieldFacts = {
    default: own.default.kind === "required" ? field.default : own.default,
    alias: own.alias ?? field.alias,
    described: { ...field.described, ...own.described },
    extra: { ...field.extra, ...own.extra },
    constraints: own.constraints,
    hidden: own.hidden || field.hidden,
    discriminator: null,
  }
  if (Object.keys(field.extra).length > 0 && Object.keys(own.extra).length > 0) {
    throw new Undecided("two `json_schema_extra` aren't followed", at)
  }
  const required = use.required ?? merged.default.kind === "required"
  const told = own.discriminator === null ? type : discriminate(tools, type, { name: own.discriminator, at })
  return { name: use.name, key: merged.alias ?? use.name, type: told, field: merged, required, at }
}

function annotationOf(fact: ClassFact, statement: Annotated): Lazy {
  // Lazy annotations are texts, which pydantic looks at when the flow is made.
  const eager = inClass(fact)
  const environment: Environment = fact.scope.syntax.lazyAnnotations ? atTheEnd(eager) : eager
  return { expression: statement.annotation, environment }
}

function fieldOf(tools: TypeTools, lazy: Lazy): FieldFacts {
  const value = evaluateLazy(tools.session, lazy)
  if (isField(value)) return readField(tools, value)
  if (calledPath(value)?.startsWith("pydantic.") === true)
    throw new Undecided("this default isn't followed", locateLazy(lazy))
  return value.kind === "ellipsis" ? noField : { ...noField, default: { kind: "value", value, at: locateLazy(lazy) } }
}

function dataclassDefault(tools: TypeTools, lazy: Lazy): FieldFacts {
  const value = evaluateLazy(tools.session, lazy)
  const at = locateLazy(lazy)
  if (calledPath(value) !== "dataclasses.field" || value.kind !== "call") {
    if (isField(value)) throw new Undecided("`Field` in a dataclass isn't followed", at)
    return { ...noField, default: { kind: "value", value, at } }
  }
  let result: FieldDefault = { kind: "required" }
  for (const argument of value.args) {
    if (argument.name === "default_factory") result = factoryOf(argument)
    else if (argument.name === "default") {
      result = { kind: "value", value: evaluateLazy(tools.session, argument), at: locateLazy(argument) }
    } else if (!["repr", "compare", "hash", "kw_only"].includes(argument.name ?? "")) {
      throw new Undecided("this `field(...)` isn't followed", at)
    }
  }
  return { ...noField, default: result }
}
