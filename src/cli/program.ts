import { Command, CommanderError } from "commander"
import { LockstepError, toError } from "../lib/errors.ts"
import { configPath } from "./config-path.ts"
import type { CliContext } from "./context.ts"
import { CommandError, exitCodes, exitCodeTable } from "./exit.ts"
import { addImport } from "./import.ts"
import { addInit } from "./init.ts"
import { addConfirm, addPin, addRelease, addResume, addSuspend, addUnpin } from "./operate-commands.ts"
import { addOrphans } from "./orphans.ts"
import { addPlan } from "./plan.ts"
import { harmless, paintFor, plain, type Terminal } from "./terminal.ts"
import { addTrace } from "./trace.ts"
import { addValidate } from "./validate.ts"
import { addHistory, addStatus, addSync } from "./watch-commands.ts"

const footer = `
Config file: --config, else $LOCKSTEP_CONFIG, ./lockstep.yaml, /etc/lockstep/lockstep.yaml
Daemon:      --server, else $LOCKSTEP_SERVER, http://127.0.0.1:8484; its token: --token-file, else $LOCKSTEP_TOKEN
Colours go to terminals only; NO_COLOR turns them off.

${exitCodeTable()}`

const helpWidth = 110

const runExamples = `
Examples:
  lockstep run
  lockstep run --config /etc/lockstep/lockstep.yaml`

type World = Omit<CliContext, "exit" | "terminal"> & { readonly terminal: Omit<Terminal, "obeyed"> }

/** Runs one command line; resolves with the process's exit code, whatever happens. */
export async function runProgram(argv: readonly string[], given: World): Promise<number> {
  let code: number = exitCodes.ok
  const { out, err } = given.terminal
  const world = { ...given, terminal: { ...given.terminal, out: harmless(out), err: harmless(err), obeyed: out } }
  const program = buildProgram({ ...world, exit: (told) => (code = told) })
  try {
    await program.parseAsync(argv, { from: "user" })
    return code
  } catch (error) {
    if (world.signal.aborted) return exitCodes.interrupted
    return explain(error, world)
  }
}

/** All commands of `lockstep`. Errors are thrown, never printed: `runProgram` does that. */
function buildProgram(context: CliContext): Command {
  const { terminal, version } = context
  const { out, err, environment } = terminal
  const paint = paintFor(out, environment)
  const program = new Command("lockstep")
    .description("Keeps Prefect 3 workspaces in lockstep with Git.")
    .version(version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void err.write(plain(text)),
      getOutHasColors: () => out.isTTY,
      getErrHasColors: () => false,
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
    })
    .configureHelp({ styleTitle: (text) => paint("bold", text), showGlobalOptions: false })
    .addHelpText("after", footer)
  program.commandsGroup("Run and check:")
  addInit(program, context)
  addImport(program, context)
  addRun(program, context)
  addValidate(program, context)
  addPlan(program, context)
  program.commandsGroup("Watch a daemon:")
  for (const add of [addStatus, addSync, addHistory, addTrace, addOrphans]) add(program, context)
  program.commandsGroup("Decide about a source:")
  for (const add of [addSuspend, addResume, addPin, addUnpin, addConfirm, addRelease]) add(program, context)
  program.commandsGroup("Help:")
  return program
}

function addRun(program: Command, context: CliContext): void {
  program
    .command("run")
    .summary("run the daemon")
    .description("Runs the daemon until SIGTERM or SIGINT; then the running turn ends first.")
    .option("-c, --config <file>", "config file; read again whenever it changes")
    .addHelpText("after", runExamples)
    .action(async ({ config }: { readonly config?: string }) => {
      context.exit(await context.run(await configPath(config, context.terminal)))
    })
}

/** Tells a person why a command ended; the exit code for it. */
function explain(error: unknown, { terminal }: Pick<CliContext, "terminal">): number {
  // Commander has printed these itself: help, the version, or what is wrong with the command line.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  const paint = paintFor(terminal.err, terminal.environment)
  const known = error instanceof CommandError || error instanceof LockstepError
  const { message, stack } = toError(error)
  // What nobody foresaw is a mistake of ours: the place helps whoever reports it.
  const text = known ? message : `${message}\n${stack ?? ""}`
  terminal.err.write(`${paint("red", "error")}: ${plain(text)}\n`)
  return error instanceof CommandError ? error.code : exitCodes.error
}
