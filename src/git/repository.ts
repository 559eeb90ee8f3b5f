import type { Revision, Tree } from "../core/model.ts"
import type { Ref, Remote } from "../core/source.ts"
import { GitError, toError } from "../lib/errors.ts"
import type { GitHttp } from "./http.ts"
import { discover, fetchPack, lsRefs, type FetchRequest, type RefTip, type ServerKind } from "./protocol.ts"
import { pickRef, prefixesOf, type Resolution } from "./refs.ts"
import type { ObjectStore } from "./store.ts"

export type Blob =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "too-large"; readonly size: number }

const serverKindMs = 3_600_000
const treesMax = 4
const blobBytesKept = 64 * 1024 * 1024
const wantsPerRequest = 2_500

/** One remote repository: polled, fetched and read; one operation on its objects at a time. */
export class Repository {
  readonly #http: GitHttp
  readonly #store: ObjectStore
  readonly #now: () => number
  readonly #told: (operation: "ls-refs" | "fetch" | "blobs", result: "ok" | "error") => void
  #server: { readonly kind: ServerKind; readonly at: number } | null = null
  #busy: Promise<unknown> = Promise.resolve()
  readonly #trees = new Map<Revision, Tree>()
  readonly #blobs = new Map<string, Uint8Array>()
  #blobBytes = 0

  constructor(parts: {
    readonly http: GitHttp
    readonly store: ObjectStore
    readonly now: () => number
    readonly told: (operation: "ls-refs" | "fetch" | "blobs", result: "ok" | "error") => void
  }) {
    this.#http = parts.http
    this.#store = parts.store
    this.#now = parts.now
    this.#told = parts.told
  }

  /** One poll. @throws GitError `ref-not-found` only for a whole and well-formed list without it. */
  async resolve(remote: Remote, ref: Ref, signal: AbortSignal): Promise<Resolution> {
    if (ref.kind === "commit") return { revision: ref.id as Revision, refName: null, branch: null }
    const tips = await this.#tell("ls-refs", () => this.#tips(remote, ref, signal))
    return pickRef(remote, ref, tips)
  }

  async tree(remote: Remote, revision: Revision, signal: AbortSignal): Promise<Tree> {
    const known = this.#trees.get(revision)
    if (known) return known
    return this.#alone(async () => {
      const tree = await this.#healing(() => this.#readTree(remote, revision, signal))
      this.#trees.set(revision, tree)
      for (const old of [...this.#trees.keys()].slice(0, -treesMax)) this.#trees.delete(old)
      return tree
    })
  }

  /** Those not yet known come in one request. */
  async blobs(
    remote: Remote,
    oids: readonly string[],
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Blob>> {
    return this.#alone(async () => {
      const found = new Map<string, Blob>()
      const read = async (wanted: readonly string[]): Promise<readonly string[]> => {
        const cache = {}
        const missing: string[] = []
        for (const oid of wanted) {
          const bytes = this.#blobs.get(oid) ?? (await this.#store.blob(oid, cache))
          if (!bytes) missing.push(oid)
          else
            found.set(oid, bytes.length > maxBytes ? { kind: "too-large", size: bytes.length } : this.#keep(oid, bytes))
        }
        return missing
      }
      const missing = await this.#healing(() => read([...new Set(oids)]))
      for (let start = 0; start < missing.length; start += wantsPerRequest) {
        const wants = missing.slice(start, start + wantsPerRequest)
        const request = { wants, have: null, depthOne: false, withoutBlobs: false }
        await this.#tell("blobs", () => this.#fetch(remote, request, signal))
      }
      const lost = missing.length > 0 ? await this.#healing(() => read(missing)) : []
      if (lost.length === 0) return found
      throw new GitError(`the Git server left out ${lost.length} files that the commit names`, {
        kind: "transient",
        code: "git-bad-answer",
      })
    })
  }

  /** Trees first from what is here, then by an increment, then afresh. */
  async #readTree(remote: Remote, revision: Revision, signal: AbortSignal): Promise<Tree> {
    const here = await this.#store.tree(revision)
    if (here) return here
    if (await this.#store.crowded()) await this.#store.clear()
    const have = await this.#store.newest()
    for (const base of have === null ? [null] : [have, null]) {
      const request = { wants: [revision], have: base, depthOne: true, withoutBlobs: true }
      // An increment may fail for what the server has forgotten, or for a base that isn't here: then all of it anew.
      const fetched = await this.#tell("fetch", () => this.#fetch(remote, request, signal)).catch((error: unknown) => {
        signal.throwIfAborted()
        if (base === null) throw error
      })
      void fetched
      const tree = await this.#store.tree(revision)
      if (!tree) continue
      await this.#store.setNewest(revision)
      return tree
    }
    throw new GitError(`the Git server doesn't give all of commit ${revision.slice(0, 10)}`, {
      kind: "transient",
      code: "git-bad-answer",
    })
  }

  async #fetch(remote: Remote, request: FetchRequest, signal: AbortSignal): Promise<void> {
    const { pack } = await fetchPack(this.#http, remote, await this.#kind(remote, signal), request, signal)
    await this.#store.add(pack, request.have !== null)
  }

  async #tips(remote: Remote, ref: Ref, signal: AbortSignal): Promise<ReadonlyMap<string, RefTip>> {
    const kind = await this.#kind(remote, signal)
    if (kind.protocol === 2) return lsRefs(this.#http, remote, prefixesOf(ref), signal)
    // The old protocol's only list is its advertisement, so that is asked for at each poll.
    const { refs } = await discover(this.#http, remote, signal)
    return refs ?? new Map()
  }

  async #kind(remote: Remote, signal: AbortSignal): Promise<ServerKind> {
    const known = this.#server
    if (known && this.#now() - known.at < serverKindMs) return known.kind
    const kind = await discover(this.#http, remote, signal)
    this.#server = { kind, at: this.#now() }
    return kind
  }

  /** Anything wrong in the cache that isn't the server's doing: throw it away, once, and begin afresh. */
  async #healing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof GitError || toError(error).name === "AbortError") throw error
      await this.#store.clear()
      this.#trees.clear()
      return work()
    }
  }

  async #tell<T>(operation: "ls-refs" | "fetch" | "blobs", work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      this.#told(operation, "ok")
      return result
    } catch (error) {
      // The server may have become another: ask anew what it can do.
      this.#server = null
      this.#told(operation, "error")
      throw error
    }
  }

  #keep(oid: string, bytes: Uint8Array): Blob {
    if (!this.#blobs.has(oid)) this.#blobBytes += bytes.length
    this.#blobs.delete(oid)
    this.#blobs.set(oid, bytes)
    for (const [old, dropped] of this.#blobs) {
      if (this.#blobBytes <= blobBytesKept) break
      this.#blobs.delete(old)
      this.#blobBytes -= dropped.length
    }
    return { kind: "bytes", bytes }
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#busy.then(work, work)
    this.#busy = mine.catch(() => undefined)
    return mine
  }
}
