import type { Remote } from "../core/source.ts"
import { discover, type RefTip, type ServerKind } from "./discover.ts"
import { fetchPack, type FetchRequest } from "./fetch-pack.ts"
import type { GitHttp } from "./http.ts"
import { lsRefs } from "./ls-refs.ts"

export type Operation = "ls-refs" | "fetch" | "blobs"
export type OnRequest = (request: { readonly operation: Operation; readonly result: "ok" | "error" }) => void

/** What a server can do changes with its upgrades only. */
const kindMaxAgeMs = 3_600_000

/** A repository as its server shows it. What the server can do is asked once an hour, and again after each failure. */
export class Server {
  readonly #http: GitHttp
  readonly #remote: Remote
  readonly #now: () => number
  readonly #onRequest: OnRequest
  #known: { readonly kind: ServerKind; readonly at: number } | null = null

  constructor(parts: {
    readonly http: GitHttp
    readonly remote: Remote
    readonly now: () => number
    readonly onRequest: OnRequest
  }) {
    this.#http = parts.http
    this.#remote = parts.remote
    this.#now = parts.now
    this.#onRequest = parts.onRequest
  }

  /** Those of the named refs that exist; and maybe others. One request. */
  async tips(prefixes: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, RefTip>> {
    return this.#tell("ls-refs", async () => {
      const { kind, isFresh } = await this.#kind(prefixes, signal)
      if (kind.protocol === 2) return lsRefs(this.#http, this.#remote, { server: kind, prefixes }, signal)
      // The old protocol's only list is its advertisement, so that is asked for at each poll.
      const now = isFresh ? kind : await this.#discover(prefixes, signal)
      return now.refs ?? lsRefs(this.#http, this.#remote, { server: now, prefixes }, signal)
    })
  }

  /** A verified pack. Servers without filters send the blobs too, whether or not they were asked to leave them out. */
  async pack(operation: Operation, request: FetchRequest, signal: AbortSignal): Promise<Buffer> {
    return this.#tell(operation, async () => {
      const { kind: server } = await this.#kind([], signal)
      return fetchPack(this.#http, this.#remote, { ...request, server }, signal)
    })
  }

  async #kind(
    wanted: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly kind: ServerKind; readonly isFresh: boolean }> {
    const age = this.#known ? this.#now() - this.#known.at : -1
    if (this.#known && age >= 0 && age < kindMaxAgeMs) return { kind: this.#known.kind, isFresh: false }
    return { kind: await this.#discover(wanted, signal), isFresh: true }
  }

  async #discover(wanted: readonly string[], signal: AbortSignal): Promise<ServerKind> {
    const kind = await discover(this.#http, this.#remote, new Set(wanted), signal)
    // A list of refs is old at once, and may be long.
    this.#known = { kind: { ...kind, refs: null }, at: this.#now() }
    return kind
  }

  async #tell<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      this.#onRequest({ operation, result: "ok" })
      return result
    } catch (error) {
      this.#known = null
      this.#onRequest({ operation, result: "error" })
      throw error
    }
  }
}
