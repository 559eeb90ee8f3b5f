import { Refused, type Cursor, end } from "./text-cursor.ts"

/** Texts of scalars, each from its first character on. All line ends are `\n`; tabs are no indentation. */

const blanks = /[ \t]*/y
const spaces = / */y
const restOfLine = /[^\n]*/y

/** A plain scalar, and whether a line ends behind it; `indent` is the column that its further lines must have at least. */
export function scanPlain(cursor: Cursor, indent: number, inFlow: boolean): { text: string; lineEnds: boolean } {
  let line = cursor.line
  let text = ""
  for (let between = ""; ;) {
    if (cursor.peek() === "#") break
    const part = plainPart(cursor, inFlow)
    if (part === "") break
    text += between + part
    line = cursor.line
    const gap = plainGap(cursor)
    if (gap === null || (!inFlow && cursor.column < indent)) break
    between = gap
  }
  return { text, lineEnds: cursor.line > line }
}

function plainPart(cursor: Cursor, inFlow: boolean): string {
  let length = 0
  for (; !cursor.blankAt(length); length++) {
    const character = cursor.peek(length)
    if (inFlow && ",?[]{}".includes(character)) break
    if (character !== ":") continue
    if (cursor.blankAt(length + 1) || (inFlow && ",[]{}".includes(cursor.peek(length + 1)))) break
  }
  return cursor.take(length)
}

/** Spaces within a line stay; one line end is a space, more are one less. Null where the scalar ends. */
function plainGap(cursor: Cursor): string | null {
  const inLine = cursor.takeAll(spaces)
  if (cursor.peek() !== "\n") return inLine === "" ? null : inLine
  let lineEnds = 0
  while (cursor.takeLineEnd()) {
    lineEnds += 1
    if (cursor.documentMark()) return null
    cursor.takeAll(spaces)
  }
  return lineEnds === 1 ? " " : "\n".repeat(lineEnds - 1)
}

/** A quoted scalar, with its quotes. */
export function scanQuoted(cursor: Cursor): string {
  const start = cursor.place()
  const quote = cursor.take(1)
  const chunk = quote === '"' ? /[^"\\ \t\n\0]*/y : /[^' \t\n\0]*/y
  let text = ""
  for (;;) {
    text += cursor.takeAll(chunk)
    const next = cursor.peek()
    if (next === end) throw new Refused("this quote is never closed", start)
    if (next === quote) {
      cursor.take(1)
      if (quote === '"' || cursor.peek() !== "'") return text
      text += cursor.take(1)
    } else text += next === "\\" ? escaped(cursor) : quotedGap(cursor)
  }
}

/** Blanks at a line's end and at the next one's start don't count. */
function quotedGap(cursor: Cursor): string {
  const inLine = cursor.takeAll(blanks)
  if (cursor.peek() !== "\n") return inLine
  const lineEnds = emptyLines(cursor)
  return lineEnds === 1 ? " " : "\n".repeat(lineEnds - 1)
}

function emptyLines(cursor: Cursor): number {
  let lineEnds = 0
  while (cursor.takeLineEnd()) {
    lineEnds += 1
    if (cursor.documentMark()) throw new Refused("a document ends here inside of a quoted text", cursor.place())
    cursor.takeAll(blanks)
  }
  return lineEnds
}

const escapes: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\u0007",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\u001b",
  " ": " ",
  '"': '"',
  "\\": "\\",
  "/": "/",
  N: "\u0085",
  _: "\u00a0",
  L: "\u2028",
  P: "\u2029",
}
const digitsOf: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

function escaped(cursor: Cursor): string {
  const at = cursor.place()
  cursor.take(1)
  // A line that ends with a backslash goes on in the next one.
  if (cursor.peek() === "\n") return "\n".repeat(emptyLines(cursor) - 1)
  const letter = cursor.take(1)
  const simple = escapes[letter]
  if (simple !== undefined) return simple
  const digits = digitsOf[letter]
  if (digits === undefined) throw new Refused(`\\${letter} is no escape; a backslash itself is \\\\`, at)
  const code = cursor.take(digits)
  const point = /^[0-9a-fA-F]+$/.test(code) && code.length === digits ? Number.parseInt(code, 16) : Infinity
  // Python keeps half of a surrogate pair, which no JSON can carry.
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
    throw new Refused(`\\${letter}${code} is no character`, at)
  return String.fromCodePoint(point)
}

/** A block scalar from its `|` or `>`; `parent` is the indentation of what it belongs to. */
export function scanBlock(cursor: Cursor, parent: number): string {
  const folded = cursor.take(1) === ">"
  const { keep, strip, deeper } = blockHeader(cursor)
  const least = Math.max(parent + 1, 1)
  const start = deeper === null ? firstLine(cursor, least) : givenIndent(cursor, least + deeper - 1)
  const { text, lineEnd, emptyLines } = blockLines(cursor, start, folded)
  // A file that ends without a line end gives none to its last line.
  return text + (strip ? "" : lineEnd) + (keep ? "\n".repeat(emptyLines) : "")
}

interface BlockStart {
  readonly indent: number
  readonly emptyLines: number
}

/** Folded: the ends of two lines that stand no deeper become a space. */
function blockLines(cursor: Cursor, { indent, emptyLines }: BlockStart, folded: boolean) {
  let text = ""
  let lineEnd = ""
  for (let empty = emptyLines, between = ""; ;) {
    if (cursor.column !== indent || cursor.peek() === end) return { text, lineEnd, emptyLines: empty }
    const deeper = " \t".includes(cursor.peek())
    const folds = folded && text !== "" && between === "\n" && !deeper
    text += (folds ? (empty === 0 ? " " : "") : between === "" ? "" : "\n") + "\n".repeat(empty)
    text += cursor.takeAll(restOfLine)
    lineEnd = cursor.takeLineEnd() ? "\n" : ""
    between = deeper ? "deeper" : "\n"
    empty = emptyBlockLines(cursor, indent)
  }
}

function givenIndent(cursor: Cursor, indent: number): BlockStart {
  return { indent, emptyLines: emptyBlockLines(cursor, indent) }
}

function blockHeader(cursor: Cursor): { keep: boolean; strip: boolean; deeper: number | null } {
  const at = cursor.place()
  const header = cursor.takeAll(/(?:[-+][1-9]?|[1-9][-+]?)?/y)
  const rest = cursor.takeAll(/ *(?:#[^\n]*)?/y)
  if (!"\n\0".includes(cursor.peek()) || rest.startsWith("#"))
    throw new Refused("only -, + and a digit can stand behind | and >", at)
  cursor.takeLineEnd()
  const digit = /[1-9]/.exec(header)
  return { keep: header.includes("+"), strip: header.includes("-"), deeper: digit ? Number(digit[0]) : null }
}

/** The first line with something in it says how deep the block stands; deeper empty lines before it count, too. */
function firstLine(cursor: Cursor, least: number): BlockStart {
  let emptyLines = 0
  let deepest = 0
  do {
    if (cursor.takeAll(spaces) !== "") deepest = Math.max(deepest, cursor.column)
    if (cursor.peek() === "\n") emptyLines += 1
  } while (cursor.takeLineEnd())
  return { emptyLines, indent: Math.max(least, deepest) }
}

function emptyBlockLines(cursor: Cursor, indent: number): number {
  let lineEnds = 0
  for (;;) {
    while (cursor.column < indent && cursor.peek() === " ") cursor.take(1)
    if (!cursor.takeLineEnd()) return lineEnds
    lineEnds += 1
  }
}
