import { readExpression, readModule } from "./module.ts"
import { PythonSyntaxError, TooManyTokens } from "./tokens.ts"
import type { Expression, Parsed, Place } from "./syntax.ts"

const fileBytesMax = 1024 * 1024
/** Parsed files are kept for the next turn, because most commits change few files; bounds what that may take. */
const memoFilesMax = 2_000
const memoCharactersMax = 8 * 1024 * 1024
/** One-letter lines take more than a hundred bytes for each of their characters. */
const memoTokensMax = 1_000_000
const annotationCharactersMax = 2_000

/** Parses Python texts into plain data, each text once while it is remembered. */
export class PythonParser {
  /** By text, least recently used first. */
  readonly #memo = new Map<string, Parsed>()
  #memoCharacters = 0
  #memoTokens = 0

  parse(text: string): Parsed {
    const parsed = this.#memo.get(text) ?? read(text)
    this.#forget(text)
    this.#memo.set(text, parsed)
    this.#memoCharacters += text.length
    this.#memoTokens += tokensOf(parsed)
    for (const oldest of this.#memo.keys()) {
      if (this.#memo.size <= memoFilesMax && this.#isSmall()) break
      this.#forget(oldest)
    }
    return parsed
  }

  #forget(text: string): void {
    const parsed = this.#memo.get(text)
    if (parsed === undefined) return
    this.#memo.delete(text)
    this.#memoCharacters -= text.length
    this.#memoTokens -= tokensOf(parsed)
  }

  #isSmall(): boolean {
    return this.#memoCharacters <= memoCharactersMax && this.#memoTokens <= memoTokensMax
  }
}

function tokensOf(parsed: Parsed): number {
  return parsed.kind === "module" ? parsed.module.tokens : 0
}

function read(text: string): Parsed {
  if (text.length > fileBytesMax || Buffer.byteLength(text) > fileBytesMax) return { kind: "too-large" }
  // Python's own reader knows only one line end; a byte order mark isn't code.
  const source = text.replace(/^\uFEFF/u, "").replaceAll(/\r\n?/gu, "\n")
  try {
    return { kind: "module", module: readModule(source) }
  } catch (error) {
    if (error instanceof TooManyTokens) return { kind: "too-large" }
    if (error instanceof PythonSyntaxError) return { kind: "broken", message: error.message, at: error.at }
    throw error
  }
}

/** The expression in a string annotation, or null when it is none. Places in it are the place of the string. */
export function parseAnnotation(text: string, at: Place): Expression | null {
  if (text.length > annotationCharactersMax) return null
  try {
    return placedAt(readExpression(text.trim()), at)
  } catch (error) {
    if (error instanceof PythonSyntaxError) return null
    throw error
  }
}

function placedAt(expression: Expression, at: Place): Expression {
  const move = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(move)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, key === "at" ? at : move(part)]))
  }
  return move(expression) as Expression
}
