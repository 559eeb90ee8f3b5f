import type { Command } from "commander"
import { parseDuration } from "../config/duration.ts"
import { isoTime } from "../lib/clock.ts"
import { askOperation, askRelease } from "./ask.ts"
import { addServerOptions, openClient, type ServerFlags } from "./client.ts"
import type { CliContext } from "./context.ts"
import { CommandError, exitCodes } from "./exit.ts"
import { oneStatusText } from "./status-text.ts"
import { optionsOf, print } from "./watch-commands.ts"

/** Commands by which a person decides about a source. The daemon keeps who, when and why. */

interface Flags extends ServerFlags {
  readonly json?: true
  readonly reason?: string
  readonly until?: string
}

const untilHelp = "ends by itself: a duration such as 2h, or an instant such as 2030-01-31T18:00:00Z"

export function addSuspend(program: Command, context: CliContext): void {
  operation(program, "suspend", "keep hands off a source, deletion included")
    .argument("<name>", "source")
    .requiredOption("-r, --reason <text>", "why; everybody sees it in the status")
    .option("-u, --until <when>", untilHelp)
    .addHelpText("after", '\nExample:\n  lockstep suspend analytics --reason "incident 42" --until 2h')
    .action(async (name: string, flags: Flags) => operate(context, flags, name, "suspend"))
}

export function addResume(program: Command, context: CliContext): void {
  operation(program, "resume", "take a suspended source up again")
    .argument("<name>", "source")
    .addHelpText("after", "\nExample:\n  lockstep resume analytics")
    .action(async (name: string, flags: Flags) => operate(context, flags, name, "resume"))
}

export function addPin(program: Command, context: CliContext): void {
  operation(program, "pin", "hold a source at a revision (rollback)")
    .argument("<name>", "source")
    .argument("<revision>", "full commit id")
    .requiredOption("-r, --reason <text>", "why; everybody sees it in the status")
    .option("-u, --until <when>", untilHelp)
    .addHelpText(
      "after",
      '\nExample:\n  lockstep pin analytics "$(git rev-parse HEAD~1)" --reason "bad release" --until 1d',
    )
    .action(async (name: string, revision: string, flags: Flags) => {
      if (!/^[0-9a-f]{40}$/.test(revision)) {
        const message = `"${revision}" is no full commit id of 40 hex digits: git rev-parse ${revision}`
        throw new CommandError(message, exitCodes.usage)
      }
      await operate(context, flags, name, "pin", { revision })
    })
}

export function addUnpin(program: Command, context: CliContext): void {
  operation(program, "unpin", "let a pinned source follow its ref again")
    .argument("<name>", "source")
    .addHelpText("after", "\nExample:\n  lockstep unpin analytics")
    .action(async (name: string, flags: Flags) => operate(context, flags, name, "unpin"))
}

export function addConfirm(program: Command, context: CliContext): void {
  operation(program, "confirm", "let held changes go, exactly as they were shown")
    .argument("<name>", "source")
    .argument("<digest>", "the hold's digest: `lockstep status NAME` shows it")
    .addHelpText(
      "after",
      "\nExample:\n  lockstep confirm analytics 1a2b3c4d5e6f\n\nRefused when what is held is no longer what you saw.",
    )
    .action(async (name: string, digest: string, flags: Flags) => operate(context, flags, name, "confirm", { digest }))
}

export function addRelease(program: Command, context: CliContext): void {
  operation(program, "release", "let others take what a source owned that is gone for good")
    .argument("<name>", "source that the config doesn't have any more")
    .addHelpText(
      "after",
      "\nExample:\n  lockstep release old-reports\n\nNeeded only for what no daemon saw leaving its config; conflicts name the command. Removes nothing.",
    )
    .action(async (name: string, flags: Flags) => {
      const client = await openClient(flags, context.terminal, context.signal)
      const by = context.terminal.environment["USER"] ?? ""
      const answer = await askRelease(client, name, by === "" ? {} : { by })
      print(context, flags, { source: name, ...answer }, () => releasedText(name, answer))
    })
}

function releasedText(name: string, answer: { workspaces: readonly string[]; unread: readonly string[] }): string {
  const { workspaces, unread } = answer
  const missing = unread.length > 0 ? `Not reached, so say it again later: ${unread.join(", ")}\n` : ""
  return `Released ${name} in ${workspaces.join(", ")}: sources that declare what it owned take it by their \`adopt\`.\n${missing}`
}

function operation(program: Command, name: string, summary: string): Command {
  return addServerOptions(program.command(name))
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .option("--json", "as JSON, in the form of the API")
}

async function operate(
  context: CliContext,
  flags: Flags,
  name: string,
  ...[kind, more = {}]: [kind: Parameters<typeof askOperation>[2], more?: Readonly<Record<string, string>>]
): Promise<void> {
  const { terminal, clock, signal } = context
  const until = flags.until === undefined ? null : parseUntil(flags.until, clock.now())
  const by = terminal.environment["USER"] ?? ""
  const client = await openClient(flags, terminal, signal)
  const status = await askOperation(client, name, kind, {
    ...more,
    ...(flags.reason !== undefined && { reason: flags.reason }),
    ...(until !== null && { until }),
    ...(by !== "" && { by }),
  })
  print(context, flags, status, () => oneStatusText(status, optionsOf(context)))
}

function parseUntil(text: string, nowMs: number): string {
  const durationMs = parseDuration(text)
  if (durationMs !== null) return isoTime(nowMs + durationMs)
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return text
  throw new CommandError(`--until wants ${untilHelp.slice("ends by itself: ".length)}; not "${text}"`, exitCodes.usage)
}
