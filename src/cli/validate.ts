import { readFile } from "node:fs/promises"
import { join, relative, resolve } from "node:path"
import { Option, type Command } from "commander"
import type { Problem } from "../core/model.ts"
import type { Source } from "../core/source.ts"
import { readEnv } from "../reconcile/observe.ts"
import type { Rule } from "../render/manifest/rules.ts"
import { annotations } from "./annotations.ts"
import { codeFrame } from "./code-frame.ts"
import { configPath } from "./config-path.ts"
import type { CliContext } from "./context.ts"
import { CommandError, exitCodes } from "./exit.ts"
import { lintPaths, standardSource, type Linted, type LintSettings } from "./lint.ts"
import { counted, problemLine, sortProblems } from "./problem-text.ts"
import { sarifText } from "./sarif.ts"
import { paintFor, progressOn, type Terminal } from "./terminal.ts"

interface ValidateFlags {
  readonly config?: string
  readonly source?: string
  readonly env: readonly string[]
  readonly format?: Format
  readonly json?: true
}

const formats = ["text", "json", "sarif", "github"] as const
type Format = (typeof formats)[number]
interface Found {
  readonly manifests: readonly string[]
  readonly deployments: number
  readonly problems: readonly Problem[]
}

const framesMax = 100
const frameFileBytesMax = 1024 * 1024

/**
 * What only the config or the workspace knows: without them it is worth a word, but no mistake of the manifest.
 */
export const unknownOffline: ReadonlySet<string> = new Set([
  "env-missing",
  "variable-missing",
  "step-output-missing",
] satisfies Rule[])

const examples = `
Examples:
  lockstep validate .                             every prefect.yaml of this checkout
  lockstep validate etl/prefect.yaml --env STAGE=prod
  lockstep validate . --source analytics          with the settings of that source (env, stepOutputs, overrides …)

  lockstep validate . --format github             annotations on the pull request, in a GitHub workflow
  lockstep validate . --format sarif > lockstep.sarif    for code scanning

Reads files only: no network, no Prefect, and no code of the repository is run.
Exit code 0 without errors (warnings don't count), 1 with errors or with nothing to check, 64 for a wrong command line.`

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
    .addOption(new Option("-f, --format <format>", "how problems are shown; default: text").choices(formats))
    .option("--json", "the same as --format json")
    .addHelpText("after", examples)
    .action(async (paths: string[], flags: ValidateFlags) => context.exit(await validate(paths, flags, context)))
}

async function validate(paths: readonly string[], flags: ValidateFlags, context: CliContext): Promise<number> {
  const { terminal, signal } = context
  const format = formatOf(flags)
  const settings = await settingsFor(flags, terminal)
  const progress = progressOn(terminal)
  progress.say("reading manifests")
  const absolute = paths.map((path) => resolve(terminal.folder, path))
  const render = context.openRender()
  const [linted] = await Promise.all([lintPaths(absolute, render, settings, signal), render]).finally(() =>
    progress.done(),
  )
  const shown = linted.map((one) => placed(one, terminal))
  const manifests = shown.flatMap((one) => one.manifests)
  if (manifests.length === 0) throw new CommandError(`no prefect.yaml at or below ${paths.join(", ")}`)
  const problems = sortProblems(onceEach(shown.flatMap((one) => one.problems)))
  const deployments = shown.reduce((sum, one) => sum + one.deployments, 0)
  await print({ manifests, deployments, problems }, format, context)
  return countErrors(problems) > 0 ? exitCodes.error : exitCodes.ok
}

/** What is wrong in a flow is wrong for each deployment of it, and worth a word once; then it is nobody's in particular. */
function onceEach(problems: readonly Problem[]): readonly Problem[] {
  const same = Map.groupBy(problems, ({ key: _key, ...rest }) => JSON.stringify(rest))
  return [...same.values()].flatMap(([first, ...more]) => {
    if (!first || more.every(({ key }) => key === first.key)) return first ?? []
    const { key: _key, ...rest } = first
    return rest
  })
}

function formatOf({ format, json }: ValidateFlags): Format {
  if (json && format !== undefined && format !== "json")
    throw new CommandError(`give --json or --format ${format}, not both`, exitCodes.usage)
  return json ? "json" : (format ?? "text")
}

async function print(found: Found, format: Format, { terminal, version }: CliContext): Promise<void> {
  switch (format) {
    case "json":
      return void terminal.out.write(`${JSON.stringify(found)}\n`)
    case "sarif":
      return void terminal.out.write(sarifText(found.problems, version))
    case "github":
      terminal.obeyed.write(annotations(found.problems))
      return void terminal.out.write(summary(found))
    case "text":
      await printProblems(found.problems, terminal)
      terminal.out.write(summary(found))
  }
}

function summary({ manifests, deployments, problems }: Found): string {
  const errors = countErrors(problems)
  const found =
    problems.length === 0
      ? "no problem"
      : `${counted(errors, "error")}, ${counted(problems.length - errors, "warning")}`
  return `${counted(manifests.length, "manifest")}, ${counted(deployments, "deployment")}: ${found}.\n`
}

function countErrors(problems: readonly Problem[]): number {
  return problems.filter(({ severity }) => severity === "error").length
}

async function settingsFor(flags: ValidateFlags, terminal: Terminal): Promise<LintSettings> {
  const given = flags.env.map((pair) => {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(pair) ?? []
    if (name === undefined || value === undefined)
      throw new CommandError(`--env wants NAME=VALUE, not "${pair}"`, exitCodes.usage)
    return [name, value] as const
  })
  if (flags.source === undefined) return withEnv(standardSource, given)
  const [{ loadConfig }, { Secrets }] = await Promise.all([import("../config/load.ts"), import("../config/secrets.ts")])
  const config = await loadConfig(await configPath(flags.config, terminal), terminal.environment)
  const source = config.sources.find(({ name }) => name === flags.source)
  if (!source) throw new CommandError(`the config has no source "${flags.source}"`, exitCodes.usage)
  const env = await readEnv(new Secrets(terminal.environment), source)
  const { source: known } = withEnv(source, given)
  return { source: known, env: new Map([...env, ...given]) }
}

/** What is given on the command line is plain text, which flows that ask for it may publish too. */
function withEnv(source: Source, given: readonly (readonly [string, string])[]): LintSettings {
  const env = { ...source.rendering.env, ...Object.fromEntries(given) }
  return { source: { ...source, rendering: { ...source.rendering, env } }, env: new Map(given) }
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

/** Empty when there is nothing fit to be shown. */
async function textOf(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "")
  return text.length > frameFileBytesMax || text.includes("\ufffd") ? "" : text
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
