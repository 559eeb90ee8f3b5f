import { isDeepStrictEqual } from "node:util"
import type { AccessToken } from "../core/access.ts"
import type { Clock } from "../lib/clock.ts"
import { LockstepError } from "../lib/errors.ts"
import { addActionRoutes } from "./actions.ts"
import { buildFront, listen, standardLimits, type FrontOptions, type Limits } from "./front.ts"
import type { Daemon } from "./ports.ts"
import { addReadRoutes, type Context } from "./routes.ts"

/** What the config says about the server. */
interface Settings {
  readonly listen: { readonly host: string; readonly port: number }
  readonly tokens: readonly AccessToken[]
  readonly metricsAuth: boolean
}

export interface ServerOptions extends FrontOptions {
  readonly daemon: Daemon
  readonly clock: Clock
  readonly settings: Settings
  readonly limits?: Partial<Limits>
}

export interface Server extends AsyncDisposable {
  /** `http://127.0.0.1:8484` */
  readonly address: string
  /**
   * Takes other settings, from the next request on. @throws ConfigError when the address can't be listened on: then all of
   * them stay as they were, because an address is only as safe as the tokens that came with it.
   */
  use(settings: Settings): Promise<void>
}

const closeMs = 2000

/** Listens; the answer comes when connections are accepted. Disposing ends waits and lets running answers finish. */
export async function openServer(options: ServerOptions): Promise<Server> {
  let { settings } = options
  const open = (at: Settings["listen"]) => openFront(options, at, () => settings)
  let front = await open(settings.listen)
  const moveTo = async (at: Settings["listen"]): Promise<void> => {
    const old = front
    try {
      front = await open(at)
      return await old[Symbol.asyncDispose]()
    } catch (error) {
      if (
        !(error instanceof LockstepError) ||
        error.code !== "address-taken" ||
        String(at.port) !== new URL(old.address).port
      )
        throw error
    }
    // The two overlap, as `0.0.0.0` and `127.0.0.1` do: the new one can only come after the old one.
    await old[Symbol.asyncDispose]()
    try {
      front = await open(at)
    } catch (error) {
      front = await open(settings.listen)
      throw error
    }
  }
  return {
    get address() {
      return front.address
    },
    async use(next) {
      if (!isDeepStrictEqual(next.listen, settings.listen)) await moveTo(next.listen)
      settings = next
    },
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  }
}

interface Front extends AsyncDisposable {
  readonly address: string
}

async function openFront(options: ServerOptions, at: Settings["listen"], settings: () => Settings): Promise<Front> {
  const { daemon, secrets, clock } = options
  const closing = new AbortController()
  const { app, connections } = buildFront({ ...standardLimits, ...options.limits }, options)
  const context: Context = { daemon, secrets, clock, settings, connections, closing: closing.signal }
  addReadRoutes(app, context)
  addActionRoutes(app, context)
  const address = await listen(app, at)
  return {
    address,
    async [Symbol.asyncDispose]() {
      closing.abort()
      const closed = new AbortController()
      // A client that doesn't take its answer must not hold up the end.
      const cut = clock.sleep(closeMs, closed.signal).then(
        () => app.server.closeAllConnections(),
        () => undefined,
      )
      await app.close()
      closed.abort()
      await cut
    },
  }
}
