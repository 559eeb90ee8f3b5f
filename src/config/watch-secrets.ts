import { createHash } from "node:crypto"
import { open } from "node:fs/promises"
import { basename, dirname, resolve } from "node:path"
import { watch } from "chokidar"
import type { Clock } from "../lib/clock.ts"

export interface SecretsWatchOptions {
  readonly clock: Clock
  /** These files say something else now, or are there again. */
  readonly onChange: (paths: readonly string[]) => void
  readonly onError: (error: unknown) => void
}

/** Editors and volume updates make several events of one save. */
const quietMs = 150
/** For file systems that tell of no change. */
const recheckMs = 60_000
const filesMax = 1_000
const bytesMax = 64 * 1024

/**
 * Tells when a file with a secret changes. Folders are watched, as for the config: a rename and a Kubernetes volume, whose
 * `..data` is swapped, replace what a watch on the file itself would hold on to.
 */
export class SecretsWatch implements AsyncDisposable {
  readonly #options: SecretsWatchOptions
  readonly #closing = new AbortController()
  #watcher: ReturnType<typeof watch> | null = null
  #quiet = new AbortController()
  #folders: readonly string[] = []
  /** Files with a digest of what they said when they were last looked at; null = nothing that could be read. */
  #seen = new Map<string, string | null>()
  /** Looks and new lists happen one after the other. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: SecretsWatchOptions) {
    this.#options = options
    void this.#recheck()
  }

  /** Watches these files and no others from now on; beyond a thousand the sources' own retries have to do. */
  use(paths: readonly string[]): Promise<void> {
    return this.#next(async () => {
      const files = [...new Set(paths)].slice(0, filesMax)
      const folders = [...new Set(files.map((path) => dirname(resolve(path))))].toSorted()
      if (folders.join("\n") !== this.#folders.join("\n")) await this.#watch(folders)
      const known = this.#seen
      const seen = files.map(async (path) => {
        const before = known.get(path)
        return [path, before === undefined ? await digestOf(path) : before] as const
      })
      this.#seen = new Map(await Promise.all(seen))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#quiet.abort()
    await this.#last
    await this.#watcher?.close()
  }

  async #watch(folders: readonly string[]): Promise<void> {
    await this.#watcher?.close()
    this.#folders = folders
    this.#watcher = null
    if (folders.length === 0) return
    const watcher = watch([...folders], { depth: 0, ignoreInitial: true, followSymlinks: false })
    this.#watcher = watcher
    watcher.on("error", this.#options.onError)
    watcher.on("all", (_event, changed) => {
      const name = basename(changed)
      if (name === "..data" || [...this.#seen.keys()].some((path) => basename(path) === name)) this.#lookWhenQuiet()
    })
    await new Promise<void>((ready) => watcher.once("ready", ready))
  }

  #lookWhenQuiet(): void {
    this.#quiet.abort()
    this.#quiet = new AbortController()
    this.#options.clock.sleep(quietMs, this.#quiet.signal).then(
      () => this.#look(),
      () => undefined,
    )
  }

  async #recheck(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      const waited = await this.#options.clock.sleep(recheckMs, signal).then(
        () => true,
        () => false,
      )
      if (waited) await this.#look()
    }
  }

  #look(): Promise<void> {
    return this.#next(async () => {
      const changed: string[] = []
      for (const [path, before] of this.#seen) {
        const now = await digestOf(path)
        if (now !== before) this.#seen.set(path, now)
        if (now !== before && now !== null) changed.push(path)
      }
      if (changed.length > 0) this.#options.onChange(changed)
    })
  }

  #next(work: () => Promise<void>): Promise<void> {
    const after = this.#last
    const step = async (): Promise<void> => {
      await after
      if (!this.#closing.signal.aborted) await work().catch(this.#options.onError)
    }
    this.#last = step()
    return this.#last
  }
}

async function digestOf(path: string): Promise<string | null> {
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytesMax), 0, bytesMax, 0)
    return bytesRead === 0 ? null : createHash("sha256").update(buffer.subarray(0, bytesRead)).digest("base64")
  } catch {
    return null
  }
}
