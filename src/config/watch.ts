import { basename, dirname, resolve } from "node:path"
import { isDeepStrictEqual } from "node:util"
import type { Clock } from "../lib/clock.ts"
import type { Config } from "./config.ts"
import { FolderWatch } from "./folder-watch.ts"
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

export async function watchConfig(options: WatchOptions): Promise<ConfigWatch> {
  const file = new WatchedFile(options)
  await file.start()
  return file
}

class WatchedFile implements ConfigWatch {
  readonly #options: WatchOptions
  readonly #folder: FolderWatch
  #config: Config
  /** The `print` of the last look; null = not looked yet. */
  #seen: string | null = null

  constructor(options: WatchOptions) {
    this.#options = options
    this.#config = options.config
    const { path, clock, onError } = options
    const own = basename(resolve(path))
    this.#folder = new FolderWatch({ clock, onError, concerns: (name) => name === own, look: () => this.#look(false) })
  }

  async start(): Promise<void> {
    await this.#folder.watch([dirname(resolve(this.#options.path))])
    // Whatever was saved between the load and now.
    await this.#folder.next(() => this.#look(false))
  }

  reload(): Promise<void> {
    return this.#folder.next(() => this.#look(true))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#folder[Symbol.asyncDispose]()
  }

  async #look(always: boolean): Promise<void> {
    const reload = await this.#compare(always)
    if (reload) this.#options.onReload(reload)
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
