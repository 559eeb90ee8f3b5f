import type { Expression, Place, Statement, Step } from "./syntax.ts"
import { Imports } from "./imports.ts"
import { kept } from "./depth-limit.ts"
import { heldBy } from "./sharing.ts"
import { boundNames, checkDeleted, checkSingleTarget, checkTarget } from "./targets.ts"

/** What a body is made of: statements, and what only counts within a function. */
export type Line =
  | Statement
  | { readonly kind: "return"; readonly value: Expression; readonly at: Place }
  /** What else a constructor may do. */
  | { readonly kind: "step"; readonly step: Step; readonly statement: Statement; readonly at: Place }
  /** A text or a constant that stands alone, such as `...`. */
  | { readonly kind: "bare"; readonly value: Expression; readonly at: Place }
  | { readonly kind: "pass"; readonly at: Place }
  /** Any other that binds nothing, such as `assert`. */
  | { readonly kind: "other"; readonly at: Place }

const augmented: ReadonlySet<string> = new Set("+= -= *= /= //= %= @= &= |= ^= >>= <<= **=".split(" "))

/** Statements that take one line (Simple statements). */
export abstract class SimpleStatements extends Imports {
  /** Names that some function declares `global`. */
  protected readonly globals = new Set<string>()

  /** The statements of one line, up to its end. */
  protected simpleStatements(): Line[] {
    const lines = this.#simple()
    while (this.skip(";")) {
      if (this.kind === "newline") break
      for (const line of this.#simple()) lines.push(line)
    }
    if (!this.skip("newline")) this.fail()
    return lines
  }

  protected binds(target: Expression, what: string, at: Place): Statement {
    return { kind: "binds", names: boundNames(target), what, at }
  }

  protected get isInFunction(): boolean {
    return this.context.body === "function" || this.context.body === "async function"
  }

  /** Notes that what the targets name may hold parts of what the names stand for. */
  protected shares(target: Expression, held: readonly string[]): void {
    if (held.length > 0) for (const name of boundNames(target)) this.sharing.add(name, held)
  }

  #simple(): Line[] {
    const lines = this.#read()
    const [line] = lines
    const isFuture = line?.kind === "from" && line.module === "__future__" && this.start !== "over"
    const isDocstring = line?.kind === "bare" && line.value.kind === "string" && this.start === "docstring"
    this.start = isFuture || isDocstring ? "imports" : "over"
    return lines
  }

  #read(): Line[] {
    const at = this.at
    switch (this.kind) {
      case "pass":
        this.next()
        return [{ kind: "pass", at }]
      case "import":
        return this.importModules(at)
      case "from":
        return [this.importFrom(at)]
      case "return":
        return [this.#return(at)]
      case "raise":
        return [this.#raise(at)]
      case "del":
        return [this.#delete(at)]
      case "assert":
        return [this.#assert(at)]
      case "global":
      case "nonlocal":
        return [this.#scope(this.kind, at)]
      case "break":
      case "continue":
        return [this.#leaveLoop(this.kind, at)]
      default:
        return this.#other(at)
    }
  }

  #other(at: Place): Line[] {
    return this.#isTypeAlias() ? [this.#typeAlias(at)] : this.#expressionStatement(at)
  }

  #expressionStatement(at: Place): Line[] {
    const start = this.position
    const value = this.anyExpression()
    if (this.kind === "=") return this.#assignment(value, at)
    if (this.skip(":")) return [this.#annotated(value, at)]
    if (augmented.has(this.kind)) return [this.#augmented(value, at)]
    if (["string", "constant"].includes(value.kind)) return [{ kind: "bare", value, at }]
    // `f(X)` may change X when it is a list or the like.
    const names = this.isInFunction ? [] : [...this.sharing.reach(this.namesSince(start))]
    const passes: Statement = { kind: "passes", names, at }
    return value.kind === "call" ? [asStep({ kind: "call", call: value, at }, passes)] : [passes]
  }

  #assignment(first: Expression, at: Place): Line[] {
    const targets: Expression[] = []
    let value = first
    while (this.skip("=")) {
      checkTarget(value)
      targets.push(value)
      value = this.anyExpression()
    }
    const held = heldBy(value)
    for (const target of targets) {
      this.changes(target)
      this.shares(target, held)
    }
    // Of what stands in functions only steps are kept, and those later.
    const assigned = this.isInFunction ? value : kept(value)
    const statements = targets.map((target): Statement =>
      target.kind === "name"
        ? { kind: "assign", names: [target.name], value: assigned, at }
        : this.binds(target, "an assignment to several names or to a part", at),
    )
    const [target, ...more] = targets
    const [statement] = statements
    const step = target === undefined || more.length > 0 ? null : setting(target, value, at)
    return step === null || statement === undefined ? statements : [asStep(step, statement)]
  }

  #annotated(target: Expression, at: Place): Line {
    checkSingleTarget(target)
    if (target.kind === "name" && this.scopes.current.declared.has(target.name))
      this.fail(`annotated name '${target.name}' can't be global or nonlocal`, at)
    this.changes(target)
    const annotation = kept(this.annotation())
    const value = this.skip("=") ? kept(this.anyExpression()) : null
    if (value !== null) this.shares(target, heldBy(value))
    if (target.kind === "name") return { kind: "annotated", name: target.name, annotation, value, at }
    const binds = this.binds(target, "an assignment", at)
    const step = value === null ? null : setting(target, value, at)
    return step === null ? binds : asStep(step, binds)
  }

  #augmented(target: Expression, at: Place): Statement {
    checkSingleTarget(target)
    this.next()
    this.anyExpression()
    this.changes(target)
    // `x += [1]` changes a list in place.
    this.mutates(target)
    return this.binds(target, "an assignment", at)
  }

  /** `x[i] = value` and `x.a = value` change what `x` holds. */
  protected changes(target: Expression): void {
    if (target.kind === "name") this.scopes.binds(target.name)
    else if (target.kind === "subscript" || target.kind === "attribute") this.mutates(target.object)
    else if (target.kind === "tuple" || target.kind === "list") target.items.forEach((item) => this.changes(item))
    else if (target.kind === "starred") this.changes(target.value)
  }

  #return(at: Place): Line {
    if (this.context.body === "module" || this.context.body === "class") this.fail("'return' outside function")
    this.#stayInGroup(at)
    this.expect("return")
    const none: Expression = { kind: "constant", value: "None", at }
    if (!this.startsExpression()) return { kind: "return", value: none, at }
    this.scopes.current.returns ??= at
    return { kind: "return", value: this.expressionList(), at }
  }

  #stayInGroup(at: Place): void {
    if (this.context.group) this.fail("'break', 'continue' and 'return' cannot appear in an 'except*' block", at)
  }

  #raise(at: Place): Line {
    this.expect("raise")
    if (this.startsExpression()) {
      this.expression()
      if (this.skip("from")) this.expression()
    }
    return { kind: "other", at }
  }

  #delete(at: Place): Statement {
    this.expect("del")
    const target = this.expressionList()
    checkDeleted(target)
    this.changes(target)
    return this.binds(target, "`del`", at)
  }

  #assert(at: Place): Line {
    this.expect("assert")
    this.expression()
    if (this.skip(",")) this.expression()
    return { kind: "other", at }
  }

  #scope(keyword: "global" | "nonlocal", at: Place): Line {
    const { body } = this.context
    if (keyword === "nonlocal" && body === "module") this.fail("nonlocal declaration not allowed at module level")
    this.next()
    do {
      const place = this.at
      const name = this.identifier()
      this.scopes.declares(keyword, name, place)
      if (keyword === "global" && body !== "module") this.globals.add(name)
    } while (this.skip(","))
    return { kind: "other", at }
  }

  #leaveLoop(keyword: "break" | "continue", at: Place): Line {
    if (!this.context.loop) this.fail(keyword === "break" ? "'break' outside loop" : "'continue' not properly in loop")
    this.next()
    return { kind: "other", at }
  }

  /** `type` is a name everywhere else. */
  #isTypeAlias(): boolean {
    return this.kind === "name" && this.text === "type" && this.kindAfter(1) === "name"
  }

  #typeAlias(at: Place): Statement {
    this.next()
    const name = this.binding()
    this.typeParameters()
    this.expect("=")
    this.annotation()
    return { kind: "binds", names: [name], what: "a `type` statement", at }
  }
}

/** `object.attribute = value`, or null for any other target. */
function setting(target: Expression, value: Expression, at: Place): Step | null {
  if (target.kind !== "attribute" || target.object.kind !== "name") return null
  return { kind: "set", object: target.object.name, attribute: target.name, value, at }
}

function asStep(step: Step, statement: Statement): Line {
  return { kind: "step", step, statement, at: statement.at }
}
