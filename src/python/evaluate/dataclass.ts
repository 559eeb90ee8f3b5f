import type { Slot } from "./arguments.ts"
import { attempt } from "./comprehension.ts"
import { bindingsIn } from "./lineage.ts"
import type { Tools } from "../names/names.ts"
import { locate, Undecided } from "../names/session.ts"
import type { Statement } from "../grammar/syntax.ts"
import { calledPath, canonical } from "../names/outside.ts"
import { type Ancestor, type ClassFact, inClass, type Known, type Lazy } from "../names/python-value.ts"

type Annotated = Extract<Statement, { kind: "annotated" }>

/** The parameters of the constructor that `@dataclass` writes for the first class, fields of its bases first. */
export function dataclassSlots(tools: Tools, lineage: readonly Ancestor[]): readonly Slot[] {
  const slots = new Map<string, Slot>()
  for (const [index, { fact, dataclass }] of [...lineage.entries()].toReversed()) {
    const above = lineage.slice(index + 1)
    for (const statement of dataclass ? fact.syntax.body : []) {
      if (statement.kind !== "annotated" || isClassVariable(statement)) continue
      const value = defaultOf(tools, fact, statement)
      // Without a default of its own a field takes the attribute of a base class.
      if (value === null && above.some((other) => bindingsIn(other.fact, statement.name).length > 0)) {
        throw new Undecided(`what \`${statement.name}\` inherits isn't followed`, locate(fact.scope, statement.at))
      }
      slots.set(statement.name, { name: statement.name, star: "", keywordOnly: false, default: value })
    }
  }
  return [...slots.values()]
}

/** Whether a value is a call of `dataclasses.field`. */
export function isDataField(value: Known): boolean {
  return !(value instanceof Undecided) && calledPath(value) === "dataclasses.field"
}

/** A factory is a default too, of which nothing is known. */
function defaultOf(tools: Tools, fact: ClassFact, statement: Annotated): Lazy | null {
  const { annotation, value } = statement
  const outer = annotation.kind === "subscript" ? annotation.object : annotation
  const odd = new Undecided(`the field \`${statement.name}\` isn't followed`, locate(fact.scope, statement.at))
  if (annotation.kind === "string" || isSpecial(attempt(tools, outer, inClass(fact)))) throw odd
  if (value === null) return null
  const lazy = { expression: value, environment: inClass(fact) }
  if (value.kind !== "call") return lazy
  const read = attempt(tools, value, lazy.environment)
  if (read instanceof Undecided || read.kind !== "call" || !isDataField(read)) return lazy
  if (read.args.some(({ name, star }) => star !== "" || !fieldOptions.has(name ?? ""))) throw odd
  if (read.args.some(({ name }) => name === "default_factory")) return lazy
  return read.args.find(({ name }) => name === "default") ?? null
}

const fieldOptions = new Set(["default", "default_factory", "repr", "compare", "hash"])

/** What is no field, or no plain one, under whatever name it is imported. */
function isSpecial(annotation: Known): boolean {
  return !(annotation instanceof Undecided) && annotation.kind === "outside" && special.has(canonical(annotation.path))
}

const special = new Set(["dataclasses.InitVar", "dataclasses.KW_ONLY", "typing.ClassVar"])

/** Whether an annotation says `ClassVar`, so that it makes no field. */
export function isClassVariable({ annotation }: Annotated): boolean {
  const outer = annotation.kind === "subscript" ? annotation.object : annotation
  const name = outer.kind === "name" || outer.kind === "attribute" ? outer.name : ""
  if (annotation.kind === "string" && annotation.value.includes("ClassVar")) return true
  return name === "ClassVar"
}
