import type { Expression, Place } from "./syntax.ts"
import { Primaries } from "./primaries.ts"

/** How strongly a binary operator binds (Expressions, "Operator precedence"). */
const precedences: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  in: 4,
  not: 4,
  is: 4,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
  "!=": 4,
  "==": 4,
  "|": 5,
  "^": 6,
  "&": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "//": 10,
  "%": 10,
  "@": 10,
}
const disjunction = 1
const inversion = 3
const comparison = 4
const bitwiseOr = 5

/** Deeper nesting than a person writes; with the 200 brackets that Python allows it bounds the recursion. */
const depthMax = 400

/** Where code stands that is only allowed in certain places. */
export interface Context {
  readonly body: "module" | "class" | "function" | "async function"
  readonly loop: boolean
  /** Within `except*`, which nothing may leave. */
  readonly group?: true
}

/** Unary and binary operators, conditional expressions, `lambda`, `await`, `yield` and `:=`. */
export abstract class Operators extends Primaries {
  protected context: Context = { body: "module", loop: false }
  /** An `await` outside an `async def`; only a generator around it makes it valid. */
  protected strayAwait: Place | null = null
  #depth = 0

  /** The parameters of a `lambda`, up to its colon. */
  protected abstract lambdaParameters(): void

  protected expression(): Expression {
    const at = this.at
    if (this.kind === "lambda") return this.#lambda(at)
    const value = this.condition()
    if (!this.skip("if")) return value
    this.condition()
    this.expect("else")
    this.#deeper(() => this.expression())
    return { kind: "opaque", what: "a conditional expression", at }
  }

  protected condition(): Expression {
    return this.#deeper(() => this.#binary(disjunction))
  }

  protected operand(): Expression {
    return this.#deeper(() => this.#binary(bitwiseOr))
  }

  protected namedExpression(): Expression {
    const at = this.at
    if (this.kind !== "name" || this.kindAfter(1) !== ":=") return this.expression()
    this.walruses += 1
    this.assigned.push(this.binding())
    this.expect(":=")
    this.expression()
    return { kind: "opaque", what: "an assignment expression", at }
  }

  protected anyExpression(): Expression {
    return this.kind === "yield" ? this.yielded() : this.expressionList()
  }

  protected yielded(): Expression {
    const at = this.at
    if (this.context.body === "module" || this.context.body === "class") this.fail("'yield' outside function")
    this.yields += 1
    this.scopes.current.yields = true
    this.expect("yield")
    if (this.kind === "from" && this.context.body === "async function") this.fail("'yield from' inside async function")
    if (this.skip("from")) this.expression()
    else if (this.startsExpression()) this.expressionList()
    return { kind: "opaque", what: "a yield", at }
  }

  #lambda(at: Place): Expression {
    this.expect("lambda")
    this.lambdaParameters()
    this.expect(":")
    const { context, yields } = this
    const assigned = this.assigned.length
    this.context = { body: "function", loop: false }
    this.scopes.within("function", [], () => this.#deeper(() => this.expression()))
    this.context = context
    this.yields = yields
    this.assigned.length = assigned
    return { kind: "opaque", what: "a lambda", at }
  }

  #binary(lowest: number): Expression {
    const at = this.at
    let left = this.kind === "not" && lowest <= inversion ? this.#not() : this.#factor()
    for (let last = 0; ;) {
      const precedence = precedences[this.kind] ?? 0
      if (precedence < lowest) return left
      const chained = precedence === comparison && last === comparison
      const operator = this.#operator()
      const right = this.#binary(precedence + 1)
      left = chained
        ? { kind: "opaque", what: "a comparison", at }
        : combined({ operator, left, right }, precedence, at)
      last = precedence
    }
  }

  /** Reads an operator; two of them are made of two words. */
  #operator(): string {
    const operator = this.kind
    this.next()
    if (operator === "is") return this.skip("not") ? "is not" : "is"
    if (operator !== "not") return operator
    this.expect("in")
    return "not in"
  }

  #not(): Expression {
    const at = this.at
    this.expect("not")
    const operand = this.#deeper(() => this.#binary(inversion))
    return { kind: "unary", operator: "not", operand, at }
  }

  #factor(): Expression {
    const { kind, at } = this
    if (kind !== "-" && kind !== "+" && kind !== "~") return this.#power()
    this.next()
    return { kind: "unary", operator: kind, operand: this.#deeper(() => this.#factor()), at }
  }

  #power(): Expression {
    const at = this.at
    const base = this.kind === "await" ? this.#awaited() : this.primary()
    if (!this.skip("**")) return base
    return { kind: "binary", operator: "**", left: base, right: this.#deeper(() => this.#factor()), at }
  }

  #awaited(): Expression {
    const at = this.at
    if (this.context.body !== "async function") this.strayAwait ??= at
    this.expect("await")
    this.primary()
    return { kind: "opaque", what: "an await", at }
  }

  #deeper<T>(read: () => T): T {
    if (this.#depth >= depthMax) this.fail("too deeply nested to be read")
    this.#depth += 1
    try {
      return read()
    } finally {
      this.#depth -= 1
    }
  }
}

interface Operands {
  readonly operator: string
  readonly left: Expression
  readonly right: Expression
}

function combined(operands: Operands, precedence: number, at: Place): Expression {
  if (precedence < inversion) return { kind: "opaque", what: "a boolean expression", at }
  return { kind: precedence === comparison ? "compare" : "binary", ...operands, at }
}
