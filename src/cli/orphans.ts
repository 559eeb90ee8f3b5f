import type { Command } from "commander"
import { orphanCodes } from "../core/removal.ts"
import type { PublicChange, PublicPlan } from "../server/present.ts"
import { askPlan, askSource, askSources } from "./ask.ts"
import { addServerOptions, openClient, type Client, type ServerFlags } from "./client.ts"
import type { CliContext } from "./context.ts"
import { plainLine, table } from "./terminal.ts"
import { optionsOf, print } from "./watch-commands.ts"

type Flags = ServerFlags & { readonly json?: true }

interface Orphan {
  readonly source: string
  readonly key: string
  readonly state: string
  readonly reason: string
}

/** `lockstep orphans`: what a source owns and Git no longer has. */
export function addOrphans(program: Command, context: CliContext): void {
  addServerOptions(program.command("orphans"))
    .summary("show what Git no longer has")
    .description("Shows the deployments that a source owns and Git no longer has: retired, waiting, or kept, and why.")
    .argument("[name]", "only this source")
    .option("--json", "as JSON")
    .addHelpText("after", "\nExample:\n  lockstep orphans analytics")
    .action(async (name: string | undefined, flags: Flags) => {
      const client = await openClient(flags, context.terminal, context.signal)
      const orphans = await findOrphans(client, name)
      print(context, flags, { orphans }, () => orphansText(orphans, context))
    })
}

async function findOrphans(client: Client, name: string | undefined): Promise<readonly Orphan[]> {
  const sources = name === undefined ? await askSources(client) : [await askSource(client, name)]
  const found: Orphan[] = []
  for (const { name: source } of sources) {
    const plan = await askPlan(client, source)
    if (plan) found.push(...orphansIn(plan))
  }
  return found
}

function orphansIn({ source, changes }: PublicPlan): readonly Orphan[] {
  return changes.flatMap((change) => {
    const state = stateOf(change)
    return state === null ? [] : [{ source, key: change.key, state, reason: change.reason ?? change.message ?? "" }]
  })
}

/** As it is after the turn that the plan was made for; null = no orphan, or none any more. */
function stateOf({ action, code = "", result }: PublicChange): string | null {
  if (action === "retire") return result === "done" ? "retired" : "to retire"
  if (action === "prune") return result === "done" ? null : "to delete"
  return action === "skip" && orphanCodes.has(code) ? code : null
}

function orphansText(orphans: readonly Orphan[], context: CliContext): string {
  if (orphans.length === 0) return "No orphans: Git has everything that is owned.\n"
  const { paint } = optionsOf(context)
  const headings = ["SOURCE", "DEPLOYMENT", "STATE", "WHY"].map((text) => ({ text, style: "bold" as const }))
  const rows = orphans.map(({ source, key, state, reason }) =>
    [source, key, state, reason].map((text) => ({ text: plainLine(text) })),
  )
  return `${table([headings, ...rows], paint).join("\n")}\n`
}
