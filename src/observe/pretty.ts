/** Log lines for a person at a terminal: time, level, message, fields; one line each. */

type Line = Readonly<Record<string, unknown>>

const messageWidth = 24
const colours: Readonly<Record<string, string>> = {
  trace: "\u001b[90m",
  debug: "\u001b[90m",
  info: "\u001b[32m",
  warn: "\u001b[33m",
  error: "\u001b[31m",
  fatal: "\u001b[31m",
}
const dim = "\u001b[2m"
const plain = "\u001b[0m"

/** One JSON line of the log as a person reads it. */
export function prettyLine(json: string, colour: boolean): string {
  let line: Line
  try {
    line = JSON.parse(json) as Line
  } catch {
    return json
  }
  const { time, level, msg, ...fields } = line
  const paint = (code: string | undefined, text: string) => (colour && code ? `${code}${text}${plain}` : text)
  const name = String(level)
  const shown = Object.entries(fields).map(([key, value]) => `${paint(dim, `${key}=`)}${fieldText(value)}`)
  const parts = [
    paint(dim, String(time).slice(11, 19)),
    paint(colours[name], name.toUpperCase().padEnd(5)),
    printable(typeof msg === "string" ? msg : "").padEnd(shown.length > 0 ? messageWidth : 0),
    ...shown,
  ]
  return `${parts.join(" ")}\n`
}

function fieldText(value: unknown): string {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return fieldText(value.join(","))
  if (typeof value !== "string") return printable(JSON.stringify(value) ?? "")
  return /^[^\s"=]+$/.test(value) ? printable(value) : printable(JSON.stringify(value))
}

/** Texts from repositories and servers must not move the cursor or change the colours. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- taking control characters out is the purpose
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "�")
}
