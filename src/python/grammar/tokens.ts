import type { Place } from "./syntax.ts"

/**
 * A scanned text. Keywords, operators and brackets are their own kind; the others are `name`, `number`, `string`,
 * `fstring-start`, `fstring-middle`, `fstring-end` (as PEP 701 cuts them; template strings too), `newline`, `indent`,
 * `dedent` and `end`. One array for each property, because a file has thousands of tokens.
 */
export interface Tokens {
  readonly source: string
  readonly kinds: readonly string[]
  /** Offsets into the source, in UTF-16 units; the end is exclusive. */
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  /** Lines, counted from 0. */
  readonly lines: readonly number[]
  /** Where each line starts. */
  readonly lineStarts: readonly number[]
  /** Why there are no more tokens; the last one then is `broken`. */
  readonly failure: PythonSyntaxError | null
}

/** What Python itself refuses with a SyntaxError, or what is nested deeper than is read here. */
export class PythonSyntaxError extends Error {
  override readonly name = "PythonSyntaxError"
  readonly at: Place
  constructor(message: string, at: Place) {
    super(message)
    this.at = at
  }
}

/** Where an offset of a text is. */
export function placeAt(source: string, offset: number): Place {
  const before = source.slice(0, offset)
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") }
}

/** More tokens than `tokensMax`. */
export class TooManyTokens extends Error {
  override readonly name = "TooManyTokens"
}

/** A file of 1 MiB of plain data has 300,000; half a million one-letter statements would take 100 MB. */
export const tokensMax = 500_000
