import type { Problem } from "../core/model.ts"
import type { Imported, Told } from "./import-manifest.ts"
import { counted, problemLines } from "./problem-text.ts"
import { plainLine, type Paint } from "./terminal.ts"

interface Options {
  /** null = stdout. */
  readonly output: string | null
  /** The checkout. */
  readonly root: string
  readonly paint: Paint
}

/** In a workspace of many repositories most deployments belong elsewhere; nobody reads all of their names. */
const shownOfCodeMax = 20

/** What a person should know about a manifest that was made, beside what stands in it. */
export function importedText(imported: Imported, options: Options): string {
  const { remarks } = imported
  const lines = [
    ...problemLines(
      remarks.map((told) => warning(told)),
      options.paint,
    ),
    ...leftOutLines(imported, options.paint),
    ...general(imported).map((message) => `${options.paint("yellow", "warning")}: ${message}`),
    ...secretLines(imported),
  ]
  return [...lines, ...(lines.length > 0 ? [""] : []), ...summary(imported, options), ""].join("\n")
}

/** For scripts: the same, and the manifest. Values of secrets aren't in it. */
export function importedJson({ hidden, text, ...imported }: Imported): unknown {
  return { manifest: text, ...imported, env: hidden.map(({ name, uses }) => ({ name, uses })) }
}

function summary({ deployments, leftOut, text }: Imported, { output, root }: Options): readonly string[] {
  const rest = leftOut.length > 0 ? `, ${leftOut.length} left out` : ""
  const count = `${counted(deployments.length, "deployment")}${rest}.`
  if (text !== "")
    return [
      `${output === null ? "Imported" : `Wrote ${output}:`} ${count}`,
      "Next: read it (a secret that doesn't look like one stands as it is), commit it with the flows, add the source to lockstep.yaml, and look:  lockstep plan",
    ]
  const missing = leftOut.some(({ code }) => code === "flow-file-missing")
  return [
    `Nothing to import: ${count}`,
    ...(missing ? [`Are the flows in ${root}? Else give --working-tree FOLDER.`] : []),
  ]
}

function leftOutLines({ leftOut }: Imported, paint: Paint): readonly string[] {
  const groups = Map.groupBy(leftOut, ({ code }) => code)
  return [...groups].flatMap(([code, all]) => {
    const shown = all.slice(0, shownOfCodeMax).map((told) => warning({ ...told, message: `left out: ${told.message}` }))
    const more = all.length - shown.length
    return [...problemLines(shown, paint), ...(more > 0 ? [`… and ${more} more [${code}]; --json lists all`] : [])]
  })
}

function warning({ code, message, key }: Told): Problem {
  return { severity: "warning", code, message, key }
}

function general({ triggersUnread, unsure }: Imported): readonly string[] {
  const triggers = "this server is older than 3.4.7, whose automations can't be marked: `triggers` are left out"
  const others = `other manifests of this checkout have ${counted(unsure, "error")}, so they may declare some of these too: lockstep validate . shows them`
  return [...(triggersUnread ? [triggers] : []), ...(unsure > 0 ? [others] : [])]
}

/** What to put into the config, ready to be copied. */
function secretLines({ hidden }: Imported): readonly string[] {
  if (hidden.length === 0) return []
  return [
    "",
    "Placeholders stand for what looks like a secret. In lockstep.yaml, at the source:",
    "  env:",
    ...hidden.map(({ name, uses: [first, ...others] }) => {
      const more = others.length > 0 ? `, and ${others.length} more` : ""
      return plainLine(`    ${name}: { env: ${name} } # ${first?.key}, ${first?.place}${more}`)
    }),
  ]
}
