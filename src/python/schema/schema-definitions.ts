import type { Json, JsonObject } from "../../core/json.ts"
import type { Location } from "../../core/model.ts"
import type { TypeTools } from "./annotation.ts"
import type { Tags } from "./discriminator.ts"
import { cleandoc } from "./docstring.ts"
import { encode } from "./encode.ts"
import { enumMembers, enumMixin, type Mixin } from "../evaluate/enums.ts"
import { evaluate } from "../evaluate/evaluate.ts"
import { dataclassFields, fieldSchema, type ClassField, modelFields, typedDictFields } from "./model-fields.ts"
import { dumpInstance } from "./instances.ts"
import { classKind, type ClassKind, configSchema, isConfigured, noConfig } from "./class-kinds.ts"
import { locate, type Session, Undecided, Untyped } from "../names/session.ts"
import { instance, literalKind, reference, type Type } from "./type.ts"
import { type ClassFact, type LazyArgument, sameClass, type Value } from "../names/python-value.ts"

/** The classes that one parameter refers to, by their name in the schema. */
export interface Definitions {
  readonly tools: TypeTools
  readonly classes: ReadonlyMap<string, ClassFact>
  readonly schemas: Readonly<Record<string, JsonObject>>
}

/** An empty set of definitions; the tools in it fill it while annotations are read. */
export function openDefinitions(session: Session): Definitions {
  const classes = new Map<string, ClassFact>()
  const schemas: Record<string, JsonObject> = {}
  const tools: TypeTools = {
    session,
    forward: "prefect",
    arbitrary: true,
    configured: false,
    kindOf: (fact) => (enumMixin({ session, evaluate }, fact) === null ? classKind(session, fact).kind : "enum"),
    define: (fact, at) => session.within(at, null, () => define({ tools, classes, schemas }, fact, at)),
    tags: (target, field, at) =>
      session.within(at, `tags of ${target}`, () => tagsOf({ tools, classes, schemas }, { target, field, at })),
    // The classes of a default aren't part of the schema: they get definitions of their own, thrown away.
    dump: (fact, args, at) =>
      session.within(at, null, () => dumpOrFail(openDefinitions(session).tools, fact, { args, at })),
  }
  return { tools, classes, schemas }
}

interface Draft extends Definitions {
  readonly classes: Map<string, ClassFact>
  readonly schemas: Record<string, JsonObject>
}

function define(draft: Draft, fact: ClassFact, at: Location): Type {
  const { name } = fact.syntax
  const known = draft.classes.get(name)
  if (known !== undefined && sameClass(known, fact)) return reference(name)
  if (known !== undefined) throw new Undecided(`two classes are called \`${name}\``, at)
  const own = locate(fact.scope, fact.syntax.at)
  const mixin = enumMixin({ session: draft.tools.session, evaluate }, fact)
  // An instance of a plain class is taken as it is: pydantic writes an empty schema.
  const kind = mixin === null ? classKind(draft.tools.session, fact) : null
  if (kind?.kind === "plain") return instance
  draft.classes.set(name, fact)
  draft.schemas[name] = {}
  try {
    draft.schemas[name] = mixin === null ? recordSchema(draft, fact) : enumSchema(draft, { fact, mixin, at: own })
  } catch (error) {
    // Without schema it is left out of unions, and may be asked for again.
    draft.classes.delete(name)
    delete draft.schemas[name]
    throw error
  }
  return reference(name)
}

function enumSchema(draft: Draft, use: { fact: ClassFact; mixin: Mixin; at: Location }): JsonObject {
  const { fact } = use
  const members = enumMembers({ session: draft.tools.session, evaluate }, fact, use.mixin)
  if (members.length === 0) throw new Undecided(`\`${fact.syntax.name}\` has no members`, use.at)
  const values = members.map(({ member }) => encode(draft.tools, member.value, use.at))
  const kinds = new Set(members.map(({ member }, index) => enumKind(member.value, values[index] ?? null)))
  const [only] = kinds
  const typed = kinds.size === 1 && only !== undefined && only !== null ? { type: only } : {}
  return { title: fact.syntax.name, ...described(fact), enum: values, ...typed }
}

/** pydantic names the type of an enum only for these. */
function enumKind(value: Value, encoded: Json): string | null {
  if (value.kind === "float") return "number"
  return value.kind === "none" || value.kind === "dict" ? null : literalKind(encoded)
}

function recordSchema(draft: Draft, fact: ClassFact): JsonObject {
  const kind = classKind(draft.tools.session, fact)
  const tools = inside(draft.tools, kind)
  switch (kind.kind) {
    case "model":
      return objectSchema(draft, fact, { fields: modelFields(tools, fact), more: configSchema(kind.config) })
    case "dataclass":
      refuseSignatureDoc(fact)
      return objectSchema(draft, fact, { fields: dataclassFields(tools, fact), more: {} })
    case "typed-dict":
      return objectSchema(draft, fact, { fields: typedDictFields(tools, fact, kind.total), more: {} })
    case "plain":
      return {}
  }
}

/** How types are read inside a class. */
function inside(tools: TypeTools, kind: ClassKind): TypeTools {
  const config = kind.kind === "model" ? kind.config : noConfig
  return { ...tools, forward: "module", arbitrary: config.arbitrary, configured: isConfigured(config) }
}

function objectSchema(
  draft: Draft,
  fact: ClassFact,
  use: { fields: readonly ClassField[]; more: JsonObject },
): JsonObject {
  const properties = use.fields.map((field): [string, JsonObject] => [field.key, fieldSchema(draft, field)])
  const required = use.fields.filter((field) => field.required).map((field) => field.key)
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
    title: fact.syntax.name,
    ...described(fact),
    ...use.more,
  }
}

/** pydantic takes a docstring that begins like the one that Python makes for a dataclass as none. */
function refuseSignatureDoc(fact: ClassFact): void {
  const { docstring, name, at } = fact.syntax
  if (docstring?.startsWith(`${name}(`) === true) {
    throw new Undecided("a docstring that looks like a signature isn't followed", locate(fact.scope, at))
  }
}

function described(fact: ClassFact): JsonObject {
  const text = fact.syntax.docstring
  return text === null || text === "" ? {} : { description: cleandoc(text) }
}

/** pydantic wants a `Literal` for a field that tells classes apart, with no validator before it. */
function tagsOf(draft: Definitions, use: { target: string; field: string; at: Location }): Tags {
  const fact = draft.classes.get(use.target)
  const kind = fact === undefined ? null : classKind(draft.tools.session, fact)
  const odd = new Undecided(`\`${use.field}\` doesn't tell \`${use.target}\` from other classes`, use.at)
  if (fact === undefined || kind === null || isValidated(draft.tools.session, fact)) throw odd
  const tools = inside(draft.tools, kind)
  const fields =
    kind.kind === "model" ? modelFields(tools, fact) : kind.kind === "dataclass" ? dataclassFields(tools, fact) : []
  const tag = fields.find(({ name }) => name === use.field)
  const values = tag?.type.kind === "schema" ? literalTexts(tag.type.schema) : []
  if (tag === undefined || tag.field.hidden || values.length === 0) throw odd
  return { key: tag.key, values }
}

function isValidated(session: Session, fact: ClassFact): boolean {
  const decorated = fact.syntax.body.some(
    (statement) => statement.kind === "function" && statement.decorators.length > 0,
  )
  return decorated || classKind(session, fact).parents.some((parent) => isValidated(session, parent))
}

/** The texts of a `Literal` that has nothing else; none for any other type. */
function literalTexts(schema: JsonObject): readonly string[] {
  const { const: only, enum: several } = schema
  const values = Array.isArray(several) ? (several as readonly Json[]) : only === undefined ? [] : [only]
  const texts = values.filter((value) => typeof value === "string")
  return texts.length === values.length ? texts : []
}

/** A class with a field that has no schema still has instances, but what they hold isn't worked out. */
function dumpOrFail(tools: TypeTools, fact: ClassFact, use: { args: readonly LazyArgument[]; at: Location }): Json {
  try {
    return dump(tools, fact, use)
  } catch (error) {
    if (!(error instanceof Untyped)) throw error
    throw new Undecided(`a field of \`${fact.syntax.name}\` has no schema`, use.at)
  }
}

function dump(tools: TypeTools, fact: ClassFact, use: { args: readonly LazyArgument[]; at: Location }): Json {
  const kind = classKind(tools.session, fact)
  const module = inside(tools, kind)
  if (kind.kind === "model" && !kind.config.settings)
    return dumpInstance(module, modelFields(module, fact), { fact, ...use })
  if (kind.kind === "dataclass") return dumpInstance(module, dataclassFields(module, fact), { fact, ...use })
  throw new Undecided(`an instance of \`${fact.syntax.name}\` is only known when it runs`, use.at)
}
