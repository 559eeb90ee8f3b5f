import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import type { Option } from "commander"
import { Option as CommandOption, type Command } from "commander"
import { toError } from "../lib/errors.ts"
import { CommandError, exitCodes } from "./exit.ts"
import type { Terminal } from "./terminal.ts"

const answerBytesMax = 64 * 1024 * 1024
const requestMs = 90_000
const tokenBytesMax = 64 * 1024
const detailCharsMax = 2000
const defaultServer = "http://127.0.0.1:8484"

export interface ServerFlags {
  readonly server?: string
  readonly tokenFile?: string
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** `--server` and `--token-file`, for every command that talks to the daemon. */
export function addServerOptions(command: Command): Command {
  return command.addOption(serverOption()).addOption(tokenOption())
}

function serverOption(): Option {
  return new CommandOption("--server <url>", `address of the daemon (default: $LOCKSTEP_SERVER or ${defaultServer})`)
}

function tokenOption(): Option {
  return new CommandOption(
    "--token-file <file>",
    "file with the daemon's token (default: the token in $LOCKSTEP_TOKEN)",
  )
}

/** Talks to the daemon's API. Every failure is a CommandError that tells what to do. */
export class Client {
  readonly #server: URL
  readonly #token: string | null
  readonly #signal: AbortSignal

  constructor(server: URL, token: string | null, signal: AbortSignal) {
    this.#server = server
    this.#token = token
    this.#signal = signal
  }

  async get(path: string): Promise<Answer> {
    return accepted(await this.#ask("GET", path, undefined, requestMs))
  }

  /** Null when there is no such thing. */
  async find(path: string): Promise<Answer | null> {
    const answer = await this.#ask("GET", path, undefined, requestMs)
    return answer.status === 404 ? null : accepted(answer)
  }

  /** `extraMs`: how long the daemon may take on top of an ordinary answer. */
  async post(path: string, body: unknown, extraMs = 0): Promise<Answer> {
    return accepted(await this.#ask("POST", path, body, requestMs + extraMs))
  }

  async #ask(method: string, path: string, body: unknown, timeoutMs: number): Promise<Answer> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(timeoutMs)])
    const headers = new Headers({ accept: "application/json" })
    if (this.#token !== null) headers.set("authorization", `Bearer ${this.#token}`)
    if (body !== undefined) headers.set("content-type", "application/json")
    const url = new URL(path, this.#server)
    const response = await fetch(url, {
      method,
      headers,
      signal,
      // A token must not follow to wherever an answer points.
      redirect: "error",
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch((error: unknown): never => {
      this.#signal.throwIfAborted()
      throw new CommandError(unreachable(this.#server, error), exitCodes.unavailable, error)
    })
    const text = await readBody(response).catch((error: unknown): never => {
      this.#signal.throwIfAborted()
      throw new CommandError(
        `the answer of ${this.#server.origin} broke off: ${causeOf(error)}`,
        exitCodes.unavailable,
        error,
      )
    })
    return { status: response.status, body: parse(text, response, this.#server) }
  }
}

/** @throws CommandError when the address or the token can't be used. */
export async function openClient(flags: ServerFlags, terminal: Terminal, signal: AbortSignal): Promise<Client> {
  const { environment } = terminal
  const address = flags.server ?? nonEmpty(environment["LOCKSTEP_SERVER"]) ?? defaultServer
  const server = URL.parse(address)
  if (!server || !/^https?:$/.test(server.protocol)) {
    throw new CommandError(`"${address}" is no address of a daemon: give one such as ${defaultServer}`, exitCodes.usage)
  }
  if (server.username !== "" || server.password !== "") {
    throw new CommandError("the daemon wants a token, not a password in the address: --token-file", exitCodes.usage)
  }
  return new Client(server, await readToken(flags, terminal), signal)
}

async function readToken({ tokenFile }: ServerFlags, { environment, folder }: Terminal): Promise<string | null> {
  if (tokenFile === undefined) return nonEmpty(environment["LOCKSTEP_TOKEN"])
  const text = await readFile(resolve(folder, tokenFile), "utf8").catch((error: unknown): never => {
    throw new CommandError(`the token file can't be read: ${toError(error).message}`, exitCodes.usage, error)
  })
  const token = text.trim()
  if (token !== "" && token.length <= tokenBytesMax && /^[\x21-\x7e]+$/.test(token)) return token
  throw new CommandError(`the token file ${tokenFile} holds no token: one line of visible characters`, exitCodes.usage)
}

async function readBody({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > answerBytesMax) throw new Error(`it is longer than ${answerBytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

/** A refusal may come from a proxy in between, with a page instead of JSON. */
function parse(text: string, { ok }: Response, server: URL): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!ok) return null
    throw new CommandError(`${server.origin} answers, but not as a Lockstep daemon does`, exitCodes.error, error)
  }
}

/** The server's own words (RFC 9457) with what a person can do about it. */
function accepted(answer: Answer): Answer {
  const { status, body } = answer
  if (status >= 200 && status < 300) return answer
  const problem = body as { readonly detail?: unknown; readonly title?: unknown } | null
  const detail = problem?.detail ?? problem?.title
  const said = typeof detail === "string" ? detail.slice(0, detailCharsMax) : `the daemon answers ${status}`
  const hint = status === 401 ? " (give the daemon's token: --token-file FILE or $LOCKSTEP_TOKEN)" : ""
  throw new CommandError(said + hint)
}

function unreachable(server: URL, error: unknown): string {
  return `no daemon answers at ${server.origin}: ${causeOf(error)} (is it running? another address: --server URL)`
}

/** What undici says itself ("fetch failed") helps nobody; its cause does. */
function causeOf(error: unknown): string {
  const { cause, message } = toError(error)
  if (!(cause instanceof Error)) return message
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message
}

function nonEmpty(text: string | undefined): string | null {
  return text === undefined || text === "" ? null : text
}
