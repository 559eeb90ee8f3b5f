import type { Refused } from "./text-cursor.ts"

const shownMax = 60

/** What was meant by a line that YAML reads otherwise, where it shows; else why it is refused. */
export function adviceFor({ message, at, code }: Refused, text: string): string {
  if (code !== "yaml-syntax") return message
  const line = text.split("\n", at.line)[at.line - 1] ?? ""
  const before = line.slice(0, at.column - 1)
  const start = placeholderStart(line)
  if (start >= 0 && start <= at.column) return inQuotes("{{", line.slice(start), "opens two mappings in YAML")
  if (line[at.column - 1] === "*" && message.includes("name")) return inQuotes("*", line.slice(before.length), alias)
  const closing = /["'\]}][ \t]*$/.exec(before)?.[0][0]
  if (closing === undefined || !message.startsWith("a key must stand")) return message
  const doubled = closing === "'" ? ", and '' for a quote inside of it" : ""
  return `nothing can follow the closing ${closing} here: put the whole text in one pair of quotes${doubled}`
}

const alias = "refers to an anchor in YAML"

/** Where a value begins with `{{`, outside of quotes; -1 when none does. */
function placeholderStart(line: string): number {
  const plain = line.replaceAll(/"(?:\\.|[^"\\])*"|'[^']*'/g, (quoted) => "_".repeat(quoted.length))
  const found = /(?:^|[:\-?][ \t]|[[{,])[ \t]*(?=\{\{[^{])/.exec(plain)
  return found ? found.index + found[0].length : -1
}

/** In a list or mapping of one line it isn't known where the text should end. */
function inQuotes(begins: string, rest: string, why: string): string {
  const written = rest.replace(/[ \t]+#.*$/, "").trimEnd()
  const whole = begins === "{{" ? (/^\{\{[^{}]*\}\}/.exec(written)?.[0] ?? written) : written
  const shown = /[[\]{},"\\]/.test(written.replaceAll(/\{\{|\}\}/g, "")) ? whole : written
  const example = shown.length <= shownMax && !shown.includes('"') ? `: "${shown}"` : ""
  return `a text that begins with ${begins}, which ${why}, must stand in quotes${example}`
}
