import type { Dice } from "../support/dice.ts"

/** Values of a manifest with the way they are written, and their text: the same value comes in many forms. */
export type Written =
  | Raw
  | Anchored
  | string
  | number
  | boolean
  | null
  | readonly Written[]
  | { readonly [key: string]: Written }

/** Written as it stands; other texts are quoted, or not when they may be. */
class Raw {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
/** `&name` before its value. */
class Anchored {
  readonly name: string
  readonly value: Written
  constructor(name: string, value: Written) {
    this.name = name
    this.value = value
  }
}

export const raw = (text: string): Raw => new Raw(text)
export const anchored = (name: string, value: Written): Anchored => new Anchored(name, value)
export const nothing: unique symbol = Symbol("left out")
export type Nothing = typeof nothing

/** Without what is left out. */
export function present(members: Readonly<Record<string, Written | Nothing>>): { readonly [key: string]: Written } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== nothing)) as {
    [key: string]: Written
  }
}

/** A key that stands in its mapping a second time. */
export function again(key: string): string {
  return `${key}\0`
}

/** One document, whatever may stand around it. */
export function documentOf(value: Written, dice: Dice): string {
  const text = `${new Layout(dice).block(value, 0)}\n`.trimStart()
  const before = dice.oneIn(4)
    ? dice.pick(["---\n", "# how it is deployed\n", "%YAML 1.1\n---\n", "\n\n", "\ufeff"])
    : ""
  const after = dice.oneIn(4) ? dice.pick(["...\n", "\n\n", "# the end\n", "# no line end", "---\n"]) : ""
  const whole = before + (after === "" && dice.oneIn(5) ? text.replace(/\n+$/, "") : text) + after
  return dice.oneIn(12) ? whole.replaceAll("\n", "\r\n") : whole
}

class Layout {
  readonly #dice: Dice
  /** How often a collection is written in brackets, in percent. */
  readonly #flow: number
  /** How often quotes are left out or single, in percent. */
  readonly #plain: number

  constructor(dice: Dice) {
    this.#dice = dice
    this.#flow = dice.pick([0, 0, 10, 40])
    this.#plain = dice.pick([0, 20, 80])
  }

  /** Block style for most of what is not empty, so that anchors, block scalars and comments can stand in it. */
  block(value: Written, indent: number): string {
    if (value instanceof Anchored) return `&${value.name} ${this.block(value.value, indent)}`
    if (value instanceof Raw || typeof value !== "object" || value === null) return this.#scalar(value)
    const pad = `\n${" ".repeat(indent)}`
    if (indent > 0 && isOneLine(value) && this.#dice.below(100) < this.#flow) return this.#brackets(value)
    if (Array.isArray(value))
      return value.length === 0
        ? "[]"
        : value.map((item: Written) => `${pad}- ${this.block(item, indent + 2).trimStart()}`).join("")
    const members = Object.entries(value)
    if (members.length === 0) return "{}"
    return members.map(([key, member]) => `${pad}${this.#key(key)}: ${this.block(member, indent + 2)}`).join("")
  }

  #brackets(value: Written): string {
    if (value instanceof Anchored) return `&${value.name} ${this.#brackets(value.value)}`
    if (value instanceof Raw || typeof value !== "object" || value === null) return this.#scalar(value, true)
    if (Array.isArray(value)) return `[${value.map((item: Written) => this.#brackets(item)).join(", ")}]`
    const members = Object.entries(value).map(([key, member]) => `${this.#key(key)}: ${this.#brackets(member)}`)
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`
  }

  #key(key: string): string {
    const name = key.replaceAll("\0", "")
    return name === "<<" || /^[a-z_-]+$/.test(name) ? name : JSON.stringify(name)
  }

  #scalar(value: Raw | string | number | boolean | null, inBrackets = false): string {
    if (value instanceof Raw) return value.text
    if (typeof value !== "string" || this.#dice.below(100) >= this.#plain) return JSON.stringify(value)
    if (/^[A-Za-z][\w./ -]*\w$/.test(value) && this.#dice.oneIn(2)) return value
    if (!inBrackets && /^[\w*/]+[\w*/ ,-]*$/.test(value) && this.#dice.oneIn(8)) return value
    return /^[\x20-\x7e]*$/.test(value) ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value)
  }
}

function isOneLine(value: Written): boolean {
  if (value instanceof Anchored) return isOneLine(value.value)
  if (value instanceof Raw) return !/[\n|>]/.test(value.text)
  if (typeof value !== "object" || value === null) return true
  return (Array.isArray(value) ? value : Object.values(value)).every((item: Written) => isOneLine(item))
}
