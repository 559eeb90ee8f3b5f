import type { Clause, Expression, Place } from "./syntax.ts"
import { Literals } from "./literal-tokens.ts"
import { boundNames, checkTarget } from "./targets.ts"

/** Longer literals and calls are data, no defaults; bounds the memory that a file may take. */
export const itemsMax = 5_000

const atomKinds: ReadonlySet<string> = new Set("name number string fstring-start ( [ { None True False ...".split(" "))
const expressionKinds: ReadonlySet<string> = new Set([...atomKinds, ..."- + ~ not lambda await *".split(" ")])

type Made = Pick<Extract<Expression, { kind: "comprehension" }>, "of" | "key" | "element">
interface Before {
  readonly names: number
  readonly assigned: number
  readonly yields: number
}
interface Begun {
  readonly first: Expression
  readonly before: Before
}
type Entry = Extract<Expression, { kind: "dict" }>["entries"][number]

/** Atoms: names, constants, and what stands in brackets. */
export abstract class Displays extends Literals {
  protected abstract expression(): Expression
  protected abstract namedExpression(): Expression
  /** An operand of comparisons: what may stand after `*`, and before `in` as the target of a loop. */
  protected abstract operand(): Expression
  /** An expression without `if … else` and without `lambda`. */
  protected abstract condition(): Expression
  protected abstract yielded(): Expression
  protected abstract strayAwait: Place | null
  protected abstract context: { readonly body: string }
  /** Names that `:=` has bound in the statement that is being read. */
  protected readonly assigned: string[] = []
  /** How many `:=` and `yield` were read. */
  protected walruses = 0
  protected yields = 0

  protected startsExpression(): boolean {
    return expressionKinds.has(this.kind)
  }

  protected atom(): Expression {
    const { kind, at } = this
    switch (kind) {
      case "name":
        return this.#name(at)
      case "number":
        return this.number()
      case "string":
      case "fstring-start":
        return this.strings()
      case "(":
        return this.#group(at)
      case "[":
        return this.#list(at)
      case "{":
        return this.#braces(at)
      case "None":
      case "True":
      case "False":
      case "...":
        this.next()
        return { kind: "constant", value: kind, at }
      default:
        return this.fail()
    }
  }

  #name(at: Place): Expression {
    const name = this.identifier()
    this.scopes.names(name)
    return { kind: "name", name, at }
  }

  /** `*value`, or an expression that may be `name := value`. */
  protected starOrNamed(): Expression {
    return this.kind === "*" ? this.starred() : this.namedExpression()
  }

  protected starred(): Expression {
    const at = this.at
    this.expect("*")
    return { kind: "starred", value: this.operand(), at }
  }

  /** Expressions with commas between them: a tuple, unless it is one without a comma. */
  protected expressionList(): Expression {
    const at = this.at
    const item = () => (this.kind === "*" ? this.starred() : this.expression())
    const first = item()
    if (this.kind !== ",") return this.#alone(first)
    return this.#collected("tuple", this.#more(first, item), at)
  }

  /** The targets of a loop: what stands before `in`. */
  protected targetList(): Expression {
    const at = this.at
    const item = () => (this.kind === "*" ? this.starred() : this.operand())
    const first = item()
    const target = this.kind === "," ? this.#collected("tuple", this.#more(first, item), at) : this.#alone(first)
    checkTarget(target)
    return target
  }

  /** Reads on after the element: `for target in source if condition …`, once or more. */
  protected comprehension(made: Made, at: Place, before: Before): Expression {
    this.scopes.forget(before.names)
    const clauses: Clause[] = []
    const targets: string[] = []
    let plain = true
    // The first source is read outside of it, so it may have a `yield`.
    const outside = { yields: before.yields }
    do {
      if (this.skip("async")) {
        plain = false
        if (made.of !== "generator" && this.context.body !== "async function") this.strayAwait ??= at
      }
      const clause = this.#clause(targets, outside)
      if (clause === null) plain = false
      else clauses.push(clause)
    } while (this.startsComprehension())
    if (this.yields > outside.yields) this.fail("'yield' inside a comprehension", at)
    this.#checkAssigned(this.assigned.slice(before.assigned), targets, at)
    if (plain) return { kind: "comprehension", ...made, clauses, at }
    return { kind: "opaque", what: made.of === "generator" ? "a generator" : "a comprehension", at }
  }

  /** `:=` in a comprehension binds outside of it. */
  #checkAssigned(assigned: readonly string[], targets: readonly string[], at: Place): void {
    if (assigned.length === 0) return
    if (this.context.body === "class")
      this.fail("assignment expression within a comprehension cannot be used in a class body", at)
    const target = assigned.find((name) => targets.includes(name))
    if (target !== undefined)
      this.fail(`assignment expression cannot rebind comprehension iteration variable '${target}'`, at)
  }

  #clause(targets: string[], outside: { yields: number }): Clause | null {
    const first = targets.length === 0
    const { walruses, scopes } = this
    let { count } = scopes
    this.expect("for")
    const list = this.targetList()
    const target = plainTarget(list)
    targets.push(...boundNames(list), "")
    scopes.forget(count)
    this.expect("in")
    const { yields } = this
    const source = this.condition()
    if (first) outside.yields += this.yields - yields
    if (this.walruses > walruses)
      this.fail("assignment expression cannot be used in a comprehension iterable expression", source.at)
    if (first) ({ count } = scopes)
    const conditions = []
    while (this.skip("if")) conditions.push(this.condition())
    scopes.forget(count)
    return target === null ? null : { target, source, conditions }
  }

  /** What has been read before the element of what may be a comprehension. */
  protected get before(): Before {
    return { names: this.scopes.count, assigned: this.assigned.length, yields: this.yields }
  }

  protected startsComprehension(): boolean {
    return this.kind === "for" || (this.kind === "async" && this.kindAfter(1) === "for")
  }

  #alone(expression: Expression): Expression {
    if (expression.kind === "starred") this.fail("can't use starred expression here", expression.at)
    return expression
  }

  #group(at: Place): Expression {
    const { strayAwait, before } = this
    this.expect("(")
    if (this.skip(")")) return { kind: "tuple", items: [], at }
    const first = this.kind === "yield" ? this.yielded() : this.starOrNamed()
    if (this.kind === ",") {
      const items = this.#more(first, () => this.starOrNamed())
      this.expect(")")
      return this.#collected("tuple", items, at)
    }
    this.#alone(first)
    if (!this.startsComprehension()) {
      this.expect(")")
      return first
    }
    const generator = this.comprehension({ of: "generator", key: null, element: first }, at, before)
    this.strayAwait = strayAwait
    this.expect(")")
    return generator
  }

  #list(at: Place): Expression {
    const { before } = this
    this.expect("[")
    if (this.skip("]")) return { kind: "list", items: [], at }
    const first = this.starOrNamed()
    const list = this.#comprehendedOr("list", { first, before }, at)
    this.expect("]")
    return list
  }

  #braces(at: Place): Expression {
    const { before } = this
    this.expect("{")
    if (this.skip("}")) return { kind: "dict", entries: [], at }
    if (this.kind === "**") return this.#dictionary(this.#entry(), before, at)
    const first = this.starOrNamed()
    if (this.kind === ":") return this.#dictionary(this.#entryOf(first), before, at)
    const set = this.#comprehendedOr("set", { first, before }, at)
    this.expect("}")
    return set
  }

  #dictionary(first: Entry, before: Before, at: Place): Expression {
    if (first.key !== null && this.startsComprehension()) {
      const made = this.comprehension({ of: "dict", key: first.key, element: first.value }, at, before)
      this.expect("}")
      return made
    }
    const entries = [first]
    while (this.skip(",") && this.kind !== "}") {
      const entry = this.#entry()
      if (entries.length <= itemsMax) entries.push(entry)
    }
    this.expect("}")
    return entries.length > itemsMax
      ? { kind: "opaque", what: "a very long literal", at }
      : { kind: "dict", entries, at }
  }

  #entry(): Entry {
    return this.skip("**") ? { key: null, value: this.operand() } : this.#entryOf(this.expression())
  }

  #entryOf(key: Expression): Entry {
    if (key.kind === "starred") this.fail("can't use starred expression here", key.at)
    this.expect(":")
    return { key, value: this.expression() }
  }

  #comprehendedOr(kind: "list" | "set", { first, before }: Begun, at: Place): Expression {
    if (!this.startsComprehension())
      return this.#collected(
        kind,
        this.#more(first, () => this.starOrNamed()),
        at,
      )
    if (first.kind === "starred") this.fail("iterable unpacking cannot be used in comprehension", first.at)
    return this.comprehension({ of: kind, key: null, element: first }, at, before)
  }

  /** Reads on after the first item; a comma may end the list. */
  #more(first: Expression, item: () => Expression): Expression[] {
    const items = [first]
    while (this.skip(",") && this.startsExpression()) {
      const next = item()
      if (items.length <= itemsMax) items.push(next)
    }
    return items
  }

  #collected(kind: "list" | "tuple" | "set", items: readonly Expression[], at: Place): Expression {
    return items.length > itemsMax ? { kind: "opaque", what: "a very long literal", at } : { kind, items, at }
  }
}

/** The names that a target binds, when it is nothing but names. */
function plainTarget(target: Expression): string | readonly string[] | null {
  if (target.kind === "name") return target.name
  if (target.kind !== "tuple" && target.kind !== "list") return null
  const names = target.items.flatMap((item) => (item.kind === "name" ? [item.name] : []))
  return names.length === target.items.length ? names : null
}
