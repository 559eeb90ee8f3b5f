import { notFound } from "./answer.ts"
import type { Transport } from "./transport.ts"
import { read, wire } from "./wire.ts"

const idsPerQuery = 200
const keptMax = 100_000

/** Flows by id and name: a flow's name never changes, so it is asked for once. */
export class Flows {
  readonly #transport: Transport
  readonly #names = new Map<string, string>()
  readonly #ids = new Map<string, string>()

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Names of these; one that isn't in the answer is gone. */
  async namesOf(ids: Iterable<string>, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const wanted = new Set(ids)
    const found = new Map([...this.#names].filter(([id]) => wanted.has(id)))
    const unknown = [...wanted].filter((id) => !found.has(id))
    for (let start = 0; start < unknown.length; start += idsPerQuery) {
      for (const [id, name] of await this.#ask(unknown.slice(start, start + idsPerQuery), signal)) found.set(id, name)
    }
    return found
  }

  /** As last seen. */
  idOf(name: string): string | undefined {
    return this.#ids.get(name)
  }

  forget(name: string): void {
    this.#ids.delete(name)
  }

  /** Gives the flow of that name, new or not. */
  async make(name: string, signal: AbortSignal): Promise<string> {
    const call = { method: "POST", path: "/flows/", intent: "write", body: { name } } as const
    const { id } = read(wire.flow, (await this.#transport.call(call, signal)).body, call.path)
    this.#remember(id, name)
    return id
  }

  async #ask(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const body = { flows: { id: { any_: ids } }, limit: idsPerQuery }
    const call = { method: "POST", path: "/flows/filter", intent: "read", body } as const
    const rows = read(wire.flows, (await this.#transport.call(call, signal)).body, call.path)
    const found = new Map(rows.map(({ id, name }) => [id, name]))
    // That one isn't in a list may be the list's fault, and its deployments would vanish with it.
    for (const id of ids) if (!found.has(id)) await this.#askFor(id, found, signal)
    for (const [id, name] of found) this.#remember(id, name)
    return found
  }

  async #askFor(id: string, found: Map<string, string>, signal: AbortSignal): Promise<void> {
    const call = { method: "GET", path: `/flows/${id}`, route: "/flows/{id}", intent: "read", expect: [404] } as const
    const answer = await this.#transport.call(call, signal)
    if (answer.status === 404) notFound(answer, call.route)
    else found.set(id, read(wire.flow, answer.body, call.route).name)
  }

  #remember(id: string, name: string): void {
    if (this.#names.size >= keptMax) {
      this.#names.clear()
      this.#ids.clear()
    }
    this.#names.set(id, name)
    this.#ids.set(name, id)
  }
}
