import { writeFile } from "node:fs/promises"
import { join, relative, resolve } from "node:path"
import { Option, type Command } from "commander"
import { nearest } from "../core/nearest.ts"
import type { Workspace } from "../core/source.ts"
import { repositoryRoot } from "../git/worktree.ts"
import { jsonText } from "../server/present.ts"
import { configPath, findConfig } from "./config-path.ts"
import type { CliContext } from "./context.ts"
import { CommandError, exitCodes } from "./exit.ts"
import type { Imported, ImportRequest } from "./import-manifest.ts"
import { importedJson, importedText } from "./import-text.ts"
import { paintFor, progressOn, type Terminal } from "./terminal.ts"

interface ImportFlags {
  readonly config?: string
  readonly workspace?: string
  readonly apiUrl?: string
  readonly workingTree?: string
  readonly select: readonly string[]
  readonly output?: string
  readonly showValues?: true
  readonly json?: true
}

const description = `Writes a prefect.yaml of the deployments that run already, however they were made, so that Lockstep can
adopt them without changing any. Only reads. Those whose flow is in the checkout that you are in go into it;
what no manifest can say is left out, and told.`

const examples = `
Examples:
  lockstep import > prefect.yaml                       in the checkout with the flows
  lockstep import --output etl/prefect.yaml --select "etl-*/*"
  lockstep import --api-url http://127.0.0.1:4200/api --output prefect.yaml

The workspace is the one of the config. With --api-url, or with $PREFECT_API_URL where there is no config, it is
that server, with $PREFECT_API_KEY or $PREFECT_API_AUTH_STRING. The manifest is read back and planned before it is
shown: adopting what is in it writes ownership tags and nothing else, unless a warning says so. Entrypoints are
relative to the manifest's folder, or to one above. Values that look like secrets, by their names or their forms,
become {{ $NAME }} placeholders, to be given under \`env\` of the source; where none can stand, the field is left out.
--show-values writes them as they are. No program knows every secret: read the file before you commit it.

Exit code 0: there is a manifest, or nothing to import; 1: it failed, or no deployment could go into it.`

/** `lockstep import`: what runs already, as a manifest. */
export function addImport(program: Command, context: CliContext): void {
  program
    .command("import")
    .summary("write a prefect.yaml of what runs already")
    .description(description)
    .option("-c, --config <file>", "config file")
    .option("-w, --workspace <name>", "the workspace, where the config has several")
    .option("--api-url <url>", "Prefect's API, instead of a workspace of the config")
    .option("--working-tree <folder>", "the checkout with the flows (default: the one that you are in)")
    .addOption(
      new Option("--select <pattern>", "only these, as flow/deployment; may be repeated")
        .argParser(collect)
        .default([], "all"),
    )
    .option("-o, --output <file>", "write to this file, which must not be there yet (default: stdout)")
    .option("--show-values", "write values that look like secrets, too")
    .option("--json", "the manifest and what there is to say about it, as JSON")
    .addHelpText("after", examples)
    .action(async (flags: ImportFlags) => context.exit(await importLive(flags, context)))
}

async function importLive(flags: ImportFlags, context: CliContext): Promise<number> {
  const { terminal, signal } = context
  checkPatterns(flags.select)
  const workspace = await chooseWorkspace(flags, context)
  const { root, path } = await placeOf(flags, terminal.folder)
  const { importManifest } = await import("./import-manifest.ts")
  await using parts = await context.openPlan()
  const progress = progressOn(terminal)
  const request: ImportRequest = {
    workspace,
    root,
    path,
    select: flags.select,
    showValues: flags.showValues ?? false,
    onProgress: (text) => progress.say(text),
  }
  const imported = await importManifest(parts, request, signal).finally(() => progress.done())
  const mask = (text: string): string => parts.secrets.mask(text)
  if (flags.output !== undefined && imported.text !== "") await writeNew(flags.output, imported.text, terminal.folder)
  show(imported, { flags, root, mask }, context)
  return imported.text === "" && imported.leftOut.some(({ code }) => !settled.has(code))
    ? exitCodes.error
    : exitCodes.ok
}

/** Nothing is wrong with being managed already. */
const settled: ReadonlySet<string> = new Set(["already-owned", "already-declared"])

interface Shown {
  readonly flags: ImportFlags
  readonly root: string
  readonly mask: (text: string) => string
}

function show(imported: Imported, { flags, root, mask }: Shown, { terminal }: CliContext): void {
  const { out, err, environment } = terminal
  const options = { output: flags.output ?? null, root, paint: paintFor(err, environment) }
  if (flags.json) return void out.write(`${jsonText(importedJson(imported), mask)}\n`)
  if (flags.output === undefined) out.write(imported.text)
  err.write(mask(importedText(imported, options)))
}

function checkPatterns(select: readonly string[]): void {
  const strange = select.find((pattern) => !/^[^/]+\/[^/]+$/.test(pattern))
  if (strange !== undefined)
    throw new CommandError(`--select wants flow/deployment, such as "etl-*/prod-*", not "${strange}"`, exitCodes.usage)
}

async function chooseWorkspace(flags: ImportFlags, { terminal }: CliContext): Promise<Workspace> {
  const { environment } = terminal
  if (flags.apiUrl !== undefined && (flags.config !== undefined || flags.workspace !== undefined))
    throw new CommandError("give --api-url, or a workspace of the config, not both", exitCodes.usage)
  const url =
    flags.apiUrl ?? ((await findConfig(flags.config, terminal)) === null ? environment["PREFECT_API_URL"] : "")
  if (url) return serverAt(url, environment)
  const { loadConfig } = await import("../config/load.ts")
  return named((await loadConfig(await configPath(flags.config, terminal), environment)).workspaces, flags.workspace)
}

async function serverAt(url: string, environment: Terminal["environment"]): Promise<Workspace> {
  const [{ workspaceAt }, { apiUrlProblem }] = await Promise.all([
    import("../config/resolve.ts"),
    import("../config/values.ts"),
  ])
  const problem = apiUrlProblem(url)
  if (problem !== null) throw new CommandError(`Prefect's API URL ${problem}`, exitCodes.usage)
  return workspaceAt(url, environment)
}

function named(workspaces: readonly Workspace[], name: string | undefined): Workspace {
  const names = workspaces.map((workspace) => workspace.name)
  const [only, ...others] = name === undefined ? workspaces : workspaces.filter((workspace) => workspace.name === name)
  if (only && others.length === 0) return only
  if (name === undefined)
    throw new CommandError(`the config has several workspaces: give --workspace ${names.join(" or ")}`, exitCodes.usage)
  const near = nearest(name, names)
  const hint = near === null ? "" : ` (did you mean ${near}?)`
  throw new CommandError(`the config has no workspace "${name}"${hint}`, exitCodes.usage)
}

/** The checkout, and the manifest's place in it. */
async function placeOf(flags: ImportFlags, folder: string): Promise<{ readonly root: string; readonly path: string }> {
  const start = resolve(folder, flags.workingTree ?? ".")
  const root = await repositoryRoot(start)
  const path = flags.output === undefined ? null : relative(root, resolve(folder, flags.output))
  const isInside = path !== null && !path.startsWith("..")
  return { root, path: isInside ? path : relative(root, join(start, "prefect.yaml")) }
}

async function writeNew(file: string, text: string, folder: string): Promise<void> {
  await writeFile(resolve(folder, file), text, { flag: "wx" }).catch((error: NodeJS.ErrnoException): never => {
    if (error.code === "EEXIST")
      throw new CommandError(`${file} is there already, and is never overwritten: name another file`, exitCodes.usage)
    throw new CommandError(`${file} can't be written: ${error.message}`)
  })
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
