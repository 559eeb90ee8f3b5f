import { readFile } from "node:fs/promises"
import { join, relative, resolve } from "node:path"
import type { Command } from "commander"
import { loadConfig } from "../config/load.ts"
import { Secrets } from "../config/secrets.ts"
import type { Problem } from "../core/model.ts"
import { readEnv } from "../reconcile/observe.ts"
import type { Rule } from "../render/manifest/rules.ts"
import { codeFrame } from "./code-frame.ts"
import { configPath } from "./config-path.ts"
import type { CliContext } from "./context.ts"
import { CommandError, exitCodes } from "./exit.ts"
import { lintPaths, standardSource, type Linted, type LintSettings } from "./lint.ts"
import { counted, problemLine, sortProblems } from "./problem-text.ts"
import { paintFor, progressOn, type Terminal } from "./terminal.ts"

interface ValidateFlags {
  readonly config?: string
  readonly source?: string
  readonly env: readonly string[]
  readonly json?: true
}

const framesMax = 100
const frameFileBytesMax = 1024 * 1024

/**
 * What only the config or the workspace knows: without them it is worth a word, but no mistake of the manifest.
 */
const unknownOffline: ReadonlySet<string> = new Set([
  "env-missing",
  "variable-missing",
  "step-output-missing",
] satisfies Rule[])

const examples = `
Examples:
  lockstep validate .                             every prefect.yaml of this checkout
  lockstep validate etl/prefect.yaml --env STAGE=prod
  lockstep validate . --source analytics          with the settings of that source (env, stepOutputs, overrides …)

Reads files only: no network, no Prefect, and no code of the repository is run.`

/** `lockstep validate`: the linter for manifests. */
export function addValidate(program: Command, context: CliContext): void {
  program
    .command("validate")
    .summary("check prefect.yaml files, offline")
    .description("Checks every prefect.yaml at or below the paths and shows all problems, with the place of each.")
    .argument("<path...>", "files or folders")
    .option("-e, --env <name=value>", "value for an environment placeholder; may be repeated", collect, [])
    .option("-c, --config <file>", "config file, for --source")
    .option("-s, --source <name>", "read with the settings of this source of the config")
    .option("--json", "as JSON")
    .addHelpText("after", examples)
    .action(async (paths: string[], flags: ValidateFlags) => context.exit(await validate(paths, flags, context)))
}

async function validate(paths: readonly string[], flags: ValidateFlags, context: CliContext): Promise<number> {
  const { terminal, signal } = context
  const settings = await settingsFor(flags, terminal)
  const progress = progressOn(terminal)
  progress.say("reading manifests")
  const render = await context.openRender()
  const absolute = paths.map((path) => resolve(terminal.folder, path))
  const linted = await lintPaths(absolute, render, settings, signal).finally(() => progress.done())
  const shown = linted.map((one) => placed(one, terminal))
  const manifests = shown.flatMap((one) => one.manifests)
  if (manifests.length === 0) throw new CommandError(`no prefect.yaml at or below ${paths.join(", ")}`)
  const problems = sortProblems(shown.flatMap((one) => one.problems))
  const deployments = shown.reduce((sum, one) => sum + one.deployments, 0)
  const errors = problems.filter(({ severity }) => severity === "error").length
  if (flags.json) terminal.out.write(`${JSON.stringify({ manifests, deployments, problems })}\n`)
  else {
    await printProblems(problems, terminal)
    const found =
      errors + problems.length === 0
        ? "no problem"
        : `${counted(errors, "error")}, ${counted(problems.length - errors, "warning")}`
    terminal.out.write(`${counted(manifests.length, "manifest")}, ${counted(deployments, "deployment")}: ${found}.\n`)
  }
  return errors > 0 ? exitCodes.error : exitCodes.ok
}

async function settingsFor(flags: ValidateFlags, terminal: Terminal): Promise<LintSettings> {
  const given = flags.env.map((pair) => {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(pair) ?? []
    if (name === undefined || value === undefined)
      throw new CommandError(`--env wants NAME=VALUE, not "${pair}"`, exitCodes.usage)
    return [name, value] as const
  })
  if (flags.source === undefined) return { source: standardSource, env: new Map(given) }
  const config = await loadConfig(await configPath(flags.config, terminal), terminal.environment)
  const source = config.sources.find(({ name }) => name === flags.source)
  if (!source) throw new CommandError(`the config has no source "${flags.source}"`, exitCodes.usage)
  const env = await readEnv(new Secrets(terminal.environment), source)
  return { source, env: new Map([...env, ...given]) }
}

/** With file names as a person at this terminal would open them, and without what can't be known here. */
function placed({ root, manifests, problems, deployments }: Linted, { folder }: Terminal): Omit<Linted, "root"> {
  const place = (file: string): string => relative(folder, join(root, file))
  return {
    deployments,
    manifests: manifests.map((file) => place(file)),
    problems: problems.map((problem) => ({
      ...problem,
      ...(problem.file !== undefined && { file: place(problem.file) }),
      ...(unknownOffline.has(problem.code) && { severity: "warning" as const }),
    })),
  }
}

async function printProblems(problems: readonly Problem[], { out, environment, folder }: Terminal): Promise<void> {
  const paint = paintFor(out, environment)
  const texts = new Map<string, string>()
  for (const [i, problem] of problems.entries()) {
    out.write(`${problemLine(problem, paint)}\n`)
    if (i >= framesMax || problem.file === undefined || problem.line === undefined) continue
    const text = texts.get(problem.file) ?? (await textOf(resolve(folder, problem.file)))
    texts.set(problem.file, text)
    for (const line of codeFrame(text, problem.line, problem.column)) out.write(`${paint("dim", `  ${line}`)}\n`)
    out.write("\n")
  }
}

async function textOf(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "")
  return text.length > frameFileBytesMax ? "" : text
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
