import { basename, dirname, resolve } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { watch } from "chokidar"
import type { Clock } from "../lib/clock.ts"
import type { Config } from "./config.ts"
import { parseConfig, readConfigText } from "./load.ts"
import { InvalidConfigError, type ConfigProblem } from "./problem.ts"
import type { Environment } from "./values.ts"

/** What a look at the config file came to. An invalid file changes nothing: the config before it stays in force. */
export type Reload =
  | { readonly kind: "changed"; readonly config: Config }
  | { readonly kind: "unchanged" }
  | { readonly kind: "invalid"; readonly problems: readonly ConfigProblem[]; readonly message: string }

export interface WatchOptions {
  readonly path: string
  /** The config in force at the start. */
  readonly config: Config
  readonly environment: Environment
  readonly clock: Clock
  readonly onReload: (reload: Reload) => void
  /** Something failed that is not about the file's content; the watch goes on. */
  readonly onError: (error: unknown) => void
}

export interface ConfigWatch extends AsyncDisposable {
  /** Looks at the file now (SIGHUP) and always tells what came of it. */
  reload(): Promise<void>
}

/** Editors and volume updates make several events of one save. */
const quietMs = 150
/** For file systems that tell of no change (some network and overlay mounts). */
const recheckMs = 60_000

/**
 * Watches the folder, not the file: an atomic rename and a Kubernetes volume (where the file is a link to
 * `..data/NAME`, and `..data` a link that is swapped) both replace what a watch on the file itself would hold on to.
 */
export async function watchConfig(options: WatchOptions): Promise<ConfigWatch> {
  const file = new WatchedFile(options)
  await file.start()
  return file
}

class WatchedFile implements ConfigWatch {
  readonly #options: WatchOptions
  readonly #closing = new AbortController()
  #watcher: ReturnType<typeof watch> | null = null
  #config: Config
  /** The `print` of the last look; null = not looked yet. */
  #seen: string | null = null
  #quiet = new AbortController()
  /** Looks happen one after the other, whoever asks. */
  #looking: Promise<void> = Promise.resolve()

  constructor(options: WatchOptions) {
    this.#options = options
    this.#config = options.config
  }

  async start(): Promise<void> {
    const path = resolve(this.#options.path)
    const own = new Set([basename(path), "..data"])
    const watcher = watch(dirname(path), { depth: 0, ignoreInitial: true, followSymlinks: false })
    this.#watcher = watcher
    watcher.on("error", this.#options.onError)
    watcher.on("all", (_event, changed) => {
      if (own.has(basename(changed))) this.#lookWhenQuiet()
    })
    await new Promise<void>((ready) => watcher.once("ready", ready))
    // Whatever was saved between the load and now.
    await this.#look(false)
    void this.#recheck()
  }

  reload(): Promise<void> {
    return this.#look(true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#quiet.abort()
    await this.#watcher?.close()
    await this.#looking
  }

  #lookWhenQuiet(): void {
    this.#quiet.abort()
    this.#quiet = new AbortController()
    this.#options.clock.sleep(quietMs, this.#quiet.signal).then(
      () => this.#look(false),
      () => undefined,
    )
  }

  async #recheck(): Promise<void> {
    try {
      for (;;) {
        await this.#options.clock.sleep(recheckMs, this.#closing.signal)
        await this.#look(false)
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.onError(error)
    }
  }

  #look(always: boolean): Promise<void> {
    const before = this.#looking
    const look = async () => {
      await before
      if (this.#closing.signal.aborted) return
      try {
        const reload = await this.#compare(always)
        if (reload) this.#options.onReload(reload)
      } catch (error) {
        this.#options.onError(error)
      }
    }
    this.#looking = look()
    return this.#looking
  }

  async #compare(always: boolean): Promise<Reload | null> {
    const now = await readNow(this.#options)
    const before = this.#seen
    this.#seen = now.print
    if (now.print === before && !always) return null
    if (now.kind === "invalid") return now.reload
    if (!isDeepStrictEqual(now.config, this.#config)) {
      this.#config = now.config
      return { kind: "changed", config: now.config }
    }
    return before === null && !always ? null : { kind: "unchanged" }
  }
}

/** `print` tells whether two looks saw the same: the file's text, or why there was none. */
type Seen =
  | { readonly kind: "valid"; readonly print: string; readonly config: Config }
  | { readonly kind: "invalid"; readonly print: string; readonly reload: Reload }

async function readNow({ path, environment }: WatchOptions): Promise<Seen> {
  let text: string | null = null
  try {
    text = await readConfigText(path)
    return { kind: "valid", print: text, config: parseConfig(text, path, environment) }
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error
    const { problems, message } = error
    return { kind: "invalid", print: text ?? message, reload: { kind: "invalid", problems, message } }
  }
}
