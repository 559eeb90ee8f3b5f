import type { Command } from "commander"
import { parseDuration } from "../config/duration.ts"
import type { SourceStatus } from "../core/status.ts"
import { askHistory, askSource, askSources, askSync } from "./ask.ts"
import { addServerOptions, openClient, type ServerFlags } from "./client.ts"
import type { CliContext } from "./context.ts"
import { CommandError, exitCodes, type ExitCode } from "./exit.ts"
import { historyText } from "./history-text.ts"
import { oneStatusText, statusText } from "./status-text.ts"
import { paintFor, progressOn } from "./terminal.ts"

/** Commands that look at what a daemon does, and the one that asks it to look now. */

type Flags = ServerFlags & { readonly json?: true }
type SyncFlags = Flags & { readonly wait?: string | true; readonly commit?: string }

const defaultWaitMs = 30_000
const waitMsMax = 600_000

export function addStatus(program: Command, context: CliContext): void {
  addServerOptions(program.command("status"))
    .summary("show all sources, or one")
    .description("Shows the state of every source, and what needs a person: problems, holds, failures.")
    .argument("[name]", "only this source")
    .option("--json", "as JSON, in the form of the API")
    .addHelpText("after", "\nExamples:\n  lockstep status\n  lockstep status analytics --json | jq .state")
    .action(async (name: string | undefined, flags: Flags) => {
      const client = await openClient(flags, context.terminal, context.signal)
      if (name === undefined) {
        const sources = await askSources(client)
        print(context, flags, { sources }, () => statusText(sources, optionsOf(context)))
      } else {
        const status = await askSource(client, name)
        print(context, flags, status, () => oneStatusText(status, optionsOf(context)))
      }
    })
}

export function addSync(program: Command, context: CliContext): void {
  addServerOptions(program.command("sync"))
    .summary("look at all sources, or one, now")
    .description("Asks the daemon to look now, at Git and at everything in Prefect, instead of at the next interval.")
    .argument("[name]", "only this source")
    .option("-w, --wait [duration]", "wait until it is done, at most 30s or as given (10m at most)")
    .option("--commit <sha>", "wait for a turn that saw this full commit id; a replica may show it late")
    .option("--json", "as JSON, in the form of the API")
    .addHelpText(
      "after",
      "\nExamples:\n  lockstep sync\n  lockstep sync analytics --wait\n  lockstep sync analytics --wait 5m    exit code 0 converged, 1 failed or degraded, 2 held or not done yet\n  lockstep sync analytics --commit $(git rev-parse HEAD) --wait 5m    exit code 1 also when Git doesn't show that commit in time",
    )
    .action(async (name: string | undefined, flags: SyncFlags) => context.exit(await sync(name, flags, context)))
}

export function addHistory(program: Command, context: CliContext): void {
  addServerOptions(program.command("history"))
    .summary("show the last turns of a source")
    .description(
      "Shows what was done to a source and decided about it, newest first; turns that found nothing to do are folded.",
    )
    .argument("<name>", "source")
    .option("--json", "as JSON, in the form of the API")
    .addHelpText("after", "\nExample:\n  lockstep history analytics")
    .action(async (name: string, flags: Flags) => {
      const history = await askHistory(await openClient(flags, context.terminal, context.signal), name)
      print(context, flags, { history }, () => historyText(history, optionsOf(context)))
    })
}

async function sync(name: string | undefined, flags: SyncFlags, context: CliContext): Promise<ExitCode> {
  const { terminal, signal } = context
  const { commit = null } = flags
  const asked = waitOf(name, flags.wait ?? (commit === null ? undefined : true))
  checkCommit(commit, asked.name)
  const client = await openClient(flags, terminal, signal)
  const progress = progressOn(terminal)
  if (asked.waitMs !== null) progress.say(`waiting for ${asked.name ?? "all sources"}`)
  const { isOver, sources } = await askSync(client, asked.name, asked.waitMs, commit).finally(() => progress.done())
  const shape = asked.name === null ? { sources } : sources[0]
  if (asked.waitMs === null) {
    print(context, flags, shape, () => `Asked ${asked.name === null ? "all sources" : asked.name} to look now.\n`)
    return exitCodes.ok
  }
  const late = isOver ? "" : "Not done yet: the wait is over, the turn goes on.\n"
  print(context, flags, shape, () => statusText(sources, optionsOf(context)) + late)
  return isOver ? exitOf(sources) : exitCodes.changes
}

function checkCommit(commit: string | null, name: string | null): void {
  if (commit === null) return
  if (!/^[0-9a-f]{40}$/.test(commit))
    throw new CommandError(
      `"${commit}" is no full commit id of 40 hex digits: git rev-parse ${commit}`,
      exitCodes.usage,
    )
  if (name === null)
    throw new CommandError("--commit is for one source: lockstep sync NAME --commit SHA", exitCodes.usage)
}

/** `sync --wait analytics` means the source: what isn't a duration is the name. */
function waitOf(name: string | undefined, wait: string | true | undefined) {
  if (wait === undefined) return { name: name ?? null, waitMs: null }
  if (wait === true) return { name: name ?? null, waitMs: defaultWaitMs }
  const waitMs = parseDuration(wait)
  if (waitMs === null && name === undefined) return { name: wait, waitMs: defaultWaitMs }
  if (waitMs === null || waitMs > waitMsMax)
    throw new CommandError(`--wait wants a duration of at most 10m, such as 30s, not "${wait}"`, exitCodes.usage)
  return { name: name ?? null, waitMs }
}

function exitOf(sources: readonly SourceStatus[]): ExitCode {
  const outcomes = new Set(sources.map(({ lastTurn }) => lastTurn?.outcome))
  if (outcomes.has("failed") || outcomes.has("degraded")) return exitCodes.error
  return outcomes.has("held") || outcomes.has(undefined) ? exitCodes.changes : exitCodes.ok
}

export function print({ terminal }: CliContext, flags: Flags, value: unknown, text: () => string): void {
  terminal.out.write(flags.json ? `${JSON.stringify(value, null, 2)}\n` : text())
}

export function optionsOf({ terminal, clock }: CliContext) {
  return { paint: paintFor(terminal.out, terminal.environment), nowMs: clock.now() }
}
