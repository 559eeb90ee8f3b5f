import { Cursor, end, Refused, type Place } from "./text-cursor.ts"
import { depthMax, tooDeep } from "./node.ts"
import { scanDirective, scanName, scanTag } from "./scan-name.ts"
import { scanBlock, scanPlain, scanQuoted } from "./scan-scalar.ts"

/** A piece of the text that means something; `text` is an anchor's name, a tag, a directive, or a scalar's text. */
export interface Token {
  readonly kind: TokenKind
  readonly at: Place
  readonly text: string
}
export type TokenKind =
  | "directive"
  | "---"
  | "..."
  | "block-list"
  | "block-map"
  | "block-end"
  | "["
  | "]"
  | "{"
  | "}"
  | ","
  | "-"
  | "key"
  | "value"
  | "alias"
  | "anchor"
  | "tag"
  | "plain"
  | "quoted"
  | "end"

/** Where a key without `?` may have begun: its `:` decides, at most 1,024 characters later on the same line. */
interface KeyStart {
  readonly token: number
  readonly index: number
  readonly line: number
  readonly column: number
  readonly at: Place
  /** A block mapping goes on here, so it can be nothing else. */
  readonly needed: boolean
}
const keyCharsMax = 1024
const toLineEnd = / *(?:#[^\n]*)?/y

/** All tokens of a text whose line ends are `\n`. @throws Refused where PyYAML's scanner does */
export function scan(text: string): readonly Token[] {
  return new Scanner(text).all()
}

class Scanner {
  readonly #cursor: Cursor
  readonly #tokens: Token[] = []
  /** Column of the block that goes on; -1 outside of all. */
  #indent = -1
  readonly #outer: number[] = []
  /** How many [ and { are open. */
  #flow = 0
  #keyMayStart = true
  readonly #keyStarts = new Map<number, KeyStart>()

  constructor(text: string) {
    this.#cursor = new Cursor(text)
  }

  all(): readonly Token[] {
    do this.#next()
    while (this.#tokens.at(-1)?.kind !== "end")
    return this.#tokens
  }

  #next(): void {
    const cursor = this.#cursor
    this.#skip()
    this.#forgetOldKeys()
    this.#closeBlocks(cursor.column)
    const mark = cursor.peek() === end ? "end" : cursor.documentMark()
    if (mark) this.#document(mark)
    else if (cursor.peek() === "%" && cursor.column === 0) this.#directive()
    else if (!this.#structure(cursor.peek())) this.#content(cursor.peek())
  }

  /** One character that gives structure; false when it is none here. */
  #structure(character: string): boolean {
    if (character === "[" || character === "{") this.#open(character)
    else if (character === "]" || character === "}") this.#close(character)
    else if (character === ",") this.#comma()
    else return this.#blockMark(character)
    return true
  }

  #blockMark(character: string): boolean {
    const alone = this.#cursor.blankAt(1)
    const here = "-?:".includes(character) && (alone || (this.#flow > 0 && character !== "-"))
    if (here && character === "-") this.#dash()
    else if (here && character === "?") this.#questionMark()
    else if (here) this.#colon()
    return here
  }

  /** Spaces, comments and empty lines; a tab is none of these. */
  #skip(): void {
    this.#cursor.takeAll(toLineEnd)
    while (this.#cursor.takeLineEnd()) {
      if (this.#flow === 0) this.#keyMayStart = true
      this.#cursor.takeAll(toLineEnd)
    }
  }

  #content(character: string): void {
    const cursor = this.#cursor
    const block = "|>".includes(character) && this.#flow === 0
    if (block) {
      this.#dropKeyStart()
      this.#keyMayStart = true
    } else {
      this.#markKeyStart()
      this.#keyMayStart = false
    }
    const at = cursor.place()
    if (block) this.#push("quoted", at, scanBlock(cursor, this.#indent))
    else if (character === "*") this.#push("alias", at, scanName(cursor))
    else if (character === "&") this.#push("anchor", at, scanName(cursor))
    else if (character === "!") this.#push("tag", at, scanTag(cursor))
    else if (character === "'" || character === '"') this.#push("quoted", at, scanQuoted(cursor))
    else if (this.#plainStarts(character)) this.#plain(at)
    else throw new Refused(cannotStart(character), at)
  }

  #plainStarts(character: string): boolean {
    if (!" \t\n\0-?:,[]{}#&*!|>'\"%@`".includes(character)) return true
    return !this.#cursor.blankAt(1) && (character === "-" || (this.#flow === 0 && "?:".includes(character)))
  }

  #plain(at: Place): void {
    const { text, lineEnds } = scanPlain(this.#cursor, this.#indent + 1, this.#flow > 0)
    // What follows on another line may be a key, in a flow too.
    this.#keyMayStart = lineEnds
    this.#push("plain", at, text)
  }

  #open(character: "[" | "{"): void {
    this.#markKeyStart()
    this.#flow += 1
    if (this.#flow > depthMax) throw new Refused(tooDeep, this.#cursor.place(), "yaml-too-large")
    this.#keyMayStart = true
    this.#indicator(character)
  }

  #close(character: "]" | "}"): void {
    this.#dropKeyStart()
    // A bracket too many is told by the parser; outside of all there is no level below.
    this.#flow -= 1
    this.#keyMayStart = false
    this.#indicator(character)
  }

  #comma(): void {
    this.#keyMayStart = true
    this.#dropKeyStart()
    this.#indicator(",")
  }

  #dash(): void {
    if (this.#flow === 0) this.#openBlock("block-list", "a list can't begin here")
    this.#keyMayStart = true
    this.#dropKeyStart()
    this.#indicator("-")
  }

  #questionMark(): void {
    if (this.#flow === 0) this.#openBlock("block-map", "a key can't begin here")
    this.#keyMayStart = this.#flow === 0
    this.#dropKeyStart()
    this.#indicator("key")
  }

  #colon(): void {
    const start = this.#keyStarts.get(this.#flow)
    if (start) {
      this.#keyStarts.delete(this.#flow)
      this.#tokens.splice(start.token, 0, { kind: "key", at: start.at, text: "" })
      if (this.#flow === 0 && this.#deepen(start.column))
        this.#tokens.splice(start.token, 0, { kind: "block-map", at: start.at, text: "" })
      this.#keyMayStart = false
    } else {
      if (this.#flow === 0) this.#openBlock("block-map", this.#colonWithoutKey())
      this.#keyMayStart = this.#flow === 0
      this.#dropKeyStart()
    }
    this.#indicator("value")
  }

  /** Deeper than the key above, a line is the rest of that key's text, and its colon one too many. */
  #colonWithoutKey(): string {
    const before = this.#tokens.at(-1)
    if (before?.kind === "plain" && before.at.line < this.#cursor.place().line)
      return `this key is indented deeper than line ${before.at.line}, so it is read as the rest of its text: align the two`
    return "a value can't begin here: put the text with the colon in quotes"
  }

  #document(kind: "---" | "..." | "end"): void {
    this.#closeBlocks(-1)
    this.#dropKeyStart()
    this.#keyMayStart = false
    const at = this.#cursor.place()
    if (kind !== "end") this.#cursor.take(kind.length)
    this.#push(kind, at)
  }

  #directive(): void {
    this.#closeBlocks(-1)
    this.#dropKeyStart()
    this.#keyMayStart = false
    const at = this.#cursor.place()
    this.#push("directive", at, scanDirective(this.#cursor))
  }

  #openBlock(kind: "block-list" | "block-map", refusal: string): void {
    if (!this.#keyMayStart) throw new Refused(refusal, this.#cursor.place())
    if (this.#deepen(this.#cursor.column)) this.#push(kind, this.#cursor.place())
  }

  #deepen(column: number): boolean {
    if (this.#indent >= column) return false
    if (this.#outer.length > depthMax) throw new Refused(tooDeep, this.#cursor.place(), "yaml-too-large")
    this.#outer.push(this.#indent)
    this.#indent = column
    return true
  }

  #closeBlocks(column: number): void {
    if (this.#flow !== 0) return
    while (this.#indent > column) {
      this.#indent = this.#outer.pop() ?? -1
      this.#push("block-end", this.#cursor.place())
    }
  }

  #markKeyStart(): void {
    if (!this.#keyMayStart) return
    this.#dropKeyStart()
    const { index, line, column } = this.#cursor
    const needed = this.#flow === 0 && this.#indent === column
    const token = this.#tokens.length
    this.#keyStarts.set(this.#flow, { token, index, line, column, at: this.#cursor.place(), needed })
  }

  #dropKeyStart(): void {
    const start = this.#keyStarts.get(this.#flow)
    if (start?.needed) throw new Refused("this key has no `:` behind it", start.at)
    this.#keyStarts.delete(this.#flow)
  }

  #forgetOldKeys(): void {
    const { index, line } = this.#cursor
    for (const [flow, start] of this.#keyStarts) {
      if (start.line === line && index - start.index <= keyCharsMax) continue
      if (start.needed) throw new Refused("this key has no `:` behind it", start.at)
      this.#keyStarts.delete(flow)
    }
  }

  #indicator(kind: TokenKind): void {
    const at = this.#cursor.place()
    this.#cursor.take(1)
    this.#push(kind, at)
  }

  #push(kind: TokenKind, at: Place, text = ""): void {
    this.#tokens.push({ kind, at, text })
  }
}

function cannotStart(character: string): string {
  if (character === "\t") return "a tab can't stand here: YAML wants spaces"
  return `${character} can't begin a text: put it in quotes`
}
