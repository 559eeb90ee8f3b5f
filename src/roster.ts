import { diffConfig, type Config, type ServerSettings } from "./config/config.ts"
import type { Reload } from "./config/watch.ts"
import type { GitRemotes } from "./git/remotes.ts"
import type { Loop } from "./reconcile/loop.ts"
import type { Releases } from "./releases.ts"
import type { Workspaces } from "./workspaces.ts"

const tidyMs = 30_000

/** Keeps the loop as the config says. */
export class Roster {
  config: Config
  readonly #loop: Loop
  readonly #clients: Workspaces
  readonly #git: GitRemotes
  readonly #releases: Releases
  readonly #warn: (message: string) => void
  /** Configs are taken one after the other: each is compared with the one before it. */
  #taking: Promise<void> = Promise.resolve()

  constructor(
    config: Config,
    parts: {
      readonly loop: Loop
      readonly clients: Workspaces
      readonly git: GitRemotes
      readonly releases: Releases
      readonly warn: (message: string) => void
    },
  ) {
    this.config = config
    this.#loop = parts.loop
    this.#clients = parts.clients
    this.#git = parts.git
    this.#releases = parts.releases
    this.#warn = parts.warn
  }

  async start(spreadMs: number): Promise<void> {
    for (const { name } of this.config.workspaces) await this.#setWorkspace(name)
    for (const source of this.config.sources) this.#loop.setSource(source, "start", spreadMs)
    await this.#tidy()
  }

  /** Only what changed is made anew; the rest goes on undisturbed, and an invalid config changes nothing. */
  take(reload: Reload, serve: (settings: ServerSettings) => Promise<void>): Promise<void> {
    if (reload.kind !== "changed") return Promise.resolve()
    const taken = this.#takeAfter(this.#taking, reload.config, serve)
    this.#taking = taken.catch(() => undefined)
    return taken
  }

  /** Resolves when every config that came so far is in force, or was refused. */
  taken(): Promise<void> {
    return this.#taking
  }

  async #takeAfter(earlier: Promise<void>, next: Config, serve: (settings: ServerSettings) => Promise<void>) {
    await earlier
    await serve(next.server)
    await this.#take(next)
  }

  async #take(next: Config): Promise<void> {
    const change = diffConfig(this.config, next)
    if (change.installationChanged || change.stateDirChanged) {
      this.#warn("installation and stateDir take effect at the next start; the rest is in force now")
    }
    this.config = next
    const moved = change.changed.filter(({ before, after }) => before.workspace !== after.workspace)
    const gone = [...change.removed, ...moved.map(({ before }) => before)]
    await this.#releases.take(gone.flatMap(({ name }) => this.#loop.removeSource(name) ?? []))
    for (const name of change.changedWorkspaces) await this.#setWorkspace(name)
    const anew = new Set([...change.added, ...change.changed.map(({ after }) => after)].map(({ name }) => name))
    for (const source of next.sources) {
      if (anew.has(source.name) || change.changedWorkspaces.includes(source.workspace)) {
        await this.#releases.forget(source.name)
        this.#loop.setSource(source, "config", 0)
      }
    }
    await this.#tidy()
  }

  /** Repositories that no source names any more leave memory and disk. */
  async #tidy(): Promise<void> {
    await this.#git.retain(
      this.config.sources.map(({ remote }) => remote),
      AbortSignal.timeout(tidyMs),
    )
  }

  async #setWorkspace(name: Config["workspaces"][number]["name"]): Promise<void> {
    await this.#loop.removeWorkspace(name)
    const workspace = this.config.workspaces.find((entry) => entry.name === name)
    if (workspace) this.#loop.setWorkspace(name, await this.#clients.open(workspace), workspace)
    else await this.#clients.close(name)
  }
}
