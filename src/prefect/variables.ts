import type { Json, JsonObject } from "../core/json.ts"
import { notFound } from "./answer.ts"
import type { Transport } from "./transport.ts"
import { read, wire } from "./wire.ts"

const namesPerQuery = 100
const route = "/variables/name/{name}"

/** Prefect variables: those that entries refer to, and the records of sources. */
export class VariableClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async one(name: string, signal: AbortSignal): Promise<{ readonly value: Json } | null> {
    const call = { method: "GET", path: pathOf(name), route, intent: "read", expect: [404] } as const
    const answer = await this.#transport.call(call, signal)
    if (answer.status === 404) return notFound(answer, route)
    const { value } = read(wire.variable, answer.body, route)
    return { value }
  }

  async listed(names: ReadonlySet<string>, signal: AbortSignal): Promise<ReadonlyMap<string, Json>> {
    const found = new Map<string, Json>()
    const all = [...names].toSorted()
    for (let start = 0; start < all.length; start += namesPerQuery) {
      const body = { variables: { name: { any_: all.slice(start, start + namesPerQuery) } }, limit: namesPerQuery }
      const call = { method: "POST", path: "/variables/filter", intent: "read", body } as const
      const answer = await this.#transport.call(call, signal)
      for (const { name, value } of read(wire.variables, answer.body, call.path)) found.set(name, value)
    }
    return found
  }

  async write(name: string, value: JsonObject, tags: readonly string[], signal: AbortSignal): Promise<void> {
    const call = { method: "PATCH", path: pathOf(name), route, intent: "write", expect: [404] } as const
    const { status } = await this.#transport.call({ ...call, body: { value, tags } }, signal)
    if (status !== 404) return
    const made = { method: "POST", path: "/variables/", intent: "write", body: { name, value, tags } } as const
    await this.#transport.call(made, signal)
  }
}

function pathOf(name: string): string {
  return `/variables/name/${encodeURIComponent(name)}`
}
