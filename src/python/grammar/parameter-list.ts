import type { Expression, Parameter } from "./syntax.ts"
import { Operators } from "./operators.ts"

/** How far a list of parameters has got. */
interface Reading {
  readonly names: Set<string>
  defaulted: boolean
  positionOnly: boolean
  keywordOnly: boolean
  ended: boolean
}

/** The parameters of functions and lambdas, and type parameters (Compound statements, "Function definitions"). */
export abstract class Parameters extends Operators {
  /** The parameters of a `def`, with their parentheses. */
  protected parameters(): Parameter[] {
    this.expect("(")
    const parameters = this.#list(")", true)
    this.expect(")")
    return parameters
  }

  protected lambdaParameters(): void {
    this.#list(":", false)
  }

  /** `[T: int = str, *Ts, **P]`, if there. */
  protected typeParameters(): boolean {
    if (!this.skip("[")) return false
    const names = new Set<string>()
    let defaulted = false
    const { count } = this.scopes
    do {
      const plain = !this.skip("*") && !this.skip("**")
      this.checkName()
      const name = this.identifier()
      if (names.has(name)) this.fail(`duplicate type parameter '${name}'`)
      names.add(name)
      if (plain && this.skip(":")) this.expression()
      if (this.skip("=")) {
        this.starOrNamed()
        defaulted = true
      } else if (defaulted) this.fail(`non-default type parameter '${name}' follows default type parameter`)
    } while (this.skip(",") && this.kind !== "]")
    this.expect("]")
    this.scopes.forget(count)
    return true
  }

  #list(end: string, annotated: boolean): Parameter[] {
    const reading: Reading = {
      names: new Set(),
      defaulted: false,
      positionOnly: false,
      keywordOnly: false,
      ended: false,
    }
    const parameters: Parameter[] = []
    while (this.kind !== end) {
      if (reading.ended) this.fail("parameters cannot follow var-keyword parameter")
      if (this.kind === "/") this.#slash(reading)
      else parameters.push(...this.#parameter(reading, annotated))
      if (!this.skip(",")) break
    }
    return parameters
  }

  #slash(reading: Reading): void {
    if (reading.positionOnly || reading.keywordOnly || reading.names.size === 0) this.fail()
    reading.positionOnly = true
    this.next()
  }

  #parameter(reading: Reading, annotated: boolean): Parameter[] {
    const at = this.at
    const star = this.#star(reading)
    if (star === "*" && this.kind === ",") return this.#separator()
    const keywordOnly = star === "" && reading.keywordOnly
    const name = this.#name(reading)
    const annotation = annotated && this.skip(":") ? this.#annotation(star) : null
    const value = star === "" && this.skip("=") ? this.expression() : null
    if (star === "" && !keywordOnly) this.#checkDefault(reading, value !== null)
    return [{ name, star, annotation, default: value, keywordOnly, at }]
  }

  #star(reading: Reading): "" | "*" | "**" {
    const { kind } = this
    if (kind !== "*" && kind !== "**") return ""
    if (kind === "*" && reading.keywordOnly) this.fail("* may appear only once")
    if (kind === "*") reading.keywordOnly = true
    else reading.ended = true
    this.next()
    return kind
  }

  /** A bare `*`, which needs a parameter behind it. */
  #separator(): Parameter[] {
    if (this.kindAfter(1) !== "name") this.fail("named parameters must follow bare *")
    return []
  }

  #name({ names }: Reading): string {
    const at = this.at
    this.checkName()
    const name = this.identifier()
    if (names.has(name)) this.fail(`duplicate argument '${name}' in function definition`, at)
    names.add(name)
    return name
  }

  #annotation(star: string): Expression {
    return star === "*" && this.kind === "*" ? this.starred() : this.annotation()
  }

  /** What is named in it belongs to a scope of its own. */
  protected annotation(): Expression {
    const { count } = this.scopes
    const read = this.expression()
    this.scopes.forget(count)
    return read
  }

  #checkDefault(reading: Reading, defaulted: boolean): void {
    if (reading.defaulted && !defaulted) this.fail("parameter without a default follows parameter with a default")
    reading.defaulted = defaulted
  }
}
