import { styleText } from "node:util"

/**
 * What CI reads beside people: GitHub obeys a line that begins with `::`, after any space, and `##[…]` anywhere in one;
 * Azure `##vso[…]`, TeamCity `##teamcity[…]`. In JSON all of these stand inside of texts only, where the escape is JSON's.
 */
const commands: readonly (readonly [RegExp, string])[] = [
  [/^([^\S\r\n]*):(?=:)/gm, "$1\\u003a"],
  [/#(?=#(?:vso|teamcity)?\[)/g, "\\u0023"],
]

/** The last gate before a stream: whatever foreign text a line was made of, no program that reads it may obey it. */
export function harmless(stream: Stream): Stream {
  const write = (text: string) =>
    stream.write(
      commands.reduce((clean, [form, escaped]) => clean.replaceAll(form, escaped), text).replaceAll(turning, escapeOf),
    )
  return { write, isTTY: stream.isTTY }
}

/** Where a command writes, and what it may know of the place it runs in. `main.ts` fills it from the process. */
export interface Terminal {
  readonly out: Stream
  readonly err: Stream
  /** The same as `out`, for lines that a CI system is to obey. */
  readonly obeyed: Stream
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Relative paths are relative to it. */
  readonly folder: string
}

export interface Stream {
  write(text: string): unknown
  readonly isTTY: boolean
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan"
export type Paint = (style: Style, text: string) => string

/** For pipes and files. */
export const noPaint: Paint = (_style, text) => text

/** Colours go to terminals only, and not to those whose user has set NO_COLOR (no-color.org: to anything but ""). */
export function paintFor(stream: Stream, environment: Terminal["environment"]): Paint {
  if (!stream.isTTY || (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb") return noPaint
  return (style, text) => styleText(style, text, { validateStream: false })
}

/**
 * Foreign text for a terminal: control characters and those that turn the direction of writing are shown as what they
 * are, so that a name in a repository can neither move the cursor nor pose as something else. Line ends stay.
 */
export function plain(text: string): string {
  return text
    .replaceAll(turning, escapeOf)
    .replaceAll(/\p{Cc}/gu, (character) => (character === "\n" ? character : escapeOf(character)))
}

/** Characters that turn the direction of writing, end a line or aren't seen: nothing that we write has them. */
const turning = /[\u0080-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
}

/** The same, for what must stay on one line. */
export function plainLine(text: string): string {
  return plain(text.replaceAll(/\r?\n/g, " "))
}

export interface Cell {
  readonly text: string
  readonly style?: Style
}

/** Columns two spaces apart, as wide as their widest cell; no spaces at the ends of lines. */
export function table(rows: readonly (readonly Cell[])[], paint: Paint): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, row) => Math.max(widest, width(row[column]?.text ?? "")), 0),
  )
  return rows.map((row) =>
    row
      .map(({ text, style }, column) => {
        const space = column === row.length - 1 ? "" : " ".repeat((widths[column] ?? 0) - width(text) + 2)
        return (style ? paint(style, text) : text) + space
      })
      .join("")
      .trimEnd(),
  )
}

/** Characters, not bytes or halves of them. */
function width(text: string): number {
  return Array.from(text).length
}

export interface Progress {
  say(text: string): void
  /** Takes the line away. */
  done(): void
}

/** One changing line on stderr while something takes long; nothing at all where nobody looks. */
export function progressOn({ err }: Terminal): Progress {
  if (!err.isTTY) return { say: () => undefined, done: () => undefined }
  return {
    say: (text) => void err.write(`\r\u001b[2K${plainLine(text)}`),
    done: () => void err.write("\r\u001b[2K"),
  }
}
