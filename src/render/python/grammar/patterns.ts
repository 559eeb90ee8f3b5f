import { SimpleStatements } from "./simple.ts"

/** The patterns of `match` (Compound statements, "Patterns"). Nothing of them is kept. */
export abstract class Patterns extends SimpleStatements {
  /** What stands between `case` and `if` or the colon. */
  protected patterns(): void {
    do {
      this.#starOrPattern()
    } while (this.skip(",") && this.kind !== ":" && this.kind !== "if")
  }

  #starOrPattern(): void {
    if (this.skip("*")) this.identifier()
    else this.#pattern()
  }

  #pattern(): void {
    do this.#closed()
    while (this.skip("|"))
    if (this.skip("as")) this.identifier()
  }

  #closed(): void {
    switch (this.kind) {
      case "string":
      case "fstring-start":
        this.strings()
        return
      case "None":
      case "True":
      case "False":
        return this.next()
      case "number":
      case "-":
        return this.#number()
      case "name":
        return this.#name()
      case "(":
        return this.#sequence("(", ")")
      case "[":
        return this.#sequence("[", "]")
      case "{":
        return this.#mapping()
      default:
        return this.fail()
    }
  }

  /** A number, also negative or complex. */
  #number(): void {
    this.skip("-")
    this.number()
    if (this.skip("+") || this.skip("-")) this.number()
  }

  /** A capture, a dotted value, or a class with the patterns of its attributes. */
  #name(): void {
    this.identifier()
    while (this.skip(".")) this.identifier()
    if (this.kind === "(") this.#class()
  }

  #class(): void {
    let keywords = false
    this.expect("(")
    while (this.kind !== ")") {
      const keyword = this.kind === "name" && this.kindAfter(1) === "="
      if (keywords && !keyword) this.fail("positional patterns follow keyword patterns")
      if (keyword) {
        keywords = true
        this.next()
        this.expect("=")
      }
      this.#pattern()
      if (!this.skip(",")) break
    }
    this.expect(")")
  }

  #sequence(open: string, close: string): void {
    this.expect(open)
    while (this.kind !== close) {
      this.#starOrPattern()
      if (!this.skip(",")) break
    }
    this.expect(close)
  }

  #mapping(): void {
    this.expect("{")
    while (this.kind !== "}") {
      if (this.skip("**")) this.identifier()
      else {
        this.#closed()
        this.expect(":")
        this.#pattern()
      }
      if (!this.skip(",")) break
    }
    this.expect("}")
  }
}
