import type { Location } from "../../core/model.ts"
import type { Scope } from "./scope.ts"
import type { Undecided } from "./session.ts"
import type { ClassSyntax, Expression, FunctionSyntax } from "../grammar/syntax.ts"

/**
 * What a Python expression comes to, known from the text alone. Types are values like in Python; what comes from
 * outside the repository is known by its path only (`typing.Optional`, `builtins.int`).
 */
export type Value =
  | { readonly kind: "none" }
  | { readonly kind: "ellipsis" }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "str"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: string }
  | { readonly kind: "list" | "tuple" | "set" | "frozenset"; readonly items: readonly Value[] }
  | { readonly kind: "dict"; readonly entries: readonly DictEntry[] }
  /** A dictionary of which some values aren't known: only who can do with that takes it. */
  | { readonly kind: "partial"; readonly entries: readonly PartialEntry[] }
  /** What `keys()`, `values()` and `items()` of a dictionary give, each key once. */
  | { readonly kind: "view"; readonly of: ViewOf; readonly entries: readonly PartialEntry[] }
  | { readonly kind: "outside"; readonly path: string }
  | { readonly kind: "module"; readonly scope: Scope }
  | { readonly kind: "class"; readonly class: ClassFact }
  | { readonly kind: "function"; readonly function: FunctionFact }
  | { readonly kind: "member"; readonly class: ClassFact; readonly name: string; readonly value: Value }
  | { readonly kind: "generic"; readonly origin: Value; readonly args: readonly Lazy[] }
  | { readonly kind: "union"; readonly members: readonly Value[] }
  /** The instance that a constructor makes, as far as it has come. */
  | { readonly kind: "self"; readonly made: Made }
  /** A method of a text, a dictionary or a flow, not called yet. */
  | { readonly kind: "method"; readonly object: Value; readonly name: string }
  | { readonly kind: "call"; readonly callee: Value; readonly args: readonly LazyArgument[]; readonly at: Location }

export interface DictEntry {
  readonly key: Value
  readonly value: Value
}

export interface PartialEntry {
  readonly key: Value
  readonly value: Known
}
export type ViewOf = "keys" | "values" | "items"

/** A value, or why it isn't known. */
export type Known = Value | Undecided

/** An instance of a class of the repository, and what its constructor has set so far. */
export interface Made {
  /** The class itself, its base class, and so on. */
  readonly lineage: readonly Ancestor[]
  readonly attributes: ReadonlyMap<string, Known | Lazy>
  /** Files that it passes through. */
  readonly paths: ReadonlySet<string>
}

/** Where an expression stands: what its names mean depends on it. */
export interface Environment {
  readonly scope: Scope
  /** Bindings from here on don't exist yet. */
  readonly before: number
  /** When what the names hold is used, where that is later: until then it may be changed in place. */
  readonly until?: number
  /** Names bound in the class body around the expression: they would hide the module's, so they aren't followed. */
  readonly hidden: ReadonlySet<string>
  /** What a comprehension or a constructor around the expression binds: comes before everything else. */
  readonly locals?: ReadonlyMap<string, Known | Lazy>
}

/** The same place when the whole module has run: annotations that are texts are looked up then. */
export function atTheEnd(environment: Environment): Environment {
  return { ...environment, before: Number.POSITIVE_INFINITY }
}

/** An argument of a call outside the repository, already known. */
export interface CallArgument {
  readonly name: string | null
  readonly value: Value
}

/** An expression that is looked at when it matters. */
export interface Lazy {
  readonly expression: Expression
  readonly environment: Environment
}
export interface LazyArgument extends Lazy {
  readonly name: string | null
  readonly star: "" | "*" | "**"
}

export interface ClassFact {
  readonly syntax: ClassSyntax
  readonly scope: Scope
  readonly order: number
}
/** A class among those that another one is based on, itself included. */
export interface Ancestor {
  readonly fact: ClassFact
  /** `@dataclass` writes its constructor, unless it has one. */
  readonly dataclass: boolean
}
export interface FunctionFact {
  readonly syntax: FunctionSyntax
  readonly scope: Scope
  readonly order: number
}

/** Whether something may be changed in place after it was made. */
export function isMutable(value: Value): boolean {
  if (value.kind === "call" && value.callee.kind === "outside") return !fixed.has(value.callee.path)
  return ["list", "set", "dict", "partial", "view", "call"].includes(value.kind)
}

/** Calls whose results stay as they are. */
const fixed = new Set(
  (
    "builtins.range datetime.date datetime.datetime datetime.time datetime.timedelta decimal.Decimal pathlib.Path " +
    "typing.NewType typing.TypeVar uuid.UUID zoneinfo.ZoneInfo"
  ).split(" "),
)

/** Python's `==` between plain values of one type; unlike Python never `1 == True`. */
export function sameValue(a: Value, b: Value): boolean {
  if (a.kind === "member" && b.kind === "member") return sameClass(a.class, b.class) && a.name === b.name
  if (a.kind === "none" || b.kind === "none") return a.kind === b.kind
  if (isPlain(a) && isPlain(b)) return a.kind === b.kind && a.value === b.value
  const [left, right] = [partsOf(a), partsOf(b)]
  return a.kind === b.kind && left !== null && right !== null && sameItems(left, right)
}

/** What a container holds, keys and values of a dictionary in turn; null for anything else. */
function partsOf(value: Value): readonly Value[] | null {
  if ("items" in value) return value.items
  return value.kind === "dict" ? value.entries.flatMap((entry) => [entry.key, entry.value]) : null
}

function sameItems(a: readonly Value[], b: readonly Value[]): boolean {
  return (
    a.length === b.length &&
    a.every((item, index) => {
      const other = b[index]
      return other !== undefined && sameValue(item, other)
    })
  )
}

function isPlain(value: Value): value is Extract<Value, { kind: "int" | "float" | "str" | "bytes" | "bool" }> {
  return ["int", "float", "str", "bytes", "bool"].includes(value.kind)
}

export function sameClass(a: ClassFact, b: ClassFact): boolean {
  return a.syntax === b.syntax && a.scope.path === b.scope.path
}

/** Names that a class body binds. */
export function boundInClass(syntax: ClassSyntax): ReadonlySet<string> {
  const names = new Set<string>()
  for (const statement of syntax.body) {
    if (statement.kind === "assign" || statement.kind === "binds") statement.names.forEach((name) => names.add(name))
    if (statement.kind === "function" || statement.kind === "class") names.add(statement.name)
    if (statement.kind === "annotated" && statement.value !== null) names.add(statement.name)
  }
  return names
}

const nothingHidden: ReadonlySet<string> = new Set()

/** The environment of what stands in the head of a class or function: decorators, bases, defaults. */
export function inHead({ scope, order }: ClassFact | FunctionFact): Environment {
  return { scope, before: order, hidden: nothingHidden }
}

/** The environment of an expression in a class body. */
export function inClass(fact: ClassFact): Environment {
  return { scope: fact.scope, before: fact.order, hidden: boundInClass(fact.syntax) }
}
