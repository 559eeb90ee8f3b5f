import type { Json } from "../core/json.ts"
import type { WorkPool } from "../core/model.ts"
import { PrefectError } from "../lib/errors.ts"
import type { Transport } from "./transport.ts"
import { read, wire } from "./wire.ts"

const rowsPerPage = 200
const pagesMax = 500

/** Two requests, unless there are hundreds: the pools, and all queues with the pools that they belong to. */
export async function listPools(transport: Transport, signal: AbortSignal): Promise<ReadonlyMap<string, WorkPool>> {
  const pools = await listAll({ transport, path: "/work_pools/filter", parse: parsePools }, signal)
  const queues = await listAll({ transport, path: "/work_queues/filter", parse: parseQueues }, signal)
  return new Map(
    pools.map((pool) => {
      const own = queues.filter((queue) => queue.work_pool_name === pool.name)
      const defaultQueue = own.find(({ id }) => id === pool.default_queue_id)?.name ?? null
      return [pool.name, { name: pool.name, defaultQueue, queues: new Set(own.map(({ name }) => name)) }]
    }),
  )
}

const parsePools = (body: Json, path: string) => read(wire.workPools, body, path)
const parseQueues = (body: Json, path: string) => read(wire.workQueues, body, path)

interface Listing<T> {
  readonly transport: Transport
  readonly path: string
  readonly parse: (body: Json, path: string) => readonly T[]
}

async function listAll<T>({ transport, path, parse }: Listing<T>, signal: AbortSignal): Promise<readonly T[]> {
  const found: T[] = []
  for (let page = 0; page < pagesMax; page++) {
    const body = { limit: rowsPerPage, offset: page * rowsPerPage }
    const answer = await transport.call({ method: "POST", path, intent: "read", body }, signal)
    const rows = parse(answer.body, path)
    found.push(...rows)
    if (rows.length < rowsPerPage) return found
  }
  throw new PrefectError(`the workspace has more than ${pagesMax * rowsPerPage} work pools or queues`, {
    kind: "stalled",
    code: "listing-too-large",
    status: null,
  })
}
