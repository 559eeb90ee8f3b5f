import { resolve } from "node:path"
import type { Command } from "commander"
import type { Config } from "../config/config.ts"
import { nearest } from "../core/nearest.ts"
import type { Source } from "../core/source.ts"
import { repositoryRoot } from "../git/worktree.ts"
import { jsonText } from "../server/present.ts"
import { configPath } from "./config-path.ts"
import type { CliContext } from "./context.ts"
import { CommandError, exitCodes } from "./exit.ts"
import { exitCodeOf, reportsJson, reportsMarkdown, reportsText } from "./reports.ts"
import { paintFor, progressOn } from "./terminal.ts"

interface PlanFlags {
  readonly config?: string
  readonly source?: string
  readonly json?: true
  readonly markdown?: true
  readonly showValues?: true
  readonly workingTree?: string
}

const examples = `
Examples:
  lockstep plan                                        every source of the config
  lockstep plan analytics                              one of them
  lockstep plan analytics --working-tree .             what this checkout would change, before it is pushed
  lockstep plan --markdown > comment.md                for a pull request

A plan is made without the daemon and writes nothing. Exit code 0: nothing to do, 2: there are changes,
1: something is wrong, changes or not.`

/** `lockstep plan`: what the daemon would do now. */
export function addPlan(program: Command, context: CliContext): void {
  program
    .command("plan")
    .summary("show what would change, without a daemon")
    .description("Shows what would change in Prefect, and why, without a daemon and without writing anything.")
    .argument("[name]", "only this source; the same as --source")
    .option("-c, --config <file>", "config file")
    .option("-s, --source <name>", "only this source")
    .option("--working-tree <folder>", "read this folder instead of the source's repository")
    .option("--json", "as JSON, in the form of the API")
    .option("--markdown", "as Markdown, for a pull request")
    .option("--show-values", "show values that only Prefect has, and values that look like secrets")
    .addHelpText("after", examples)
    .action(async (name: string | undefined, flags: PlanFlags) =>
      context.exit(await plan({ ...flags, ...oneName(name, flags.source) }, context)),
    )
}

/** As the other commands take it, or as an option; not both. */
function oneName(name: string | undefined, source: string | undefined): { readonly source?: string } {
  if (name !== undefined && source !== undefined && name !== source)
    throw new CommandError(`give one source, ${name} or --source ${source}`, exitCodes.usage)
  const given = name ?? source
  return given === undefined ? {} : { source: given }
}

async function plan(flags: PlanFlags, context: CliContext): Promise<number> {
  const { terminal, signal } = context
  if (flags.json && flags.markdown) throw new CommandError("give --json or --markdown, not both", exitCodes.usage)
  const [{ loadConfig }, { planSources }] = await Promise.all([
    import("../config/load.ts"),
    import("./plan-sources.ts"),
  ])
  const config = await loadConfig(await configPath(flags.config, terminal), terminal.environment)
  const chosen = chooseSources(config, flags)
  const workingTree =
    flags.workingTree === undefined ? null : await repositoryRoot(resolve(terminal.folder, flags.workingTree))
  await using parts = await context.openPlan()
  const progress = progressOn(terminal)
  const reports = await planSources(
    parts,
    { config, chosen, workingTree, onProgress: (text) => progress.say(text) },
    signal,
  ).finally(() => progress.done())
  const mask = (text: string): string => parts.secrets.mask(text)
  const paint = paintFor(terminal.out, terminal.environment)
  const options = { showValues: flags.showValues ?? false, mask, paint }
  if (flags.json) terminal.out.write(`${jsonText(reportsJson(reports, options), mask)}\n`)
  else terminal.out.write((flags.markdown ? reportsMarkdown : reportsText)(reports, options))
  return exitCodeOf(reports)
}

function chooseSources(config: Config, { source: name, workingTree }: PlanFlags): readonly Source[] {
  const chosen = name === undefined ? config.sources : config.sources.filter((source) => source.name === name)
  if (name !== undefined && chosen.length === 0) {
    throw new CommandError(`the config has no source "${name}"${hint(name, config)}`, exitCodes.usage)
  }
  if (workingTree !== undefined && chosen.length !== 1) {
    throw new CommandError(
      "--working-tree needs the source that the folder is a checkout of: --source NAME",
      exitCodes.usage,
    )
  }
  return chosen
}

function hint(name: string, { sources }: Config): string {
  const near = nearest(
    name,
    sources.map((source) => source.name),
  )
  return near === null ? `: it has ${list(sources)}` : ` (did you mean ${near}?)`
}

const namesShownMax = 20

function list(sources: Config["sources"]): string {
  const names = sources.slice(0, namesShownMax).map((source) => source.name)
  const more = sources.length - names.length
  return `${names.length > 0 ? names.join(", ") : "none"}${more > 0 ? ` and ${more} more` : ""}`
}
