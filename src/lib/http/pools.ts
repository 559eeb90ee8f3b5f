import { readFile } from "node:fs/promises"
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls"
import { Agent, ProxyAgent, type Dispatcher } from "undici"
import { publicLookup } from "./addresses.ts"
import { HttpError } from "./failures.ts"

/** What a connection depends on beside its host: with other values it is another one. */
export interface Way {
  /** A PEM file with further certificate authorities. */
  readonly caFile: string | null
  readonly proxy: string | null
  /** `public`: only to addresses that everybody reaches. */
  readonly reach: "any" | "public"
}

export interface PoolLimits {
  /** Without a byte. */
  readonly idleMs: number
  readonly connectMs: number
  /** A connection that isn't used for so long is closed. */
  readonly keepAliveMs: number
  readonly connectionsPerHost: number
}

const headerBytesMax = 64 * 1024

/** Pools of kept connections, one for each way. */
export class Pools implements AsyncDisposable {
  readonly #limits: PoolLimits
  readonly #pools = new Map<string, { readonly caFile: string | null; readonly pool: Dispatcher }>()
  readonly #closing = new Set<Dispatcher>()

  constructor(limits: PoolLimits) {
    this.#limits = limits
  }

  async to(way: Way): Promise<Dispatcher> {
    const slot = JSON.stringify([way.caFile, way.proxy, way.reach])
    const tls = this.#pools.has(slot) ? {} : await authorities(way.caFile)
    const known = this.#pools.get(slot)
    if (known) return known.pool
    const pool = this.#open(way, tls)
    this.#pools.set(slot, { caFile: way.caFile, pool })
    return pool
  }

  /** Has a file of authorities read anew next time. Requests under way there end by themselves. */
  drop(caFile: string): void {
    for (const [slot, { caFile: used, pool }] of this.#pools) {
      if (used !== caFile) continue
      this.#pools.delete(slot)
      this.#closing.add(pool)
      const forget = (): boolean => this.#closing.delete(pool)
      void pool.close().then(forget, forget)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pools = [...[...this.#pools.values()].map(({ pool }) => pool), ...this.#closing]
    this.#pools.clear()
    for (const pool of pools) await pool.destroy()
  }

  #open({ proxy, reach }: Way, tls: { readonly secureContext?: SecureContext }): Dispatcher {
    const { idleMs, connectMs, keepAliveMs, connectionsPerHost } = this.#limits
    const settings = {
      connections: connectionsPerHost,
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: headerBytesMax,
    }
    if (proxy === null) {
      const lookup = reach === "public" ? { lookup: publicLookup } : {}
      return new Agent({ ...settings, connect: { timeout: connectMs, ...tls, ...lookup } })
    }
    try {
      // Both ends of the tunnel have settings of their own.
      return new ProxyAgent({ ...settings, uri: proxy, connectTimeout: connectMs, requestTls: tls, proxyTls: tls })
    } catch (cause) {
      throw new HttpError("can't be reached: the environment's proxy isn't an http:// or https:// URL", noProxy, cause)
    }
  }
}

const noProxy = { kind: "proxy", unsent: true } as const

/** In addition to those that Node trusts, NODE_EXTRA_CA_CERTS among them. */
async function authorities(caFile: string | null): Promise<{ readonly secureContext?: SecureContext }> {
  if (caFile === null) return {}
  try {
    const ca = [...getCACertificates("default"), await readFile(caFile, "utf8")]
    return { secureContext: createSecureContext({ ca }) }
  } catch (cause) {
    const why = `can't be asked: the certificate authorities in ${caFile} can't be read: check \`caFile\``
    throw new HttpError(why, { kind: "authorities", unsent: true }, cause)
  }
}
