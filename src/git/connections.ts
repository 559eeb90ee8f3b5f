import { readFile } from "node:fs/promises"
import { rootCertificates } from "node:tls"
import { EnvHttpProxyAgent, type Dispatcher } from "undici"
import { GitError } from "../lib/errors.ts"

export interface Timeouts {
  /** Without a byte. */
  readonly idleMs: number
  /** For one request in all. */
  readonly requestMs: number
}

export const usualTimeouts: Timeouts = { idleMs: 30_000, requestMs: 300_000 }

const connectMs = 15_000
const connectionsPerHostMax = 8
/** Longer than the usual interval of polls: a new TLS connection costs more than the poll. */
const keepAliveMs = 75_000
const headerBytesMax = 64 * 1024

/** Pools of kept connections, one for each file of certificate authorities; proxies as the environment says. */
export class Connections implements AsyncDisposable {
  readonly #timeouts: Timeouts
  readonly #pools = new Map<string | null, Dispatcher>()
  readonly #closing = new Set<Dispatcher>()

  constructor(timeouts: Timeouts) {
    this.#timeouts = timeouts
  }

  async to(caFile: string | null): Promise<Dispatcher> {
    const tls = this.#pools.has(caFile) ? {} : await readAuthorities(caFile)
    const known = this.#pools.get(caFile)
    if (known) return known
    const pool = new EnvHttpProxyAgent({
      connections: connectionsPerHostMax,
      headersTimeout: this.#timeouts.idleMs,
      bodyTimeout: this.#timeouts.idleMs,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: headerBytesMax,
      connect: { timeout: connectMs, ...tls },
      // The same for connections through a proxy, which has its own settings for both ends of the tunnel.
      connectTimeout: connectMs,
      ...("ca" in tls && { requestTls: tls, proxyTls: tls }),
    })
    this.#pools.set(caFile, pool)
    return pool
  }

  /** Has a file of authorities read anew next time. Requests under way there end by themselves. */
  drop(caFile: string): void {
    const pool = this.#pools.get(caFile)
    if (!pool) return
    this.#pools.delete(caFile)
    this.#closing.add(pool)
    const forget = (): boolean => this.#closing.delete(pool)
    void pool.close().then(forget, forget)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pools = [...this.#pools.values(), ...this.#closing]
    this.#pools.clear()
    for (const pool of pools) await pool.destroy()
  }
}

/** In addition to those that Node trusts. */
async function readAuthorities(caFile: string | null): Promise<{ ca?: string[] }> {
  if (caFile === null) return {}
  try {
    return { ca: [...rootCertificates, await readFile(caFile, "utf8")] }
  } catch (cause) {
    const message = `the certificate authorities in ${caFile} can't be read: check \`caFile\``
    throw new GitError(message, { kind: "stalled", code: "git-ca-file", cause })
  }
}
