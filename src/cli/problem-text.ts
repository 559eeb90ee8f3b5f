import type { Problem } from "../core/model.ts"
import { plainLine, type Paint } from "./terminal.ts"

const problemsShownMax = 200

/** Problems a line each, errors first; `file:line:column` is what editors and terminals make a link of. */
export function problemLines(problems: readonly Problem[], paint: Paint): readonly string[] {
  const sorted = sortProblems(problems)
  const more = sorted.length - problemsShownMax
  const shown = sorted.slice(0, problemsShownMax).map((problem) => problemLine(problem, paint))
  return more > 0 ? [...shown, `… and ${more} more`] : shown
}

/** One problem: where, how bad, what, of which deployment, and its code to look up. */
export function problemLine({ severity, code, message, key, ...at }: Problem, paint: Paint): string {
  const whose = key !== undefined && !message.includes(key) ? ` (${plainLine(key)})` : ""
  const where = placeText(at)
  const word = paint(severity === "error" ? "red" : "yellow", severity)
  return `${where}${word}: ${plainLine(message)}${whose} ${paint("dim", `[${code}]`)}`
}

export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      compare(a.file ?? "", b.file ?? "") ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  )
}

function rank({ severity }: Problem): number {
  return severity === "error" ? 0 : 1
}

function placeText({ file, line, column }: Pick<Problem, "file" | "line" | "column">): string {
  if (file === undefined) return ""
  return `${[plainLine(file), line, column].filter((part) => part !== undefined).join(":")}: `
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** `1 problem`, `2 problems` */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`
}
