import { request as httpRequest } from "node:http"
import { connect } from "node:net"
import type { Test } from "tap"
import type { AccessToken } from "../../src/core/access.ts"
import type { Act } from "../../src/core/act.ts"
import type { Push } from "../../src/core/awaited.ts"
import type { SourceName } from "../../src/core/model.ts"
import type { Trigger } from "../../src/core/outcome.ts"
import { Secret, type SecretReader, type SecretRef } from "../../src/core/secret.ts"
import type { Receiver } from "../../src/core/source.ts"
import { StatusBoard } from "../../src/observe/board.ts"
import { History } from "../../src/observe/history.ts"
import { Metrics } from "../../src/observe/metrics.ts"
import type { Daemon, Operated } from "../../src/server/ports.ts"
import type { Limits } from "../../src/server/front.ts"
import { openServer, type Server } from "../../src/server/server.ts"
import { etl, workspace } from "../observe/samples.ts"
import { openWaits } from "../support/waits.ts"

/** A server with a real board behind it and a daemon that does nothing by itself. */
export interface Served {
  readonly address: string
  readonly port: number
  readonly board: StatusBoard
  readonly history: History
  readonly triggered: { readonly sources: readonly SourceName[]; readonly trigger: Trigger }[]
  readonly pushed: { readonly sources: readonly SourceName[]; readonly pushes: readonly Push[] }[]
  readonly operated: unknown[][]
  readonly errors: unknown[]
  /** Milliseconds of each wait that ran to its end. */
  readonly waitedOut: readonly number[]
  /** What tests change. */
  readonly acts: Act[]
  readonly server: Server
  readonly state: {
    turn: number
    alive: boolean
    stopping: boolean
    token: string | null
    receiver: Receiver | null
    operate: () => Operated | Promise<Operated>
  }
  readonly close: () => Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly json: unknown
}

export const token = "t0ken-for-tests"
export const mainToken: AccessToken = { name: "token", role: "operate", token: { kind: "env", name: "TOKEN" } }
/** A token whose value is `value-NAME`. */
export const named = (name: string, role: AccessToken["role"]): AccessToken => ({
  name,
  role,
  token: { kind: "env", name: `value-${name}` },
})

export async function serve(
  t: Test,
  options: {
    readonly withToken?: boolean
    readonly tokens?: readonly AccessToken[]
    readonly metricsAuth?: boolean
    readonly limits?: Partial<Limits>
  } = {},
): Promise<Served> {
  const { withToken = true, tokens = [], metricsAuth = false, limits = {} } = options
  const board = new StatusBoard()
  const waits = openWaits()
  const metrics = new Metrics({ version: "0", nodeVersion: "0" })
  board.take({ kind: "source-added", source: etl, workspace })
  const history = new History()
  const [triggered, operated, errors]: [Served["triggered"], unknown[][], unknown[]] = [[], [], []]
  const acts: Act[] = []
  const pushed: Served["pushed"] = []
  const state: Served["state"] = {
    turn: 0,
    alive: true,
    stopping: false,
    token,
    receiver: null,
    operate: () => ({ kind: "refused", code: "none", message: "not prepared" }),
  }
  const operate =
    (name: string) =>
    async (...args: unknown[]): Promise<Operated> => {
      operated.push([name, ...args.filter((arg) => !(arg instanceof AbortSignal))])
      return state.operate()
    }
  const daemon: Daemon = {
    board,
    operations: {
      suspend: operate("suspend"),
      resume: operate("resume"),
      pin: operate("pin"),
      unpin: operate("unpin"),
      confirm: operate("confirm"),
      release: async (source, by) => {
        operated.push(["release", source, by])
        return { kind: "done", workspaces: [], unread: [] }
      },
    },
    history: (source) => history.of(source),
    acted: (act) => acts.push(act),
    trigger: (sources, trigger) => {
      triggered.push({ sources, trigger })
      return state.turn
    },
    receiver: (name) => (name === etl ? state.receiver : null),
    hooked: (name) => [name as SourceName],
    pushed: (sources, pushes) => void pushed.push({ sources, pushes }),
    alive: () => state.alive,
    stopping: () => state.stopping,
    metrics: (openMetrics) => metrics.text(openMetrics),
  }
  const server = await openServer({
    daemon,
    secrets: secretsOf(state),
    clock: waits.clock,
    settings: {
      listen: { host: "127.0.0.1", port: 0 },
      tokens: [...(withToken ? [mainToken] : []), ...tokens],
      metricsAuth,
    },
    onError: (error) => errors.push(error),
    limits,
  })
  let closed: Promise<void> | null = null
  const close = () => (closed ??= Promise.resolve(server[Symbol.asyncDispose]()))
  t.teardown(close)
  const port = Number(new URL(server.address).port)
  return {
    address: server.address,
    port,
    board,
    triggered,
    pushed,
    operated,
    acts,
    history,
    server,
    errors,
    waitedOut: waits.over,
    state,
    close,
  }
}

function secretsOf(state: Served["state"]): SecretReader {
  return {
    read: async (ref: SecretRef) => {
      if (ref.kind === "env" && ref.name === "HOOK") return new Secret("hook-secret")
      if (ref.kind === "env" && ref.name.startsWith("value-")) return new Secret(ref.name)
      if (state.token === null) throw new Error("no such secret: TOKEN")
      return new Secret(state.token)
    },
    mask: (text) => text.replaceAll("hunter2", "[secret]"),
  }
}

interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly token?: string | null
}

/** One request on a connection of its own, with the right token unless told otherwise. */
export function ask(served: Served, path: string, options: Ask = {}): Promise<Answer> {
  const given = options.token === undefined ? token : options.token
  const headers = { ...(given !== null && { authorization: `Bearer ${given}` }), ...options.headers }
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: "127.0.0.1", port: served.port, path, method: options.method ?? "GET", headers, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("error", reject)
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = response.headers["content-type"]?.includes("json") ?? false
          const json: unknown = isJson ? JSON.parse(text) : null
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
        })
      },
    )
    request.on("error", reject)
    request.end(options.body)
  })
}

export const post = (served: Served, path: string, options: Ask = {}): Promise<Answer> =>
  ask(served, path, { method: "POST", ...options })

/** Writes the parts to a bare connection, and gives all that comes back until the server closes it. */
export function raw(served: Served, ...parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(served.port, "127.0.0.1")
    let text = ""
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()))
    socket.on("error", reject)
    socket.on("close", () => resolve(text))
    for (const part of parts) socket.write(part)
  })
}
