import type { Place } from "./syntax.ts"
import { Scopes } from "./scopes.ts"
import { PythonSyntaxError, type Tokens } from "./tokens.ts"

/**
 * Where the reading of the tokens stands. The classes above it, one for each part of Python's grammar, build on each
 * other: literals, displays, primaries, operators, parameters, simple statements, patterns, compound statements.
 */
export abstract class Cursor {
  readonly #tokens: Tokens
  #position = 0
  protected readonly scopes: Scopes

  constructor(tokens: Tokens) {
    this.#tokens = tokens
    this.scopes = new Scopes(tokens.kinds)
  }

  /** The kind of the token to be read next. */
  protected get kind(): string {
    return this.#tokens.kinds[this.#position] ?? "end"
  }

  /** The kind of a token after that. */
  protected kindAfter(count: number): string {
    return this.#tokens.kinds[this.#position + count] ?? "end"
  }

  protected get text(): string {
    return this.#textAt(this.#position)
  }

  protected get at(): Place {
    const line = this.#tokens.lines[this.#position] ?? 0
    const start = this.#tokens.starts[this.#position] ?? 0
    return { line: line + 1, column: start - (this.#tokens.lineStarts[line] ?? 0) + 1 }
  }

  protected get position(): number {
    return this.#position
  }

  protected next(): void {
    this.#position += 1
  }

  /** Reads a token of that kind, if one stands here. */
  protected skip(kind: string): boolean {
    if (this.kind !== kind) return false
    this.#position += 1
    return true
  }

  protected expect(kind: string): void {
    if (!this.skip(kind)) this.fail(`expected '${kind}'`)
  }

  protected identifier(): string {
    if (this.kind !== "name") this.fail()
    const name = this.#nameAt(this.#position)
    this.#position += 1
    return name
  }

  /** A name that is bound where it stands. */
  protected binding(): string {
    this.checkName()
    const name = this.identifier()
    this.scopes.binds(name)
    return name
  }

  /** Nothing may bind the name that Python keeps for itself. */
  protected checkName(): void {
    if (this.kind === "name" && this.text === "__debug__") this.fail("cannot assign to __debug__")
  }

  protected fail(message = "invalid syntax", at: Place = this.at): never {
    const { failure } = this.#tokens
    if (this.kind === "broken" && failure !== null) throw failure
    throw new PythonSyntaxError(this.kind === "indent" ? "unexpected indent" : message, at)
  }

  /** Reads on with `read`; where that fails or answers null, as if nothing had been read. */
  protected attempt<T>(read: () => T | null): T | null {
    const start = this.#position
    const scope = this.scopes.current
    try {
      const result = read()
      if (result === null) this.#position = start
      return result
    } catch (error) {
      if (!(error instanceof PythonSyntaxError)) throw error
      this.#position = start
      this.scopes.current = scope
      return null
    }
  }

  /** All names that were read since `start`, attributes and keywords of calls included, in order. */
  protected namesSince(start: number): string[] {
    const names = []
    for (let index = start; index < this.#position; index += 1) {
      if (this.#tokens.kinds[index] === "name") names.push(this.#nameAt(index))
    }
    return names
  }

  /** Identifiers are compared in NFKC (Lexical analysis, "Identifiers and keywords"). */
  #nameAt(index: number): string {
    const name = this.#textAt(index)
    return ascii.test(name) ? name : name.normalize("NFKC")
  }

  #textAt(index: number): string {
    return this.#tokens.source.slice(this.#tokens.starts[index], this.#tokens.ends[index])
  }

  /** The source that was read since `start`. */
  protected sourceSince(start: number): string {
    return this.#tokens.source.slice(this.#tokens.starts[start], this.#tokens.ends[this.#position - 1])
  }
}

const ascii = /^\w+$/u
