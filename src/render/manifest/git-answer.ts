import type { Revision } from "../../core/model.ts"

/** Facts of the commit that Git's own commands tell. */
interface Facts {
  readonly revision: Revision
  readonly branch: string | null
  readonly shortHash: number
}

/** What to write instead of a command whose answer only running it tells. */
export const knownOfGit =
  "without running it Lockstep knows `git rev-parse HEAD`, `git rev-parse --short HEAD`, `git log -1 --format=%H` and `git branch --show-current`: use one of these"

const head = String.raw`(?: HEAD| @)?`
const one = "(?:-1|-n ?1|--max-count[= ]1)"
const format = String.raw`--(?:format|pretty)[= ]?(?:t?format:)?%([Hh])`
const quiet = "(?: --verify| -q| --quiet)*"
const abbreviated = new RegExp(`^git rev-parse${quiet} --short(?:=(\\d+))?${quiet} (?:HEAD|@)$`)
const whole = new RegExp(`^git rev-parse${quiet} (?:HEAD|@)$`)
/** `--no-pager`, `--no-patch` and `-s` change nothing of what is printed here. */
const logged = [
  new RegExp(`^git log ${one} ${format}${head}$`),
  new RegExp(`^git log ${format} ${one}${head}$`),
  new RegExp(`^git show (?:-s|--no-patch) ${format}${head}$`),
  new RegExp(`^git show ${format} (?:-s|--no-patch)${head}$`),
]
/** Without any tag to go by, it falls back to the short hash. */
const untagged = /^git describe(?: --always| --tags| --exclude[= ]\*)+$/
const branchNames = new Set([
  "git branch --show-current",
  "git rev-parse --abbrev-ref HEAD",
  "git symbolic-ref --short HEAD",
  "git symbolic-ref -q --short HEAD",
])

/** What a script that is one command of Git prints, as far as it follows from the commit; null = nobody knows. */
export function gitAnswer(script: string, { revision, branch, shortHash }: Facts): string | null {
  const command = unquoted(script.trim())
    .replaceAll(/\s+/g, " ")
    .replace(/^git --no-pager /, "git ")
  const short = abbreviated.exec(command)
  if (short) return revision.slice(0, short[1] ? Number(short[1]) : shortHash)
  if (whole.test(command)) return revision
  const letter = logged.map((pattern) => pattern.exec(command)?.[1]).find((found) => found !== undefined)
  if (letter !== undefined) return letter === "H" ? revision : revision.slice(0, shortHash)
  if (branchNames.has(command)) return branch
  const bare = untagged.test(command) && command.includes("--always") && command.includes("--exclude")
  return bare ? revision.slice(0, shortHash) : null
}

/** Prefect splits a script into words as a shell does, so quotes around one say nothing. */
function unquoted(script: string): string {
  return script.replaceAll(/"([^"\\$`]*)"|'([^']*)'/g, (_, double: string | undefined, single: string | undefined) => {
    const word = double ?? single ?? ""
    return /\s/.test(word) ? `"${word}"` : word
  })
}
