import { createHash } from "node:crypto"
import { join } from "node:path"
import type { Revision, Tree } from "../core/model.ts"
import type { SecretReader } from "../core/secret.ts"
import type { Ref, Remote } from "../core/source.ts"
import type { Clock } from "../lib/clock.ts"
import { GitHttp } from "./http.ts"
import type { Resolution } from "./refs.ts"
import { Repository, type Blob } from "./repository.ts"
import { ObjectStore } from "./store.ts"

export interface GitOptions {
  readonly stateDir: string
  readonly secrets: SecretReader
  readonly clock: Clock
  readonly timeouts?: { readonly idleMs: number; readonly requestMs: number }
  readonly onRequest?: (request: { readonly operation: string; readonly result: "ok" | "error" }) => void
}

interface Poll {
  readonly startedAt: number
  readonly resolution: Promise<Resolution>
}

const pollsKeptMax = 10_000

/** All remote repositories of a daemon: one Repository for a URL and its credentials, one poll for each of its refs. */
export class GitRemotes implements AsyncDisposable {
  readonly #options: GitOptions
  readonly #http: GitHttp
  readonly #repositories = new Map<string, Repository>()
  readonly #polls = new Map<string, Poll>()

  constructor(options: GitOptions) {
    this.#options = options
    this.#http = new GitHttp(options.secrets, options.timeouts)
  }

  /** Callers share a poll that is under way or was started within `maxAgeMs`, unless it failed. */
  async resolve(remote: Remote, ref: Ref, maxAgeMs: number, signal: AbortSignal): Promise<Resolution> {
    const slot = JSON.stringify([identity(remote), ref])
    const now = this.#options.clock.now()
    const known = this.#polls.get(slot)
    if (known && now - known.startedAt <= maxAgeMs) return known.resolution
    const resolution = this.#repository(remote).resolve(remote, ref, signal)
    if (this.#polls.size >= pollsKeptMax) this.#polls.clear()
    const poll = { startedAt: now, resolution }
    this.#polls.set(slot, poll)
    resolution.catch(() => {
      // A failure is nobody's knowledge: the next caller asks for itself.
      if (this.#polls.get(slot) === poll) this.#polls.delete(slot)
    })
    return resolution
  }

  tree(remote: Remote, revision: Revision, signal: AbortSignal): Promise<Tree> {
    return this.#repository(remote).tree(remote, revision, signal)
  }

  blobs(
    remote: Remote,
    _revision: Revision,
    oids: readonly string[],
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Blob>> {
    return this.#repository(remote).blobs(remote, oids, maxBytes, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]()
  }

  #repository(remote: Remote): Repository {
    const id = identity(remote)
    const known = this.#repositories.get(id)
    if (known) return known
    const name = createHash("sha256").update(id).digest("hex").slice(0, 32)
    const repository = new Repository({
      http: this.#http,
      store: new ObjectStore(join(this.#options.stateDir, "git", name)),
      now: () => this.#options.clock.now(),
      told: (operation, result) => this.#options.onRequest?.({ operation, result }),
    })
    this.#repositories.set(id, repository)
    return repository
  }
}

/** What one source may read another may not: other credentials are another repository, objects included. */
function identity({ url, credentials, caFile }: Remote): string {
  return JSON.stringify([url, credentials, caFile])
}
