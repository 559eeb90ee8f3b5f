import type { Command } from "commander"
import { instantMs } from "../core/instant.ts"
import type { Problem } from "../core/model.ts"
import { nearest } from "../core/nearest.ts"
import type { PublicChange } from "../server/present.ts"
import { askHistory, askPlan, askSources } from "./ask.ts"
import { addServerOptions, openClient, type Client, type ServerFlags } from "./client.ts"
import type { CliContext } from "./context.ts"
import { CommandError, exitCodes } from "./exit.ts"
import { problemLine } from "./problem-text.ts"
import { plainLine } from "./terminal.ts"
import { relativeTime } from "./time-text.ts"
import { optionsOf, print } from "./watch-commands.ts"

type Flags = ServerFlags & { readonly json?: true }

/** Where one deployment comes from, as one source sees it, and what was done to it. */
interface Trace {
  readonly source: string
  readonly workspace: string
  readonly id: string | null
  /** The commit that was looked at last. */
  readonly revision: string
  /** Where that commit declares it; null = it doesn't. */
  readonly declared: { readonly file: string; readonly line: number | null } | null
  readonly action: string
  readonly result: string | null
  readonly why: string
  readonly problems: readonly Problem[]
  readonly writes: readonly Write[]
}
interface Write {
  readonly at: string
  readonly action: string
  readonly result: string
  readonly revision: string | null
}

const description = `Shows which source, file and line a deployment comes from, at which commit, how it stands, and what was
done to it, by whose word, as far back as the source's history goes (its last 200 entries).`

/** `lockstep trace FLOW/DEPLOYMENT`: from a deployment back to its line in Git. */
export function addTrace(program: Command, context: CliContext): void {
  addServerOptions(program.command("trace"))
    .summary("show where a deployment comes from")
    .description(description)
    .argument("<flow/deployment>", "the deployment's full name")
    .option("--json", "as JSON")
    .addHelpText("after", '\nExample:\n  lockstep trace "daily report/production"')
    .action(async (key: string, flags: Flags) => {
      if (!/^[^/]+\/[^/]+$/.test(key))
        throw new CommandError(`"${key}" is no full name of a deployment: FLOW/DEPLOYMENT`, exitCodes.usage)
      const client = await openClient(flags, context.terminal, context.signal)
      const traces = await findTraces(client, key)
      print(context, flags, { key, traces }, () => tracesText(key, traces, context))
    })
}

async function findTraces(client: Client, key: string): Promise<readonly Trace[]> {
  const known = new Set<string>()
  const found: Trace[] = []
  for (const { name, workspace } of await askSources(client)) {
    const plan = await askPlan(client, name)
    if (!plan) continue
    for (const change of plan.changes) known.add(change.key)
    const change = plan.changes.find((one) => one.key === key)
    const writes = await writesOf(client, name, key)
    if (!change && writes.length === 0) continue
    const problems = plan.problems.filter((problem) => problem.key === key)
    const place = { source: name, workspace, revision: plan.revision, problems, writes }
    found.push({ ...place, ...standing(change, problems) })
  }
  if (found.length > 0) return found
  const near = nearest(key, [...known])
  throw new CommandError(`no source declares or owns "${key}"${near === null ? "" : ` (did you mean "${near}"?)`}`)
}

function standing(
  change: PublicChange | undefined,
  problems: readonly Problem[],
): Pick<Trace, "id" | "declared" | "action" | "result" | "why"> {
  if (!change) return { id: null, declared: null, action: "gone", result: null, why: "neither in Git nor in Prefect" }
  const { id, action, result = null, reason, message } = change
  const { file, line } = change.file === undefined ? (problems.find((one) => one.file !== undefined) ?? {}) : change
  const declared = file === undefined ? null : { file, line: line ?? null }
  return { id, declared, action, result, why: reason ?? message ?? usual[action] ?? "" }
}

const usual: Readonly<Record<string, string>> = { create: "new in Git", keep: "as Git says" }

async function writesOf(client: Client, source: string, key: string): Promise<readonly Write[]> {
  const history = await askHistory(client, source)
  return history.flatMap((entry): readonly Write[] => {
    if (entry.kind === "act") {
      const { at, act, by, digest, result, victims } = entry
      if (!victims.some((victim) => victim === key)) return []
      return [{ at, action: `${act} by ${by}`, result: `${result}, digest ${digest ?? "none"}`, revision: null }]
    }
    return entry.writes
      .filter((write) => write.key === key)
      .map(({ action, result }) => ({ at: entry.startedAt, action, result, revision: entry.revision.observed }))
  })
}

function tracesText(key: string, traces: readonly Trace[], context: CliContext): string {
  const { paint, nowMs } = optionsOf(context)
  const parts = traces.map((trace) => {
    const { declared, revision, writes } = trace
    const place = declared && `${declared.file}${declared.line === null ? "" : `:${declared.line}`}`
    const said = trace.result === null ? trace.action : `${trace.action} (${trace.result})`
    const rows = [
      ["source", `${trace.source}, workspace ${trace.workspace}`],
      ["in Git", `${place ?? "not declared"} at ${revision.slice(0, 7)}`],
      ["id", trace.id ?? "none"],
      ["last turn", `${said}: ${trace.why}`],
    ] as const
    const done = writes.map(
      ({ at, action, result, revision: commit }) =>
        `  ${relativeTime(instantMs(at), nowMs)}: ${plainLine(`${action} ${result}`)}${commit === null ? "" : `, at ${commit.slice(0, 7)}`}`,
    )
    return [
      ...rows.map(([name, text]) => `  ${paint("dim", name.padEnd(9))}  ${plainLine(text)}`),
      ...trace.problems.map((problem) => `  ${problemLine(problem, paint)}`),
      `  ${paint("dim", "writes")}`,
      ...(done.length > 0 ? done.map((line) => `  ${line}`) : ["    none as far back as the history goes"]),
    ].join("\n")
  })
  return `${paint("bold", plainLine(key))}\n${parts.join("\n\n")}\n`
}
