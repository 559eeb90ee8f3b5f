import { namesPassedBy } from "../grammar/subexpressions.ts"
import type { ClassSyntax, Expression, FunctionSyntax, ModuleSyntax, Place, Statement } from "../grammar/syntax.ts"

/** What a name of a module is bound to, as far as the text tells. */
export type Binding = (
  | { readonly kind: "value"; readonly value: Expression }
  | { readonly kind: "function"; readonly syntax: FunctionSyntax }
  | { readonly kind: "class"; readonly syntax: ClassSyntax }
  | { readonly kind: "module"; readonly module: string }
  | { readonly kind: "member"; readonly module: string; readonly level: number; readonly name: string }
  /** `from x import *`: may bind any name. */
  | { readonly kind: "star"; readonly module: string; readonly level: number; readonly certain: boolean }
  /** Bound below `if TYPE_CHECKING:` only, so not at run time. */
  | { readonly kind: "typing-only" }
  /** `below`: what it is bound to when the condition around it holds; null when the text doesn't tell. */
  | { readonly kind: "unknown"; readonly reason: string; readonly below: Bound | null }
) & { readonly order: number; readonly at: Place }

/** The names of one module, in the order in which running it would bind them. */
export interface Scope {
  readonly path: string
  readonly syntax: ModuleSyntax
  readonly bindings: ReadonlyMap<string, readonly Binding[]>
  readonly stars: readonly Binding[]
  /** Orders of the bare expressions that a name occurs in. */
  readonly passes: ReadonlyMap<string, readonly number[]>
}

export function toScope(path: string, syntax: ModuleSyntax): Scope {
  const builder: Builder = { order: 0, bindings: new Map(), stars: [], passes: new Map() }
  addStatements(builder, syntax.statements, "certain")
  const { bindings, stars, passes } = builder
  return { path, syntax, bindings, stars, passes }
}

/** What `name` is bound to just before `before`: its last own binding and any star imports after that one. */
export function lookUp(scope: Scope, name: string, before: number): { own: Binding | null; stars: readonly Binding[] } {
  const earlier = (scope.bindings.get(name) ?? []).filter((binding) => binding.order < before)
  const last = earlier.findLast((binding) => binding.kind !== "typing-only") ?? earlier.at(-1) ?? null
  const own = last?.kind === "unknown" ? (fromPrefect(earlier) ?? last) : last
  const since = own === null || own.kind === "typing-only" ? -1 : own.order
  return { own, stars: scope.stars.filter((star) => star.order > since && star.order < before) }
}

/**
 * `try: from prefect import flow`, with a stand-in for where Prefect isn't installed (`except ImportError: def flow …`, or
 * the other branch of an `if`): where a flow is deployed, Prefect is there. Null when anything else may bind the name.
 */
function fromPrefect(bindings: readonly Binding[]): Binding | null {
  const below = bindings.map((binding) => (binding.kind === "unknown" ? binding.below : null))
  const imports = below.filter((bound) => bound?.kind === "member" && isOfPrefect(bound))
  const [first] = imports
  const alike = imports.every((bound) => sameImport(bound, first))
  const others = below.filter((bound) => !imports.includes(bound))
  const standIns = others.every((bound) => bound !== null && ["function", "class", "value"].includes(bound.kind))
  const last = bindings.at(-1)
  return first && last && alike && standIns ? { ...first, order: last.order, at: last.at } : null
}

function isOfPrefect({ module, level }: Extract<Bound, { kind: "member" }>): boolean {
  return level === 0 && firstPart(module) === "prefect"
}

function sameImport(a: Bound | null | undefined, b: Bound | null | undefined): boolean {
  return a?.kind === "member" && b?.kind === "member" && a.module === b.module && a.name === b.name
}

/** Why what `name` holds may have been changed in place between its binding and `before`, or null. */
export function changedInPlace(scope: Scope, name: string, order: { bound: number; before: number }): string | null {
  if (scope.syntax.mutated.has(name)) return "the file changes it in place"
  const passed = (scope.passes.get(name) ?? []).some((at) => at > order.bound && at < order.before)
  return passed ? "it is passed to a call that may change it" : null
}

interface Builder {
  order: number
  readonly bindings: Map<string, Binding[]>
  readonly stars: Binding[]
  readonly passes: Map<string, number[]>
}
type Certainty = "certain" | "conditional" | "typing-only"
type Bound = Binding extends infer Each ? (Each extends Binding ? Omit<Each, "order" | "at"> : never) : never

function addStatements(builder: Builder, statements: readonly Statement[], certainty: Certainty): void {
  for (const statement of statements) {
    builder.order += 1
    addStatement(builder, statement, certainty)
  }
}

function addStatement(builder: Builder, statement: Statement, certainty: Certainty): void {
  const bind = (name: string, bound: Bound) =>
    push(builder.bindings, name, { ...weaken(bound, certainty), order: builder.order, at: statement.at })
  if (isBinder(statement)) {
    const value = "value" in statement ? statement.value : null
    if (value !== null) namesPassedBy(value).forEach((name) => push(builder.passes, name, builder.order))
    return bindingsOf(statement).forEach(([name, bound]) => bind(name, bound))
  }
  switch (statement.kind) {
    case "from":
      return addFrom(builder, statement, { bind, certainty })
    case "passes":
      return statement.names.forEach((name) => push(builder.passes, name, builder.order))
    case "block": {
      const inner = statement.test === "type-checking" ? "typing-only" : "conditional"
      return addStatements(builder, statement.body, certainty === "certain" ? inner : certainty)
    }
  }
}

type Binder = Extract<Statement, { kind: "function" | "class" | "assign" | "annotated" | "import" | "binds" }>

function isBinder(statement: Statement): statement is Binder {
  return ["function", "class", "assign", "annotated", "import", "binds"].includes(statement.kind)
}

function bindingsOf(statement: Binder): [string, Bound][] {
  switch (statement.kind) {
    case "function":
      return [[statement.name, { kind: "function", syntax: statement }]]
    case "class":
      return [[statement.name, { kind: "class", syntax: statement }]]
    case "assign":
      return statement.names.map((name) => [name, { kind: "value", value: statement.value }])
    case "annotated":
      return statement.value === null ? [] : [[statement.name, { kind: "value", value: statement.value }]]
    case "import": {
      const module = statement.as === null ? firstPart(statement.module) : statement.module
      return [[statement.as ?? module, { kind: "module", module }]]
    }
    case "binds":
      return statement.names.map((name) => [name, unknown(`it is set by ${statement.what}`)])
  }
}

function addFrom(
  builder: Builder,
  statement: Extract<Statement, { kind: "from" }>,
  context: { bind: (name: string, bound: Bound) => void; certainty: Certainty },
): void {
  const { module, level, names, at } = statement
  if (names !== "*") {
    return names.forEach(({ name, as }) => context.bind(as, { kind: "member", module, level, name }))
  }
  if (context.certainty === "typing-only") return
  const certain = context.certainty === "certain"
  builder.stars.push({ kind: "star", module, level, certain, order: builder.order, at })
}

function weaken(bound: Bound, certainty: Certainty): Bound {
  if (certainty === "certain") return bound
  if (certainty === "typing-only") return { kind: "typing-only" }
  return { ...unknown("it is set below a condition, a loop or a `try`"), below: bound }
}

function unknown(reason: string) {
  return { kind: "unknown", reason, below: null } as const
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [value])
  else known.push(value)
}

function firstPart(module: string): string {
  return module.split(".")[0] ?? module
}
