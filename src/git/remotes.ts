import { createHash } from "node:crypto"
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import type { Revision, Tree } from "../core/model.ts"
import type { SecretReader } from "../core/secret.ts"
import type { Ref, Remote } from "../core/source.ts"
import type { Clock } from "../lib/clock.ts"
import { GitError } from "../lib/errors.ts"
import { Blobs, type Blob } from "./blobs.ts"
import { GitHttp, usualTimeouts, type Timeouts } from "./http.ts"
import { Lru } from "../lib/lru.ts"
import { unlessAborted } from "../lib/mutex.ts"
import { Polls } from "./polls.ts"
import type { Resolution } from "./refs.ts"
import { Repository, type ReadTree } from "./repository.ts"
import { Server, type OnRequest } from "./server.ts"
import { ObjectStore } from "./store.ts"

export interface GitOptions {
  /** For what may be lost at any time: the objects that were fetched. */
  readonly stateDir: string
  readonly secrets: SecretReader
  readonly clock: Clock
  readonly timeouts?: Timeouts
  readonly onRequest?: OnRequest
}

type BlobsAsked = readonly [
  remote: Remote,
  revision: Revision,
  oids: readonly string[],
  maxBytes: number,
  signal: AbortSignal,
]

interface Open {
  readonly repository: Repository
  readonly blobs: Blobs
}

/** In all trees that are kept; some 150 bytes each. */
const treeEntriesMax = 1_500_000
/** Characters of an error's message, most of which may be a server's. */
const messageMax = 500
const blobBytesMax = 128 * 1024 * 1024

/** All remote repositories of a daemon: one for each URL with its credentials, one poll for each of its refs. */
export class GitRemotes implements AsyncDisposable {
  readonly #options: GitOptions
  readonly #http: GitHttp
  readonly #open = new Map<string, Open>()
  readonly #polls: Polls<Resolution>
  readonly #trees = new Lru<ReadTree>(treeEntriesMax)
  readonly #blobs = new Lru<Blob>(blobBytesMax)
  /** Polls are shared, so no single caller's signal may end one. */
  readonly #lifetime = new AbortController()

  constructor(options: GitOptions) {
    this.#options = options
    const { secrets, clock, timeouts = usualTimeouts } = options
    this.#http = new GitHttp({ secrets, clock, timeouts })
    this.#polls = new Polls(() => clock.elapsed())
  }

  /** The commit at a ref, from a poll that was started at most `maxAgeMs` ago. A commit id is its own answer. */
  async resolve(remote: Remote, ref: Ref, maxAgeMs: number, signal: AbortSignal): Promise<Resolution> {
    if (ref.kind === "commit") return { revision: ref.id as Revision, refName: null, branch: null }
    const { repository } = this.#at(remote)
    const poll = (): Promise<Resolution> => repository.resolve(ref, this.#lifetime.signal)
    const slot = JSON.stringify([idOf(remote), ref])
    return this.#masked(() => unlessAborted(this.#polls.ask(slot, maxAgeMs, poll), signal))
  }

  /** Every path of a commit. @throws GitError, `revision-not-found` when the server doesn't give that commit. */
  async tree(remote: Remote, revision: Revision, signal: AbortSignal): Promise<Tree> {
    return this.#reading(remote, revision, ({ repository }) => repository.tree(revision, signal))
  }

  /** Files by id, all of them or an error; those not in memory come in one request. */
  async blobs(...asked: BlobsAsked): Promise<ReadonlyMap<string, Blob>> {
    const [remote, revision, oids, maxBytes, signal] = asked
    return this.#reading(remote, revision, ({ blobs }) => blobs.read({ revision, oids, maxBytes }, signal))
  }

  /** Forgets the repositories that aren't among these, on disk too, also those of an earlier process. */
  async retain(remotes: readonly Remote[], signal: AbortSignal): Promise<void> {
    const wanted = new Set(remotes.map((remote) => idOf(remote)))
    for (const [id, { repository }] of this.#open) {
      if (wanted.has(id)) continue
      this.#open.delete(id)
      await repository.clear(signal)
    }
    const folder = join(this.#options.stateDir, "git")
    const names = await readdir(folder).catch(() => [])
    for (const name of names) {
      if (/^[0-9a-f]{32}$/.test(name) && !wanted.has(name))
        await rm(join(folder, name), { recursive: true, force: true })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort()
    await this.#http[Symbol.asyncDispose]()
  }

  async #reading<T>(remote: Remote, revision: Revision, read: (open: Open) => Promise<T>): Promise<T> {
    const open = this.#at(remote)
    return this.#masked(() =>
      read(open).catch((error: unknown) => {
        throw open.repository.notYet(error, revision)
      }),
    )
  }

  #at(remote: Remote): Open {
    const id = idOf(remote)
    const known = this.#open.get(id)
    if (known) return known
    const { stateDir, clock, onRequest = () => undefined } = this.#options
    const server = new Server({ http: this.#http, remote, now: () => clock.elapsed(), onRequest })
    const store = new ObjectStore(join(stateDir, "git", id))
    const opened = {
      repository: new Repository({ id, remote, server, store, trees: this.#trees }),
      blobs: new Blobs({ id, server, kept: this.#blobs }),
    }
    this.#open.set(id, opened)
    return opened
  }

  /** Errors quote servers, and a server may quote what it was sent. Masked before it is cut: half a secret is one too. */
  async #masked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof GitError)) throw error
      const masked = this.#options.secrets.mask(error.message)
      const message = masked.length > messageMax ? `${masked.slice(0, messageMax)}…` : masked
      if (message === error.message) throw error
      const { kind, code, retryAfterMs } = error
      // Without the cause: it may have the same words.
      throw new GitError(message, { kind, code, retryAfterMs })
    }
  }
}

/** What one source may read another may not: other credentials are another repository, with objects of its own. */
function idOf({ url, credentials, caFile, headers }: Remote): string {
  return createHash("sha256")
    .update(JSON.stringify([url, credentials, caFile, ...(headers ? [headers] : [])]))
    .digest("hex")
    .slice(0, 32)
}
