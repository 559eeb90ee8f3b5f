/** CPython's own bound (MAXLEVEL). */
const depthMax = 200
const opening: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" }

/** The brackets that are open; the replacement fields of f-strings are among them. */
export class Brackets {
  readonly #open: { readonly bracket: string; readonly at: number }[] = []

  get depth(): number {
    return this.#open.length
  }

  get innermost(): { readonly bracket: string; readonly at: number } | undefined {
    return this.#open.at(-1)
  }

  /** Takes note of a bracket at that offset; for another operator nothing. Answers why it can't stand here, or null. */
  note(text: string, at: number): string | null {
    if (text === "(" || text === "[" || text === "{") return this.#opens(text, at)
    const partner = opening[text]
    return partner === undefined ? null : this.#closes(text, partner)
  }

  #opens(bracket: string, at: number): string | null {
    if (this.#open.length >= depthMax) return "too many nested parentheses"
    this.#open.push({ bracket, at })
    return null
  }

  #closes(bracket: string, partner: string): string | null {
    const last = this.#open.pop()
    if (last === undefined) return `unmatched '${bracket}'`
    if (last.bracket === partner) return null
    return `closing parenthesis '${bracket}' does not match opening parenthesis '${last.bracket}'`
  }
}
