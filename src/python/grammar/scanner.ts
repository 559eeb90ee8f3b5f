import { Brackets } from "./brackets.ts"
import { Indentation } from "./indentation.ts"
import {
  afterBackslash,
  anyName,
  asciiName,
  keywordAfterNumber,
  keywords,
  number,
  isOctalOfOld,
  operator,
  stringStart,
} from "./lexemes.ts"
import { placeAt, PythonSyntaxError, type Tokens, TooManyTokens, tokensMax } from "./tokens.ts"

/** F-strings within f-strings; Python's own bound is lower. */
const textsMax = 200

/** An f-string that is open: what ends it, and the replacement fields that are open in it. */
interface OpenText {
  readonly quote: string
  readonly raw: boolean
  readonly at: number
  /** For each open field the number of brackets that are open with it. */
  readonly fields: number[]
}

/** Cuts a text into tokens as CPython's tokenizer does (Lexical analysis, and PEP 701 for f-strings). */
export function scan(source: string): Tokens {
  return new Scanner(source).scan()
}

class Scanner {
  readonly #source: string
  readonly #kinds: string[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #lines: number[] = []
  readonly #lineStarts = [0]
  readonly #indentation = new Indentation()
  readonly #brackets = new Brackets()
  readonly #texts: OpenText[] = []
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  scan(): Tokens {
    const failure = this.#scanAll()
    if (failure !== null) this.#push("broken", this.#at)
    return {
      source: this.#source,
      kinds: this.#kinds,
      starts: this.#starts,
      ends: this.#ends,
      lines: this.#lines,
      lineStarts: this.#lineStarts,
      failure,
    }
  }

  #scanAll(): PythonSyntaxError | null {
    try {
      const nul = this.#source.indexOf("\0")
      if (nul !== -1) this.#fail("source code cannot contain null bytes", nul)
      this.#startLine()
      while (this.#at < this.#source.length) this.#next()
      this.#finish()
      return null
    } catch (error) {
      if (error instanceof PythonSyntaxError) return error
      throw error
    }
  }

  #next(): void {
    const char = this.#source[this.#at] ?? ""
    if (char === " " || char === "\t" || char === "\f") this.#at += 1
    else if (char === "\n") this.#endLine()
    else if (char === "#") this.#skipComment()
    else if (char === "\\") this.#joinLines()
    else this.#token(char)
  }

  #token(char: string): void {
    if (this.#match(stringStart)) return this.#string()
    if (this.#match(asciiName) || (char > "\u007F" && this.#match(anyName))) return this.#name()
    if (this.#match(number)) return this.#number()
    if (this.#inField() && this.#field(char)) return
    if (!this.#match(operator)) this.#fail(`invalid character ${JSON.stringify(char)}`, this.#at)
    const text = this.#source.slice(this.#at, this.#matched)
    this.#note(text, this.#at)
    this.#push(text, this.#matched)
  }

  /** Where the last match ends. */
  #matched = 0

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    const matches = pattern.test(this.#source)
    this.#matched = pattern.lastIndex
    return matches
  }

  #name(): void {
    // An ASCII beginning may go on with other letters.
    const mixed = (this.#source[this.#matched] ?? "") > "\u007F"
    if (mixed && !this.#match(anyName)) this.#fail("invalid character", this.#at)
    const text = this.#source.slice(this.#at, this.#matched)
    this.#push(keywords.has(text) ? text : "name", this.#matched)
  }

  #number(): void {
    const end = this.#matched
    const text = this.#source.slice(this.#at, end)
    if (isOctalOfOld(text)) this.#fail("leading zeros in decimal integer literals are not permitted", this.#at)
    const start = this.#at
    this.#at = end
    const goesOn = this.#match(anyName) || this.#match(number)
    if (goesOn && this.#source[end] !== "." && !this.#match(keywordAfterNumber))
      this.#fail("invalid decimal literal", start)
    this.#at = start
    this.#push("number", end)
  }

  #note(bracket: string, at: number): void {
    const refusal = this.#brackets.note(bracket, at)
    if (refusal !== null) this.#fail(refusal, at)
  }

  #string(): void {
    const start = this.#source.slice(this.#at, this.#matched)
    const quote = start.replace(/^[a-z]+/iu, "")
    const raw = /r/iu.test(start)
    if (/^[a-z]*[ft]/iu.test(start)) return this.#openText({ quote, raw, at: this.#at, fields: [] })
    this.#push("string", this.#endOfText(quote, this.#matched), this.#at)
  }

  /** The offset after the closing quote. */
  #endOfText(quote: string, from: number): number {
    const source = this.#source
    const multiline = quote.length === 3
    for (let at = from; at < source.length; at += 1) {
      const char = source[at]
      if (char === "\\") at += 1
      else if (char === "\n" && !multiline) break
      else if (char === quote[0] && (!multiline || source.startsWith(quote, at))) return at + quote.length
    }
    return this.#fail(multiline ? "unterminated triple-quoted string literal" : "unterminated string literal", this.#at)
  }

  #openText(text: OpenText): void {
    if (this.#texts.length >= textsMax) this.#fail("f-string: too many nested", this.#at)
    this.#push("fstring-start", this.#matched)
    this.#texts.push(text)
    this.#middle(text)
  }

  #inField(): boolean {
    const fields = this.#texts.at(-1)?.fields
    return fields !== undefined && fields.at(-1) === this.#brackets.depth
  }

  /** What stands for itself between the braces of an f-string: `}` and the beginnings of conversion and format. */
  #field(char: string): boolean {
    const text = this.#texts.at(-1)
    if (text === undefined || !["}", ":", "!"].includes(char)) return false
    if (char === "!" && this.#source[this.#at + 1] === "=") return false
    if (char === "}") {
      this.#note(char, this.#at)
      text.fields.pop()
    }
    this.#push(char, this.#at + 1)
    if (char !== "!") this.#middle(text)
    return true
  }

  /** The text of an f-string up to its end or the next replacement field; within a field that of its format. */
  #middle(text: OpenText): void {
    const { quote, raw, fields } = text
    const source = this.#source
    for (let at = this.#at; at < source.length; at += 1) {
      const char = source[at]
      if (char === "\\") at += afterBackslash(source, at, raw)
      else if (char === "{" || char === "}") {
        const doubled = fields.length === 0 && source[at + 1] === char
        if (!doubled) return this.#brace(char, at, fields)
        at += 1
      } else if (char === "\n" && quote.length === 1) break
      else if (char === quote[0] && source.startsWith(quote, at)) return this.#closeText(at, text)
    }
    this.#fail("unterminated f-string literal", text.at)
  }

  /** A brace in the text of an f-string that isn't doubled. */
  #brace(brace: "{" | "}", at: number, fields: number[]): void {
    if (brace === "{") return this.#openField(at, fields)
    if (fields.length === 0) this.#fail("f-string: single '}' is not allowed", at)
    this.#pushMiddle(at)
  }

  #openField(at: number, fields: number[]): void {
    this.#pushMiddle(at)
    this.#note("{", at)
    fields.push(this.#brackets.depth)
    this.#push("{", at + 1)
  }

  #closeText(at: number, { quote, fields }: OpenText): void {
    if (fields.length > 0) this.#fail("f-string: expecting '}'", at)
    this.#pushMiddle(at)
    this.#push("fstring-end", at + quote.length)
    this.#texts.pop()
  }

  #pushMiddle(end: number): void {
    if (end > this.#at) this.#push("fstring-middle", end)
  }

  #skipComment(): void {
    const end = this.#source.indexOf("\n", this.#at)
    this.#at = end === -1 ? this.#source.length : end
  }

  #joinLines(): void {
    if (this.#source[this.#at + 1] !== "\n")
      this.#fail("unexpected character after line continuation character", this.#at)
    if (this.#at + 2 >= this.#source.length) this.#fail("unexpected EOF while parsing", this.#at)
    this.#at += 2
    this.#lineStarts.push(this.#at)
  }

  #endLine(): void {
    if (this.#brackets.depth > 0) {
      this.#at += 1
      this.#lineStarts.push(this.#at)
      return
    }
    this.#push("newline", this.#at + 1)
    this.#startLine()
  }

  /** Measures how far a line is indented; lines without code don't count. */
  #startLine(): void {
    for (;;) {
      const end = this.#indentation.measure(this.#source, this.#at)
      const char = this.#source[end]
      this.#at = end
      if (char === "#") this.#skipComment()
      if (this.#source[this.#at] !== "\n") break
      this.#at += 1
      this.#lineStarts.push(this.#at)
    }
    if (this.#at < this.#source.length) this.#indent()
  }

  #indent(): void {
    const change = this.#indentation.settle()
    if (typeof change === "string") return this.#fail(change, this.#at)
    const kind = change > 0 ? "indent" : "dedent"
    for (let count = Math.abs(change); count > 0; count -= 1) this.#push(kind, this.#at)
  }

  #finish(): void {
    const text = this.#texts.at(-1)
    if (text !== undefined) this.#fail("unterminated f-string literal", text.at)
    const open = this.#brackets.innermost
    if (open !== undefined) this.#fail(`'${open.bracket}' was never closed`, open.at)
    const last = this.#kinds.at(-1)
    if (last !== undefined && last !== "newline" && last !== "dedent") this.#push("newline", this.#at)
    for (let count = this.#indentation.close(); count > 0; count -= 1) this.#push("dedent", this.#at)
    this.#push("end", this.#at)
  }

  /** Adds the token from here to `end` and goes on there. */
  #push(kind: string, end: number, start = this.#at): void {
    if (this.#kinds.length >= tokensMax) throw new TooManyTokens()
    this.#kinds.push(kind)
    this.#starts.push(start)
    this.#ends.push(end)
    this.#lines.push(this.#lineStarts.length - 1)
    this.#at = end
    if (kind === "newline" && end > start) this.#lineStarts.push(end)
    else if (kind === "string" || kind === "fstring-middle") this.#countLines(start, end)
  }

  #countLines(start: number, end: number): void {
    const text = this.#source.slice(start, end)
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#lineStarts.push(start + at + 1)
  }

  #fail(message: string, at: number): never {
    throw new PythonSyntaxError(message, placeAt(this.#source, at))
  }
}
