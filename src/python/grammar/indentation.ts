/** CPython's own bound (MAXINDENT). */
const depthMax = 100
const tabSize = 8

/**
 * The open blocks, by how far they are indented. As in CPython each line is measured twice, with tabs of eight columns
 * and of one: when the two disagree, what a reader sees depends on an editor's setting, and the file is refused.
 */
export class Indentation {
  readonly #columns = [0]
  readonly #ofOneColumnTabs = [0]
  #column = 0
  #alternative = 0

  /** Measures the blanks from `at`; answers the offset behind them. */
  measure(source: string, at: number): number {
    this.#column = 0
    this.#alternative = 0
    let end = at
    for (; ; end += 1) {
      const char = source[end]
      if (char === " ") this.#set(this.#column + 1, this.#alternative + 1)
      else if (char === "\t") this.#set((Math.floor(this.#column / tabSize) + 1) * tabSize, this.#alternative + 1)
      else if (char === "\f") this.#set(0, 0)
      else return end
    }
  }

  /** How many blocks the measured line opens (1) or closes (below 0), or why it can't stand there. */
  settle(): number | string {
    const innermost = this.#columns.length - 1
    const column = this.#columns[innermost] ?? 0
    const alternative = this.#ofOneColumnTabs[innermost] ?? 0
    const inconsistent = "inconsistent use of tabs and spaces in indentation"
    if (this.#column === column) return this.#alternative === alternative ? 0 : inconsistent
    if (this.#column > column) return this.#alternative > alternative ? this.#open() : inconsistent
    return this.#close() ?? inconsistent
  }

  /** Closes all blocks; answers how many. */
  close(): number {
    const open = this.#columns.length - 1
    this.#columns.length = 1
    this.#ofOneColumnTabs.length = 1
    return open
  }

  #set(column: number, alternative: number): void {
    this.#column = column
    this.#alternative = alternative
  }

  #open(): number | string {
    if (this.#columns.length >= depthMax) return "too many levels of indentation"
    this.#columns.push(this.#column)
    this.#ofOneColumnTabs.push(this.#alternative)
    return 1
  }

  #close(): number | string | null {
    let closed = 0
    while ((this.#columns.at(-1) ?? 0) > this.#column) {
      this.#columns.pop()
      this.#ofOneColumnTabs.pop()
      closed += 1
    }
    if (this.#columns.at(-1) !== this.#column) return "unindent does not match any outer indentation level"
    return this.#ofOneColumnTabs.at(-1) === this.#alternative ? -closed : null
  }
}
