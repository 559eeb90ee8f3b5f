import { createHash } from "node:crypto"
import { open } from "node:fs/promises"
import { basename, dirname, resolve } from "node:path"
import type { Clock } from "../lib/clock.ts"
import { FolderWatch } from "./folder-watch.ts"

export interface SecretsWatchOptions {
  readonly clock: Clock
  /** These files say something else now, or are there again. */
  readonly onChange: (paths: readonly string[]) => void
  readonly onError: (error: unknown) => void
}

const filesMax = 1_000
const bytesMax = 64 * 1024

/** Tells when a file with a secret changes. */
export class SecretsWatch implements AsyncDisposable {
  readonly #options: SecretsWatchOptions
  readonly #watch: FolderWatch
  #folders: readonly string[] = []
  /** Files with a digest of what they said when they were last looked at; null = nothing that could be read. */
  #seen = new Map<string, string | null>()

  constructor(options: SecretsWatchOptions) {
    this.#options = options
    const { clock, onError } = options
    const concerns = (name: string): boolean => [...this.#seen.keys()].some((path) => basename(path) === name)
    this.#watch = new FolderWatch({ clock, onError, concerns, look: () => this.#look() })
  }

  /** Watches these files and no others from now on; beyond a thousand the sources' own retries have to do. */
  use(paths: readonly string[]): Promise<void> {
    return this.#watch.next(async () => {
      const files = [...new Set(paths)].slice(0, filesMax)
      const folders = [...new Set(files.map((path) => dirname(resolve(path))))].toSorted()
      if (folders.join("\n") !== this.#folders.join("\n")) await this.#watch.watch(folders)
      this.#folders = folders
      const known = this.#seen
      const seen = files.map(async (path) => {
        const before = known.get(path)
        return [path, before === undefined ? await digestOf(path) : before] as const
      })
      this.#seen = new Map(await Promise.all(seen))
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#watch[Symbol.asyncDispose]()
  }

  async #look(): Promise<void> {
    const changed: string[] = []
    for (const [path, before] of this.#seen) {
      const now = await digestOf(path)
      if (now !== before) this.#seen.set(path, now)
      if (now !== before && now !== null) changed.push(path)
    }
    if (changed.length > 0) this.#options.onChange(changed)
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
