import type { Problem } from "../core/model.ts"
import { plain } from "./terminal.ts"

/**
 * Problems as GitHub's workflow commands, which become annotations on a pull request. A runner obeys any line that
 * begins with `::`, so nothing foreign may begin a line.
 */
export function annotations(problems: readonly Problem[]): string {
  return problems.map((problem) => `${annotation(problem)}\n`).join("")
}

function annotation({ severity, code, message, key, file, line, column }: Problem): string {
  const properties = { file, line, col: column, title: key === undefined ? code : `${code} (${key})` }
  const given = Object.entries(properties).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${escapeProperty(String(value))}`],
  )
  return `::${severity} ${given.join(",")}::${escapeData(message)}`
}

function escapeData(text: string): string {
  return plain(text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A"))
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C")
}
