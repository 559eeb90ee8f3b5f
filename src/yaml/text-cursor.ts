/** Where something stands; both count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** The text isn't YAML as PyYAML reads it, or is more than is read. */
export class Refused extends Error {
  readonly code: "yaml-syntax" | "yaml-too-large"
  readonly at: Place

  constructor(message: string, at: Place, code: Refused["code"] = "yaml-syntax") {
    super(message)
    this.code = code
    this.at = at
  }

  told(): { readonly code: Refused["code"]; readonly message: string; readonly at: Place } {
    return { code: this.code, message: this.message, at: this.at }
  }
}

/** Stands for the end of the text, where no character is. */
export const end = "\0"

/** A place in a text whose line ends are all `\n`, moving forward. */
export class Cursor {
  readonly text: string
  index = 0
  #line = 1
  #lineStart = 0

  constructor(text: string) {
    this.text = text
  }

  /** From 0, as indentation counts. */
  get column(): number {
    return this.index - this.#lineStart
  }

  get line(): number {
    return this.#line
  }

  place(): Place {
    return { line: this.#line, column: this.column + 1 }
  }

  peek(ahead = 0): string {
    return this.text[this.index + ahead] ?? end
  }

  /** Whether a space, tab, line end or the end of the text comes here. */
  blankAt(ahead: number): boolean {
    return " \t\n\0".includes(this.peek(ahead))
  }

  /** Takes characters of one line. */
  take(count: number): string {
    this.index += count
    return this.text.slice(this.index - count, this.index)
  }

  /** Takes what a sticky pattern matches here, within one line; "" when it doesn't. */
  takeAll(pattern: RegExp): string {
    pattern.lastIndex = this.index
    return this.take(pattern.exec(this.text)?.[0].length ?? 0)
  }

  takeLineEnd(): boolean {
    if (this.peek() !== "\n") return false
    this.index += 1
    this.#line += 1
    this.#lineStart = this.index
    return true
  }

  /** `---` or `...` alone at the left end a document, wherever they stand. */
  documentMark(): "---" | "..." | null {
    if (this.column !== 0 || !this.blankAt(3)) return null
    const word = this.text.slice(this.index, this.index + 3)
    return word === "---" || word === "..." ? word : null
  }
}
