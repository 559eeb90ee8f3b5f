import { randomUUID } from "node:crypto"
import type { Config } from "./config/config.ts"
import { loadConfig } from "./config/load.ts"
import { describeProblem } from "./config/problem.ts"
import type { Environment } from "./config/values.ts"
import { Secrets } from "./config/secrets.ts"
import { watchConfig, type Reload } from "./config/watch.ts"
import { SecretsWatch } from "./config/watch-secrets.ts"
import { credentialFiles, curedBy } from "./credentials.ts"
import type { Clock } from "./lib/clock.ts"
import { StatusBoard } from "./observe/board.ts"
import { Events, type LockstepEvent } from "./observe/events.ts"
import { HistoryFile } from "./observe/history-file.ts"
import { History } from "./observe/history.ts"
import { openLog, type LogFormat } from "./observe/log.ts"
import { Metrics } from "./observe/metrics.ts"
import { narrate } from "./observe/narrate.ts"
import { pushesTo, receiverOf, sourcesOf } from "./hooks.ts"
import { openOperations } from "./operations.ts"
import { openGit, openImages, type Around } from "./parts.ts"
import { Awaiting } from "./reconcile/awaiting.ts"
import { Bulkheads } from "./reconcile/bulkheads.ts"
import { Loop } from "./reconcile/loop.ts"
import { Releases } from "./releases.ts"
import { Roster } from "./roster.ts"
import type { Daemon as ServedDaemon } from "./server/ports.ts"
import { openServer, type Server } from "./server/server.ts"
import { openStateFolder } from "./state-folder.ts"
import { openThread } from "./thread/port.ts"
import { version } from "./version.ts"
import { Workspaces } from "./workspaces.ts"

/** A running Lockstep. Disposing it drains the running turns; health and metrics answer until the end. */
export interface Daemon extends AsyncDisposable {
  /** Where the HTTP server listens, for example `http://127.0.0.1:8484`. */
  readonly address: string
  /** Looks at the config file now (SIGHUP); resolves when what it says is in force, or was refused. */
  reload(): Promise<void>
  /** Whether the loop turns. */
  alive(): boolean
}

export interface DaemonOptions {
  readonly configPath: string
  readonly environment: Environment
  readonly clock: Clock
  readonly log: { readonly level: string; readonly format: LogFormat; readonly out: { write(text: string): unknown } }
}

const drainMs = 20_000
/** First polls of many sources are spread over this, so that a start is no burst. */
const startSpreadMs = 2_000
/** A turn goes on without a slow registry; what that says is known the next time. */
const imagePatienceMs = 3_000

/**
 * Opens everything in order; disposing closes it in reverse.
 * @throws ConfigError when the config, its `stateDir` or its `server.listen` can't be used. An unreachable Git or Prefect is no reason not to start.
 */
export async function openDaemon(options: DaemonOptions): Promise<Daemon> {
  const { clock, environment, configPath } = options
  const config = await loadConfig(configPath, environment)
  await openStateFolder(config.stateDir)
  await using opening = new AsyncDisposableStack()
  const secrets = new Secrets(environment)
  const log = openLog({ ...options.log, clock, mask: (text) => secrets.mask(text) })
  const events = new Events((error) => log.error({ err: error }, "an observer failed"))
  const [board, metrics] = [new StatusBoard(clock), new Metrics({ version, nodeVersion: process.version })]
  const history = await openHistory(opening, config.stateDir, { secrets, log })
  for (const listener of [board.take, metrics.take, history.take, narrate(log)]) events.subscribe(listener)
  events.emit({ kind: "config-loaded", result: "ok", problems: [] })

  let stopping = false
  const around: Around = { secrets, clock, events }
  const git = opening.use(openGit(config.stateDir, around))
  const images = opening.use(openImages(imagePatienceMs, around))
  const bulkheads = new Bulkheads(clock)
  const parts = { git: bulkheads.git(git), images, render: opening.use(openThread(() => clock.elapsed())), bulkheads }
  const context = { ...around, ...parts, installation: config.installation, version, instance: randomUUID() }
  const clients = opening.use(new Workspaces(around))
  // Closed before the clients and Git that its turns work with, and before the server that tells about them.
  await using looping = new AsyncDisposableStack()
  const releases = looping.use(new Releases(context, (message) => log.warn(message)))
  const loop = looping.use(new Loop(context, { drainMs }))
  const awaiting = looping.use(new Awaiting(clock, (source) => loop.trigger(source, "webhook")))
  events.subscribe(awaiting.take)
  const roster = new Roster(config, { loop, clients, git, releases, warn: (message) => log.warn(message) })
  // Known before the first request can ask: until then there would be no source that isn't ready.
  await roster.start(startSpreadMs)
  const daemon = served({ context, loop, awaiting, board, history, roster, metrics, stopping: () => stopping })
  const server = await openServer({
    daemon,
    settings: config.server,
    secrets,
    clock,
    onError: (error) => log.error({ err: error }, "a request failed"),
  })
  opening.use(server)
  opening.use(looping.move())
  const renewals = opening.use(watchCredentials({ loop, board, roster, clock, log }))
  loop.start()
  const watch = opening.use(
    await watchConfig({
      path: configPath,
      config,
      environment,
      clock,
      onReload: (reload) => {
        events.emit(loadedEvent(configPath, reload))
        void takeConfig(reload, { roster, renewals, server, log })
      },
      onError: (error) => log.warn({ err: error }, "the config file can't be watched"),
    }),
  )
  events.emit({ kind: "listening", address: server.address })
  const opened = opening.move()
  return {
    get address() {
      return server.address
    },
    reload: async () => {
      await watch.reload()
      await roster.taken()
    },
    alive: () => loop.alive(),
    async [Symbol.asyncDispose]() {
      stopping = true
      events.emit({ kind: "stopping", reason: "asked to stop" })
      await opened.disposeAsync()
    },
  }
}

interface Parts {
  readonly context: Parameters<typeof openOperations>[0]["context"]
  readonly loop: Loop
  readonly awaiting: Awaiting
  readonly board: StatusBoard
  readonly history: History
  readonly roster: Roster
  readonly metrics: Metrics
  readonly stopping: () => boolean
}

/** What the server tells of the daemon, and what it may ask of it. */
function served({ context, loop, awaiting, board, history, roster, metrics, stopping }: Parts): ServedDaemon {
  const { clock, events } = context
  return {
    board,
    operations: openOperations({ context, loop, board, clock }),
    history: (source) => history.of(source),
    acted: (act) => events.emit({ kind: "acted", act }),
    trigger: (sources, trigger) => Math.max(0, ...sources.map((name) => loop.trigger(name, trigger))),
    receiver: (name) => receiverOf(roster.config, name),
    hooked: (name, repositories) => sourcesOf(roster.config, name, repositories),
    pushed: (sources, pushes) => {
      for (const name of sources)
        for (const push of pushesTo(roster.config, name, pushes))
          awaiting.expect(name, push, board.view(name)?.status.revision.observed ?? null)
    },
    alive: () => loop.alive(),
    stopping,
    metrics: exposition(board, metrics),
  }
}

/** Closed with the daemon: what is kept is on disk by then. */
async function openHistory(
  opening: AsyncDisposableStack,
  stateDir: string,
  { secrets, log }: { readonly secrets: Secrets; readonly log: ReturnType<typeof openLog> },
): Promise<History> {
  const file = opening.use(
    new HistoryFile(stateDir, {
      mask: (text) => secrets.mask(text),
      onError: (error) => log.warn({ err: error }, "the history can't be written"),
    }),
  )
  return new History(await file.read(), (kept) => file.keep(kept))
}

/** Never fails: what can't be taken is told, and all stays as it was. */
async function takeConfig(
  reload: Reload,
  {
    roster,
    renewals,
    server,
    log,
  }: {
    readonly roster: Roster
    readonly renewals: SecretsWatch
    readonly server: Server
    readonly log: ReturnType<typeof openLog>
  },
): Promise<void> {
  const serve = (settings: Config["server"]) =>
    server.use(settings).catch((error: unknown) => log.error({ err: error }, "the server's settings stay as they were"))
  await roster.take(reload, serve).catch((error: unknown) => log.error({ err: error }, "the new config wasn't taken"))
  await renewals.use(credentialFiles(roster.config))
}

/** A renewed credential is tried at once by the sources that it may cure, however long they were to rest. */
function watchCredentials({
  loop,
  board,
  roster,
  clock,
  log,
}: Pick<Parts, "loop" | "board" | "roster"> & {
  readonly clock: Clock
  readonly log: ReturnType<typeof openLog>
}): SecretsWatch {
  const renewals = new SecretsWatch({
    clock,
    onChange: (paths) => {
      const cured = curedBy(roster.config, paths, (name) => board.view(name)?.status ?? null)
      for (const name of cured) loop.trigger(name, "config")
    },
    onError: (error) => log.warn({ err: error }, "the files with secrets can't be watched"),
  })
  // Not waited for: a folder that hangs must not hold up the start.
  void renewals.use(credentialFiles(roster.config))
  return renewals
}

function exposition(board: StatusBoard, metrics: Metrics): ServedDaemon["metrics"] {
  return (openMetrics) => {
    metrics.watch(board.snapshot(), board.waitsMs())
    return metrics.text(openMetrics)
  }
}

function loadedEvent(path: string, reload: Reload): LockstepEvent {
  const problems = reload.kind === "invalid" ? reload.problems.map((problem) => describeProblem(path, problem)) : []
  return { kind: "config-loaded", result: reload.kind === "changed" ? "ok" : reload.kind, problems }
}
