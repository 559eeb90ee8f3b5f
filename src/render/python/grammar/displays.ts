import type { Clause, Expression, Place } from "../syntax.ts"
import { Literals } from "./literals.ts"
import { checkTarget } from "./targets.ts"

/** Longer literals and calls are data, no defaults; bounds the memory that a file may take. */
export const itemsMax = 5_000

const atomKinds: ReadonlySet<string> = new Set("name number string fstring-start ( [ { None True False ...".split(" "))
const expressionKinds: ReadonlySet<string> = new Set([...atomKinds, ..."- + ~ not lambda await *".split(" ")])

type Made = Pick<Extract<Expression, { kind: "comprehension" }>, "of" | "key" | "element">
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

  protected startsExpression(): boolean {
    return expressionKinds.has(this.kind)
  }

  protected atom(): Expression {
    const { kind, at } = this
    switch (kind) {
      case "name":
        return { kind: "name", name: this.identifier(), at }
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
  protected comprehension(made: Made, at: Place): Expression {
    const clauses: Clause[] = []
    let plain = true
    do {
      if (this.skip("async")) plain = false
      const clause = this.#clause()
      if (clause === null) plain = false
      else clauses.push(clause)
    } while (this.startsComprehension())
    if (plain) return { kind: "comprehension", ...made, clauses, at }
    return { kind: "opaque", what: made.of === "generator" ? "a generator" : "a comprehension", at }
  }

  #clause(): Clause | null {
    this.expect("for")
    const target = plainTarget(this.targetList())
    this.expect("in")
    const source = this.condition()
    const conditions = []
    while (this.skip("if")) conditions.push(this.condition())
    return target === null ? null : { target, source, conditions }
  }

  protected startsComprehension(): boolean {
    return this.kind === "for" || (this.kind === "async" && this.kindAfter(1) === "for")
  }

  #alone(expression: Expression): Expression {
    if (expression.kind === "starred") this.fail("can't use starred expression here", expression.at)
    return expression
  }

  #group(at: Place): Expression {
    const { strayAwait } = this
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
    const generator = this.comprehension({ of: "generator", key: null, element: first }, at)
    this.strayAwait = strayAwait
    this.expect(")")
    return generator
  }

  #list(at: Place): Expression {
    this.expect("[")
    if (this.skip("]")) return { kind: "list", items: [], at }
    const first = this.starOrNamed()
    const list = this.#comprehendedOr("list", first, at)
    this.expect("]")
    return list
  }

  #braces(at: Place): Expression {
    this.expect("{")
    if (this.skip("}")) return { kind: "dict", entries: [], at }
    if (this.kind === "**") return this.#dictionary(this.#entry(), at)
    const first = this.starOrNamed()
    if (this.kind === ":") return this.#dictionary(this.#entryOf(first), at)
    const set = this.#comprehendedOr("set", first, at)
    this.expect("}")
    return set
  }

  #dictionary(first: Entry, at: Place): Expression {
    if (first.key !== null && this.startsComprehension()) {
      const made = this.comprehension({ of: "dict", key: first.key, element: first.value }, at)
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

  #comprehendedOr(kind: "list" | "set", first: Expression, at: Place): Expression {
    if (!this.startsComprehension())
      return this.#collected(
        kind,
        this.#more(first, () => this.starOrNamed()),
        at,
      )
    if (first.kind === "starred") this.fail("iterable unpacking cannot be used in comprehension", first.at)
    return this.comprehension({ of: kind, key: null, element: first }, at)
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
