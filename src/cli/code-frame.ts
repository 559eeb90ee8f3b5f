import { plainLine } from "./terminal.ts"

const lineCharsMax = 120
/** What stands left of a place that is far to the right. */
const marginChars = 40

/** The line of a problem with the one before it and a caret below; empty when the place isn't in the text. */
export function codeFrame(text: string, line: number, column: number | undefined): readonly string[] {
  const lines = text.split(/\r?\n/)
  if (text === "" || line < 1 || line > lines.length) return []
  const offset = Math.max(0, (column ?? 1) - 1 - lineCharsMax + marginChars)
  const width = String(line).length
  const numbered = (number: number, mark: string): string => {
    const shown = plainLine((lines[number - 1] ?? "").replaceAll("\t", " ").slice(offset, offset + lineCharsMax))
    return `${mark} ${String(number).padStart(width)} | ${shown}`.trimEnd()
  }
  const caret = column === undefined ? [] : [`  ${" ".repeat(width)} | ${" ".repeat(column - 1 - offset)}^`]
  return [...(line > 1 ? [numbered(line - 1, " ")] : []), numbered(line, ">"), ...caret]
}
