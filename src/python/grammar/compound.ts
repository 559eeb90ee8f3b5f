import type { Expression, Of, Place, Statement } from "./syntax.ts"
import type { Context } from "./operators.ts"
import { Patterns } from "./patterns.ts"
import type { Line } from "./simple.ts"
import { boundNames, checkTarget } from "./targets.ts"

/** Statements that hold others (Compound statements). */
export abstract class CompoundStatements extends Patterns {
  /** A function or a class with its decorators. */
  protected abstract definition(): Statement

  protected statement(): Line[] {
    const before = this.assigned.length
    const at = this.at
    const lines = this.#compound(at) ?? this.simpleStatements()
    if (this.strayAwait !== null) this.fail("'await' outside async function", this.strayAwait)
    const names = this.assigned.splice(before)
    return names.length === 0 ? lines : [...lines, { kind: "binds", names, what: "an assignment expression", at }]
  }

  #compound(at: Place): Line[] | null {
    switch (this.kind) {
      case "if":
        return this.#if(at)
      case "while":
        return this.#while(at)
      case "for":
        return this.#for(at)
      case "try":
        return this.#try(at)
      case "with":
        return this.#with(at)
      case "@":
      case "def":
      case "class":
        return [this.definition()]
      case "async":
        return this.#async(at)
      case "name":
        return this.text === "match" ? this.#match(at) : null
      default:
        return null
    }
  }

  protected block(): Line[] {
    this.leaveStart()
    this.expect(":")
    if (!this.skip("newline")) return this.simpleStatements()
    if (!this.skip("indent")) this.fail("expected an indented block")
    const lines: Line[] = []
    // One by one: a statement may become more lines than a call takes arguments.
    while (!this.skip("dedent")) for (const line of this.statement()) lines.push(line)
    return lines
  }

  /** The body of a loop, in which it may be left. */
  #loopBody(): Line[] {
    return this.within({ ...this.context, loop: true }, () => this.block())
  }

  protected within<T>(context: Context, read: () => T): T {
    const outer = this.context
    this.context = context
    const result = read()
    this.context = outer
    return result
  }

  #if(at: Place): Line[] {
    this.next()
    const test = knownTest(this.namedExpression())
    const body = this.block()
    const more: Line[][] = []
    while (this.skip("elif")) {
      this.namedExpression()
      more.push(this.block())
    }
    const otherwise = this.skip("else") ? this.block() : []
    if (test === "unknown" || more.length > 0) {
      return [body, ...more, otherwise].map((lines) => block(lines, "unknown", at))
    }
    return test === "never" ? otherwise : [block(body, test, at), ...otherwise]
  }

  #while(at: Place): Line[] {
    this.next()
    this.namedExpression()
    const body = this.#loopBody()
    return [body, this.#else()].map((lines) => block(lines, "unknown", at))
  }

  #for(at: Place): Line[] {
    this.next()
    const target = this.targetList()
    this.changes(target)
    this.expect("in")
    const start = this.position
    this.expressionList()
    // What a loop walks through may be changed in it by another name.
    const passes = { kind: "passes", names: this.namesSince(start), at } as const
    this.shares(target, passes.names)
    const body = this.#loopBody()
    const blocks = [body, this.#else()].map((lines) => block(lines, "unknown", at))
    return [this.binds(target, "a loop", at), passes, ...blocks]
  }

  #else(): Line[] {
    return this.skip("else") ? this.block() : []
  }

  #try(at: Place): Line[] {
    this.next()
    const blocks = [this.block()]
    const bound: string[] = []
    const handlers: ("except" | "except*")[] = []
    for (let all = false; this.kind === "except";) {
      if (all) this.fail("default 'except:' must be last")
      const handler = this.#except()
      all = handler.all
      bound.push(...handler.names)
      handlers.push(handler.kind)
      const context: Context = handler.kind === "except" ? this.context : { ...this.context, loop: false, group: true }
      blocks.push(this.within(context, () => this.block()))
    }
    if (new Set(handlers).size > 1) this.fail("cannot have both 'except' and 'except*' on the same 'try'")
    if (handlers.length > 0) blocks.push(this.#else())
    const last = this.skip("finally")
    if (!last && handlers.length === 0) this.fail("expected 'except' or 'finally' block")
    if (last) blocks.push(this.block())
    const binds: Line[] = bound.length === 0 ? [] : [{ kind: "binds", names: bound, what: "`except`", at }]
    return [...binds, ...blocks.map((lines) => block(lines, "unknown", at))]
  }

  /** The head of a handler: what it catches, and the name that it binds (and removes again). */
  #except(): { kind: "except" | "except*"; all: boolean; names: string[] } {
    this.next()
    const kind = this.skip("*") ? "except*" : "except"
    if (this.kind === ":") {
      if (kind === "except*") this.fail("expected one or more exception types")
      return { kind, all: true, names: [] }
    }
    this.expression()
    const several = this.kind === ","
    while (this.skip(",")) this.expression()
    if (!this.skip("as")) return { kind, all: false, names: [] }
    if (several) this.fail("multiple exception types must be parenthesized when using 'as'")
    return { kind, all: false, names: [this.binding()] }
  }

  #with(at: Place): Line[] {
    this.next()
    const start = this.position
    const targets = this.attempt(() => this.#itemsInBrackets()) ?? this.#items()
    const head = this.sourceSince(start)
    const body = this.block()
    // The body runs once, but to its end only where nothing is there that may swallow errors.
    const swallows =
      !/^\(?\s*(?:open|(?:warnings\.)?catch_warnings|(?:contextlib\.)?nullcontext|(?:prefect\.)?tags)\s*\(/u.test(head)
    const binds = { kind: "binds", names: targets.flatMap(boundNames), what: "`with`", at } as const
    return [binds, ...(swallows ? [block(body, "unknown", at)] : body)]
  }

  #itemsInBrackets(): Expression[] | null {
    this.expect("(")
    const targets: Expression[] = []
    do targets.push(...this.#item())
    while (this.skip(",") && this.kind !== ")")
    this.expect(")")
    return this.kind === ":" ? targets : null
  }

  #items(): Expression[] {
    const targets = []
    do targets.push(...this.#item())
    while (this.skip(","))
    return targets
  }

  #item(): Expression[] {
    this.expression()
    if (!this.skip("as")) return []
    const target = this.kind === "*" ? this.fail() : this.operand()
    checkTarget(target)
    this.changes(target)
    return [target]
  }

  /** `match` is a name everywhere else: what tells is a `case` in the block below. */
  #match(at: Place): Line[] | null {
    const start = this.position
    const isMatch = this.attempt(() => this.#matchHead())
    if (isMatch === null) return null
    const bodies: Line[][] = []
    for (let over: string | null = null; !this.skip("dedent");) {
      if (over !== null) this.fail(`${over} makes remaining patterns unreachable`)
      const { body, always } = this.#case()
      over = always
      bodies.push(body)
    }
    const binds: Line = { kind: "binds", names: this.namesSince(start), what: "`match`", at }
    return [binds, ...bodies.map((lines) => block(lines, "unknown", at))]
  }

  #matchHead(): true | null {
    this.next()
    const first = this.starOrNamed()
    while (this.skip(",")) if (this.startsExpression()) this.starOrNamed()
    if (first.kind === "starred" && this.kind !== ":") return null
    this.expect(":")
    this.expect("newline")
    this.expect("indent")
    return this.kind === "name" && this.text === "case" ? true : null
  }

  /** Its body, and in words why none may follow it. */
  #case(): { body: Line[]; always: string | null } {
    if (this.kind !== "name" || this.text !== "case") this.fail("expected 'case'")
    this.next()
    const found = this.patterns()
    const guarded = this.skip("if")
    if (guarded) this.namedExpression()
    return { body: this.block(), always: guarded ? null : found }
  }

  #async(at: Place): Line[] {
    if (this.kindAfter(1) === "def") return [this.definition()]
    this.next()
    if (this.kind !== "for" && this.kind !== "with") this.fail()
    if (this.context.body !== "async function") this.fail(`'async ${this.kind}' outside async function`)
    return this.kind === "for" ? this.#for(at) : this.#with(at)
  }
}

/** Leaves out what only counts within a function. */
export function toStatement(line: Line): Statement[] {
  if (line.kind === "step") return [line.statement]
  return line.kind === "return" || line.kind === "bare" || line.kind === "pass" || line.kind === "other" ? [] : [line]
}

function block(lines: readonly Line[], test: "type-checking" | "unknown", at: Place): Statement {
  return { kind: "block", test, body: lines.flatMap(toStatement), at }
}

/** An import of a file never is the main program, and never is for type checkers. */
function knownTest(test: Expression): "never" | "type-checking" | "unknown" {
  if (test.kind === "compare") return isMain(test) ? "never" : "unknown"
  const named = test.kind === "name" || test.kind === "attribute"
  return named && test.name === "TYPE_CHECKING" ? "type-checking" : "unknown"
}

function isMain({ operator, left, right }: Of<"compare">): boolean {
  const main = right.kind === "string" && right.value === "__main__"
  return operator === "==" && left.kind === "name" && left.name === "__name__" && main
}
