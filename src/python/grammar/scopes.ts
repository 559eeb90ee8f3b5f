import type { Place } from "./syntax.ts"
import { PythonSyntaxError } from "./tokens.ts"

type Declaration = "global" | "nonlocal"

interface Scope {
  readonly kind: "module" | "class" | "function"
  readonly outer: Scope | null
  readonly parameters: ReadonlySet<string>
  readonly bound: Set<string>
  readonly declared: Map<string, Declaration>
  /** What was named since the last declaration, and before it. */
  readonly recent: string[]
  readonly named: Set<string>
  yields: boolean
  returns: Place | null
}

/**
 * What CPython's compiler knows of names: which scope they stand in, which of them `global` and `nonlocal` may speak of
 * (Simple statements). Lambdas have a scope, too; those of comprehensions and annotations hold no declaration, so what is
 * named there is forgotten. Names are noted only in a file that declares any.
 */
export class Scopes {
  current: Scope = scopeOf("module", null, [])
  readonly #noting: boolean
  readonly #nonlocals: { readonly name: string; readonly scope: Scope; readonly at: Place }[] = []

  constructor(kinds: readonly string[]) {
    this.#noting = kinds.includes("global") || kinds.includes("nonlocal")
  }

  within<T>(kind: "class" | "function", parameters: readonly string[], read: () => T): T {
    const outer = this.current
    this.current = scopeOf(kind, outer, parameters)
    const result = read()
    this.current = outer
    return result
  }

  names(name: string): void {
    if (this.#noting) this.current.recent.push(name)
  }

  binds(name: string): void {
    if (!this.#noting) return
    this.current.bound.add(name)
    this.current.named.add(name)
  }

  /** An import binds a name, and `global` may still follow. */
  imports(name: string): void {
    if (this.#noting) this.current.bound.add(name)
  }

  /** How many names were noted: what comes later can be forgotten. */
  get count(): number {
    return this.current.recent.length
  }

  forget(count: number): void {
    this.current.recent.length = Math.min(count, this.current.recent.length)
  }

  /** @throws PythonSyntaxError */
  declares(how: Declaration, name: string, at: Place): void {
    const scope = this.current
    for (const recent of scope.recent) scope.named.add(recent)
    scope.recent.length = 0
    const other = scope.declared.get(name) ?? how
    if (scope.parameters.has(name)) throw new PythonSyntaxError(`name '${name}' is parameter and ${how}`, at)
    if (other !== how) throw new PythonSyntaxError(`name '${name}' is nonlocal and global`, at)
    if (scope.named.has(name))
      throw new PythonSyntaxError(`name '${name}' is used or assigned to before its ${how} declaration`, at)
    scope.declared.set(name, how)
    if (how === "nonlocal") this.#nonlocals.push({ name, scope, at })
  }

  /** @throws PythonSyntaxError when a `nonlocal` speaks of a name that no function around it binds */
  close(): void {
    for (const { name, scope, at } of this.#nonlocals)
      if (!isBoundAround(scope, name)) throw new PythonSyntaxError(`no binding for nonlocal '${name}' found`, at)
  }
}

function scopeOf(kind: Scope["kind"], outer: Scope | null, parameters: readonly string[]): Scope {
  return {
    kind,
    outer,
    parameters: new Set(parameters),
    bound: new Set(),
    declared: new Map(),
    recent: [],
    named: new Set(),
    yields: false,
    returns: null,
  }
}

function isBoundAround({ outer }: Scope, name: string): boolean {
  for (let scope = outer; scope !== null; scope = scope.outer) {
    if (scope.kind === "class" && name === "__class__") return true
    if (scope.kind !== "function") continue
    const declared = scope.declared.get(name)
    if (declared === "global") return false
    if (declared === undefined && (scope.bound.has(name) || scope.parameters.has(name))) return true
  }
  return false
}
