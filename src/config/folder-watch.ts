import { basename } from "node:path"
import { watch } from "chokidar"
import type { Clock } from "../lib/clock.ts"

export interface FolderWatchOptions {
  readonly clock: Clock
  /** Whether something of this name, in one of the folders, is a reason to look when it changes. */
  readonly concerns: (name: string) => boolean
  readonly look: () => Promise<void>
  /** Something failed; the watch goes on. */
  readonly onError: (error: unknown) => void
}

/** Editors and volume updates make several events of one save. */
const quietMs = 150
/** For file systems that tell of no change (some network and overlay mounts). */
const recheckMs = 60_000
/** The link that a Kubernetes volume swaps. */
const volumeLink = "..data"

/**
 * Looks when something in a folder changes, and once a minute. Folders are watched, not files: an atomic rename and a
 * Kubernetes volume (where a file is a link to `..data/NAME`, and `..data` a link that is swapped) both replace what a
 * watch on the file itself would hold on to.
 */
export class FolderWatch implements AsyncDisposable {
  readonly #options: FolderWatchOptions
  readonly #closing = new AbortController()
  #watcher: ReturnType<typeof watch> | null = null
  #quiet = new AbortController()
  /** Looks happen one after the other, whoever asks. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: FolderWatchOptions) {
    this.#options = options
    void this.#recheck()
  }

  /** Watches these folders and no others from now on. */
  async watch(folders: readonly string[]): Promise<void> {
    await this.#watcher?.close()
    this.#watcher = null
    if (folders.length === 0) return
    const { concerns, onError } = this.#options
    const watcher = watch([...folders], { depth: 0, ignoreInitial: true, followSymlinks: false })
    this.#watcher = watcher
    watcher.on("error", onError)
    watcher.on("all", (_event, changed) => {
      const name = basename(changed)
      if (name === volumeLink || concerns(name)) this.#lookWhenQuiet()
    })
    await new Promise<void>((ready) => watcher.once("ready", ready))
  }

  /** Does something when all looks before it are over; nothing any more once this is closed. Never fails. */
  next(work: () => Promise<void>): Promise<void> {
    const before = this.#last
    const step = async (): Promise<void> => {
      await before
      if (!this.#closing.signal.aborted) await work().catch(this.#options.onError)
    }
    this.#last = step()
    return this.#last
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#quiet.abort()
    await this.#last
    await this.#watcher?.close()
  }

  #lookWhenQuiet(): void {
    this.#quiet.abort()
    this.#quiet = new AbortController()
    this.#options.clock.sleep(quietMs, this.#quiet.signal).then(
      () => this.next(this.#options.look),
      () => undefined,
    )
  }

  async #recheck(): Promise<void> {
    try {
      for (;;) {
        await this.#options.clock.sleep(recheckMs, this.#closing.signal)
        await this.next(this.#options.look)
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.onError(error)
    }
  }
}
