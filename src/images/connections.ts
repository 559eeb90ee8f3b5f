import { readFile } from "node:fs/promises"
import { rootCertificates } from "node:tls"
import { EnvHttpProxyAgent, type Dispatcher } from "undici"

/** For one request in all; a registry that takes longer is asked again later. */
export const requestMs = 10_000
const connectMs = 5_000
const connectionsPerHostMax = 4
const headerBytesMax = 64 * 1024

/** Pools of kept connections, one for each file of certificate authorities; proxies as the environment says. */
export class Connections implements AsyncDisposable {
  readonly #pools = new Map<string | null, Dispatcher>()

  async to(caFile: string | null): Promise<Dispatcher> {
    const tls = this.#pools.has(caFile) ? {} : await readAuthorities(caFile)
    const known = this.#pools.get(caFile)
    if (known) return known
    const pool = new EnvHttpProxyAgent({
      connections: connectionsPerHostMax,
      headersTimeout: requestMs,
      bodyTimeout: requestMs,
      maxHeaderSize: headerBytesMax,
      connect: { timeout: connectMs, ...tls },
      connectTimeout: connectMs,
      ...("ca" in tls && { requestTls: tls, proxyTls: tls }),
    })
    this.#pools.set(caFile, pool)
    return pool
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    for (const pool of pools) await pool.destroy()
  }
}

async function readAuthorities(caFile: string | null): Promise<{ ca?: string[] }> {
  return caFile === null ? {} : { ca: [...rootCertificates, await readFile(caFile, "utf8")] }
}
