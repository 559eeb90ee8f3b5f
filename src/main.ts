import { runProgram } from "./cli/program.ts"
import { harmless } from "./cli/terminal.ts"
import { systemClock } from "./lib/clock.ts"
import { notifySystemd, watchdog } from "./systemd.ts"
import { commit, version } from "./version.ts"

/**
 * The edge of the process: arguments, signals, streams and the exit code. Nobody else touches `process`. What only some
 * commands need is loaded by them: a linter that runs at each commit has no time to load a server.
 */
const stop = new AbortController()
const environment = process.env

/** The first signal asks, the second insists. */
function onSignal(): void {
  if (stop.signal.aborted) process.exit(130)
  stop.abort(new Error("interrupted"))
}
// A reader that went away (`| head`, a restarted log collector) must not end a daemon, nor print a stack.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
process.on("SIGTERM", onSignal)
process.on("SIGINT", onSignal)

async function run(configPath: string): Promise<number> {
  const [{ openDaemon }, { logFormat }] = await Promise.all([import("./daemon.ts"), import("./observe/log.ts")])
  await using daemon = await openDaemon({
    configPath,
    environment,
    clock: systemClock,
    log: {
      level: environment["LOCKSTEP_LOG_LEVEL"] ?? "info",
      format: logFormat(process.stdout.isTTY, environment),
      out: harmless(terminalOf(process.stdout)),
    },
  })
  process.on("SIGHUP", () => void daemon.reload())
  notifySystemd(environment, "READY=1")
  void watchdog(environment, systemClock, () => daemon.alive(), stop.signal)
  await new Promise<void>((stopped) => {
    if (stop.signal.aborted) stopped()
    else stop.signal.addEventListener("abort", () => stopped(), { once: true })
  })
  notifySystemd(environment, "STOPPING=1")
  return 0
}

const terminalOf = (stream: NodeJS.WriteStream) => ({
  write: (text: string) => stream.write(text),
  isTTY: stream.isTTY,
})

process.exitCode = await runProgram(process.argv.slice(2), {
  terminal: { out: terminalOf(process.stdout), err: terminalOf(process.stderr), environment, folder: process.cwd() },
  clock: systemClock,
  signal: stop.signal,
  version: commit ? `${version} (${commit})` : version,
  run,
  openPlan: async () => (await import("./cli/open-plan.ts")).openPlanParts(environment, systemClock),
  openRender: async () => (await import("./open-render.ts")).openRender(),
})
